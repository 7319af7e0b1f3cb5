"""The field applied from outside."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.parameter import parameter
from fdmag.terms.term import Context, Term


@dataclass
class Zeeman(Term):
    """Energy density −Ms m·B of a field B that may vary over replicas, regions, cells and time.

    With B along +z the energy is lowest for m along +z. Patterns in space, each with a signal of its own, are given as
    a `fdmag.Sum` of `fdmag.Driven`, or as several Zeeman terms, whose averages are columns of their own.
    """

    name: ClassVar[str] = "zeeman"
    degree: ClassVar[int] = 1
    kernel: ClassVar[str] = "terms/zeeman.h"
    summary_units: ClassVar[dict[str, str]] = {"Bx": "T", "By": "T", "Bz": "T"}
    B: Any = parameter("T", "applied field", components=3)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return B."""
        return context.value(self.B)

    def summary(self, context: Context) -> dict[str, NDArray]:
        """Return the average of B over the mesh."""
        B = np.asarray(self.B.at(context.t, context.replicas), dtype=np.float64)
        mean = B.reshape(B.shape[0], 3, -1).mean(axis=2)
        return {"Bx": mean[:, 0], "By": mean[:, 1], "Bz": mean[:, 2]}
