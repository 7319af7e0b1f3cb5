"""The interactions: one file each, found by themselves.

A term is a dataclass with declared parameters and a NumPy reference of its effective field. See
`fdmag.terms.term.Term` for the protocol and `fdmag.terms.registry` for the terms that ship.
"""

import importlib
import pkgutil
from functools import cache
from typing import Any

from fdmag.terms.term import Context, Material, Term

__all__ = ["Context", "Material", "Term", "registry"]


@cache
def registry() -> dict[str, type[Term]]:
    """Return the shipped terms by name, in alphabetical order.

    >>> registry()["exchange"].__name__
    'Exchange'
    """
    found: dict[str, type[Term]] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            is_term = isinstance(value, type) and issubclass(value, Term) and "name" in vars(value)
            if is_term and value.__module__ == module.__name__:
                found[value.name] = value
    return dict(sorted(found.items()))


def __getattr__(attribute: str) -> Any:
    """Give a term class by its class name: ``fdmag.terms.Exchange``."""
    if not attribute.startswith("_"):
        for term in registry().values():
            if term.__name__ == attribute:
                return term
    raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}")
