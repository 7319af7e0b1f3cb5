"""Bulk Dzyaloshinskii–Moriya interaction, of symmetry T or O."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.parameter import parameter
from fdmag.terms.dmi import AXES, DMI


@dataclass
class BulkDMI(DMI):
    """Energy density D m·(∇ × m).

    The DMI vector of a step along k is d_k = −D e_k, and the field is B = −(2D / Ms) ∇ × m. With D > 0 a helix is
    lowest when m turns like a right-handed screw, about its direction of propagation, with the period 4πA/D. Surfaces,
    interfaces between different D or A, and ``boundary`` are as in `fdmag.terms.dmi.DMI`, by default
    ∂m/∂ν = ν × m D / (2A) on a surface with outward normal ν.

    Source: A. Bogdanov and A. Hubert, J. Magn. Magn. Mater. 138, 255 (1994).
    """

    name: ClassVar[str] = "bulk_dmi"
    D: Any = parameter("J/m^2", "DMI constant", transforms="pseudoscalar")

    def vectors(self) -> list[NDArray[np.float64]]:
        """Return −e_k."""
        return [-axis for axis in AXES]
