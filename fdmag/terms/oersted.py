"""Oersted fields: of a round and a rectangular straight conductor, and of any current map."""

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.oersted import cylinder_field, rectangle_field
from fdmag.biot_savart import BiotSavart
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, derived, parameter
from fdmag.regions import Regions
from fdmag.terms.term import Context, Term

ENDLESS = {"description": 'axes, such as "z", along which the current goes on beyond the mesh, as in leads'}
SMALLEST_ANGLE = 1e-3


class StraightConductor(Term):
    """What straight conductors share: the field is J times that of a unit of it, which depends on geometry alone."""

    degree: ClassVar[int] = 1
    kernel: ClassVar[str] = "terms/straight_conductor.h"
    J: Any
    direction: Any
    center: Any
    unit: Parameter

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Work out the field per current density in every cell, once."""
        if hasattr(self, "unit"):
            return
        center = self.center.base
        r = np.stack(np.broadcast_arrays(*(axis - center[:, k] for k, axis in enumerate((mesh.x, mesh.y, mesh.z)))), 1)
        self.derive(mesh, regions, unit=np.broadcast_to(found := self.field_of_one(r), (len(found), 3, *mesh.shape)))

    @abstractmethod
    def field_of_one(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the field [T] of J = 1 A/m² at places r [m] relative to the centre, (batch, 3, nz, ny, nx)."""

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return J times the field of a unit of it."""
        return context.value(self.J) * context.value(self.unit)


def _place(meaning: str) -> Any:
    return parameter("m", meaning, components=3, default=(0.0, 0.0, 0.0), transforms="polar", time_dependent=False)


def _direction(meaning: str, default: tuple[float, float, float]) -> Any:
    return parameter("1", meaning, components=3, unit_vector=True, default=default, transforms="polar",
                     time_dependent=False)  # fmt: skip


@dataclass
class OerstedCylinder(StraightConductor):
    """Field of a current density J in a straight round wire without end, such as a pillar with its leads.

    It is right-handed about the current: µ0 J ρ/2 at a distance ρ from the axis up to radius, and
    µ0 J radius²/(2ρ) = µ0 I/(2πρ) beyond. *Seen against a current along +z, the field runs counter-clockwise.* For a
    given current I write J = I/(π radius²). Energy density −Ms m·B.

    Source: Ampère's law; J. D. Jackson, Classical Electrodynamics (Wiley, 1999), section 5.3.
    """

    name: ClassVar[str] = "oersted_cylinder"
    J: Any = parameter("A/m^2", "current density along direction")
    radius: Any = parameter("m", "radius of the wire", above=0, time_dependent=False)
    center: Any = _place("a point on the axis")
    direction: Any = _direction("direction of the axis, that of J > 0", (0.0, 0.0, 1.0))
    unit: Parameter = derived("T m^2/A", "field per current density", components=3)

    def field_of_one(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the field [T] of J = 1 A/m² at places r [m] relative to the axis."""
        d, R = self.direction.base, self.radius.base
        r = r - np.sum(r * d, axis=1, keepdims=True) * d
        distance = np.sqrt(np.sum(r**2, axis=1, keepdims=True))
        _, B = cylinder_field(distance, 0, 1.0, R)
        return np.cross(d, r, axis=1) * (B / np.where(distance > 0, distance, 1))


@dataclass
class OerstedWire(StraightConductor):
    """Field of a current density J in a straight wire without end, of rectangular cross-section width × height.

    height is measured along ``up``, or what of it is perpendicular to the wire, width across both. The field is
    right-handed about the current; at a large distance ρ it is µ0 J width height/(2πρ). *A current along +x makes a
    field along −y above the wire.* Energy density −Ms m·B.

    Source: the field of a line current, J. D. Jackson, Classical Electrodynamics (Wiley, 1999), section 5.2, integrated
    over the cross-section; see `fdmag.analytic.oersted.rectangle_field`.
    """

    name: ClassVar[str] = "oersted_wire"
    J: Any = parameter("A/m^2", "current density along direction")
    width: Any = parameter("m", "width of the wire", above=0, time_dependent=False)
    height: Any = parameter("m", "height of the wire", above=0, time_dependent=False)
    center: Any = _place("a point on the axis")
    direction: Any = _direction("direction of the wire, that of J > 0", (1.0, 0.0, 0.0))
    up: Any = _direction("direction of the height", (0.0, 0.0, 1.0))
    unit: Parameter = derived("T m^2/A", "field per current density", components=3)

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` if up is along the wire."""
        sine = np.sqrt(np.sum(np.cross(self.direction.base, self.up.base, axis=1) ** 2, axis=1))
        if np.any(sine < SMALLEST_ANGLE):
            raise ParameterError(f"{self.up.where}: lies along the wire; give the direction of its height")

    def field_of_one(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the field [T] of J = 1 A/m² at places r [m] relative to the axis."""
        d, up = self.direction.base, self.up.base
        across = np.cross(up, d, axis=1)
        across = across / np.maximum(np.sqrt(np.sum(across**2, axis=1, keepdims=True)), SMALLEST_ANGLE)
        up = np.cross(d, across, axis=1)
        x, y = (np.sum(r * axis, axis=1, keepdims=True) for axis in (across, up))
        Bx, By = rectangle_field(x, y, 1.0, self.width.base, self.height.base)
        return Bx * across + By * up


@dataclass
class Oersted(Term):
    """Field of a current map J(x, y, z) by Biot–Savart's law, B(r) = (µ0/4π) ∫ J × (r − r')/|r − r'|³ dV'.

    J is constant in each cell, also in cells without magnet, and B is averaged over each cell. Only current inside the
    mesh counts, unless it is ``endless`` along some axes: there it goes on unchanged beyond the mesh, as through the
    leads of a pillar, and must be the same all along the axis. Periodic axes are endless. The field is right-handed
    about the current. It is worked out once for each pattern in space; a signal in time multiplies it. Energy density
    −Ms m·B.

    Source: J. D. Jackson, Classical Electrodynamics (Wiley, 1999), section 5.3; see `fdmag.biot_savart`.
    """

    name: ClassVar[str] = "oersted"
    degree: ClassVar[int] = 1
    kernel: ClassVar[str] = "terms/oersted.h"
    J: Any = parameter("A/m^2", "current density", components=3, transforms="polar")
    endless: str = dataclasses.field(default="", metadata=ENDLESS)
    B: Parameter = derived("T", "field of the current", components=3)

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Work out the field of the current map, once."""
        if hasattr(self, "B"):
            return
        try:
            field = self.J.mapped(BiotSavart(mesh, self.endless))
        except ParameterError as error:
            raise ParameterError(f"{self.J.where}: {error}") from error
        self.derive(mesh, regions, B=field)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return the field of the current."""
        return context.value(self.B)
