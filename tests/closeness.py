"""Comparison of quantities in SI, which are often far below pytest.approx's absolute tolerance of 1e-12."""

import pytest


def close(value, rel=1e-6):
    """Return what equals numbers within a relative tolerance only."""
    return pytest.approx(value, rel=rel, abs=0)
