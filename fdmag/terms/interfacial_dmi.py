"""Interfacial Dzyaloshinskii–Moriya interaction, of symmetry C_nv."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.parameter import parameter
from fdmag.terms.dmi import AXES, DMI


@dataclass
class InterfacialDMI(DMI):
    """Energy density D [(m·n) ∇·m − (m·∇)(m·n)] with the film normal n.

    The DMI vector of a step along k is d_k = D n × e_k; for n = z the field is
    B = (2D / Ms) (∂_x m_z, ∂_y m_z, −∂_x m_x − ∂_y m_y). With D > 0 a Néel wall is lowest with its centre pointing from
    the domain along −n to the one along +n. Reversing n reverses the sign, like D. Surfaces, interfaces between
    different D or A, and ``boundary`` are as in `fdmag.terms.dmi.DMI`, by default ∂m/∂ν = m × (n × ν) D / (2A) on a
    surface with outward normal ν.

    Source: S. Rohart and A. Thiaville, Phys. Rev. B 88, 184422 (2013), whose D has the opposite sign.
    """

    name: ClassVar[str] = "interfacial_dmi"
    normal: Any = parameter(
        "1", "normal of the film", components=3, unit_vector=True, time_dependent=False, transforms="polar",
        default=(0.0, 0.0, 1.0),
    )  # fmt: skip

    def vectors(self) -> list[NDArray[np.float64]]:
        """Return n × e_k."""
        return [np.cross(self.normal.base, axis, axis=1) for axis in AXES]
