"""Random values of parameters, made such that the terms accept them."""

from collections.abc import Mapping

import numpy as np

from fdmag.parameter import Driven, PerReplica

SCALE = {"J/m": 1e-11, "J/m^3": 1e5, "J/m^2": 1e-3, "T": 0.1, "A/m": 1e6, "A/m^2": 1e11, "m": 1e-9}
SCALE |= {"V": 0.5, "J/(V m)": 1e-13, "A": 1e-2, "ohm m^2": 5e-12, "T/V^2": 0.05, "K": 300.0, "1": 1.0}
"""The usual size of a parameter, by unit."""

ENDLESS = ("oersted",)
"""Terms whose parameters must not vary along a periodic axis."""

PLACED = ("oersted_cylinder", "oersted_wire")
"""Terms with a place in space."""


def draw(declared, rng, shape=()):
    """Numbers of order 1 in the range of a declaration, for one component or several; twice as many fit it, too."""
    if declared.choices:
        return rng.choice(declared.choices, shape).astype(float)
    if declared.components > 1:
        return rng.normal(size=shape)
    return (1 if declared.maximum is None else 0.3 * declared.maximum) * rng.uniform(0.5, 1.5, shape)


def fitted(values):
    """Return the values by name; axes that must be perpendicular are."""
    if {"axis1", "axis2"} <= values.keys():
        values = values | {"axis2": _across(values["axis1"], values["axis2"])}
    return values


def _across(one, other):
    """Return the vector product of two values of the same kind."""
    if isinstance(one, Driven):
        return Driven(_across(one.pattern, other.pattern), one.signal)
    if isinstance(one, PerReplica):
        return PerReplica(list(np.cross(one.values, other.values)))
    if isinstance(one, Mapping):
        return {name: np.cross(one[name], other[name]) for name in one}
    if callable(one):
        return lambda t: list(np.cross(np.array(one(t)), np.array(other(t)), axis=0))
    return np.cross(one, other, axis=1 if np.ndim(one) == 5 else 0)
