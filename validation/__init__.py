"""fdmag held against published and exact answers; run from a source checkout with ``python -m validation``."""
