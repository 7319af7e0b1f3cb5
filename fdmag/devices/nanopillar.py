"""A pillar with a perpendicular free layer, and how currents are sent through it: shots, many at once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.write_energy import spin_orbit_write_energy, spin_transfer_write_energy
from fdmag.devices.checks import checked
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.pillar_limit import MacrospinLimit, macrospin_limit
from fdmag.errors import ParameterError, did_you_mean
from fdmag.quantities import Below
from fdmag.quantities.junction import conductance
from fdmag.simulation import Simulation
from fdmag.stopping import Distance
from fdmag.terms import TunnelTorque
from fdmag.terms.junction_area import junction_area
from fdmag.terms.tunnel_circuit import InCircuit

__all__ = ["Channel", "Nanopillar", "Reversed"]

UNIT_CURRENT = 1e10
"""Current density [A/m²] at which torques are read off; they are proportional to it, but for junctions with V_h."""
TOO_MUCH = 1e3
"""Multiple of the critical current without bias from where on none is looked for."""


@dataclass(frozen=True)
class Channel:
    """The heavy metal below a pillar that carries the current of a spin–orbit torque.

    Parameters
    ----------
    resistivity : float [Ω m]
    thickness, length, width : float [m]
    """

    resistivity: float
    thickness: float
    length: float
    width: float

    def __post_init__(self) -> None:
        checked("channel", self, resistivity="positive ohm m", thickness="positive m", length="positive m",
                width="positive m")  # fmt: skip


@dataclass(frozen=True)
class Reversed:
    """Met once m_z, counted from where a replica started, is at most ``threshold``.

    Parameters
    ----------
    up : array (batch,)
        1 or −1: the end of the axis it started at; 0 stops a replica at once.
    threshold : float
        Above −1 and below 1; 0 is the equator.
    """

    up: NDArray[np.float64]
    threshold: float = 0.0

    def distances(self, simulation: Simulation) -> Distance:
        """Return how far replicas are from it."""
        m_z = Below("mz", 0.0).distances(simulation)
        return lambda rows: np.where(self.up[rows] == 0, -1.0, self.up[rows] * m_z(rows) - self.threshold)


class Nanopillar:
    """The free layer of a junction with its easy axis along z, written by currents.

    What is measured is made of *shots*: m is put where it started, waits, and a current flows for a time. Shots are
    shared out over the replicas of the simulation, all of which run together; where there are more shots than replicas
    they take turns. So a diagram of 20 × 10 points wants a simulation of 200 replicas, and does with any.

    Parameters
    ----------
    simulation : Simulation
        The free layer alone, in the state that is to be written; m_z of its mean tells which end of z that is.
    term : str
        Term whose J is the current: "slonczewski", "spin_orbit_torque"; or "tunnel_torque" made with a ``current``,
        which is J times the area and goes where the cells conduct. *J > 0 of a Slonczewski torque from a reference
        layer below, along +z, favours antiparallel: −z.*
    assist : mapping of term to float, optional [A/m²]
        Current densities of other terms that flow for the length of every pulse with it: a spin–orbit torque that
        helps spin transfer, for example.
    threshold : float
        The criterion of switching: m has switched when the mean of m_z, counted from the start, has fallen to this.
    RA : float [Ω m²], optional
        Of the junction, for the energy of a write.
    channel : Channel, optional
        For the energy of the current of a spin–orbit torque.
    **options
        Of `fdmag.Simulation.run`: solver, tolerance, dt, dt_max.

    Attributes
    ----------
    up : array (batch,)
        1 or −1, the end of the axis each replica starts at.
    area : float [m²]
        That a current along z crosses.
    alike : bool
        Whether the replicas differ in nothing but their noise.
    tilt : float [rad]
        Of the first replica at the start.
    noisy : bool
        Whether there is thermal noise.

    Raises
    ------
    ParameterError
        If a term has no current, m does not start along z, or a number is out of its range.

    Examples
    --------
    >>> import fdmag
    >>> from fdmag.terms import Slonczewski, UniaxialAnisotropy
    >>> mesh = fdmag.Mesh((1, 1, 1), (35.45e-9, 35.45e-9, 1.3e-9))
    >>> layer = fdmag.Simulation(mesh, [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6)], Ms=1e6, alpha=0.01)
    >>> print(f"{Nanopillar(layer).limit().I_c * 1e6:.2f} µA")
    24.82 µA
    """

    def __init__(
        self,
        simulation: Simulation,
        *,
        term: str = "slonczewski",
        assist: Mapping[str, float] | None = None,
        threshold: float = 0.0,
        RA: float | None = None,
        channel: Channel | None = None,
        **options: Any,
    ) -> None:
        checked("pillar", {"threshold": threshold}, threshold="inside -1 to 1")
        if RA is not None:
            checked("pillar", {"RA": RA}, RA="positive ohm m^2")
        assist = dict(assist or {})
        if term in assist:
            raise ParameterError(f'pillar: "{term}" is both term and assist; give its current once')
        self.simulation = simulation
        self.term, self.threshold = term, float(threshold)
        self.RA, self.channel = RA, channel
        self.options = options
        dx, dy, _ = simulation.mesh.cell_size
        self.area = float(simulation.covered(2)[0].sum(axis=(1, 2)).max() * dx * dy)
        self._drives = {name: self._drive(name) for name in (term, *assist)}
        self._assist = assist
        self.same_parameters = not [p for p in simulation.parameters() if p.batch > 1 and _given(p.where)]
        self.noisy = any(each.noisy for each in simulation.terms.values())
        self.J = np.zeros(simulation.batch)
        self.begin()

    def _drive(self, name: str) -> CurrentDrive:
        """Return what sets the current of a term by its density."""
        each = self.simulation.terms.get(name)
        if each is None or "current" not in each.parameters():
            return CurrentDrive(self.simulation, name)
        if not isinstance(each, InCircuit) or not each.by_current.base.any():
            raise ParameterError(
                f"pillar: {name} is driven by a voltage; give it a current, such as 0, so that a density can be set"
            )
        magnetic = self.simulation.magnetic[:, None]
        area = junction_area(each, self.simulation.mesh, magnetic)
        if np.any(np.any(area > 0, axis=2) != np.any(magnetic, axis=2)):
            raise ParameterError(f"pillar: the junction of {name} is smaller than the magnet; P = 0 in some columns")
        return CurrentDrive(self.simulation, name, "current", self.area)

    def begin(self) -> None:
        """Take the state that the simulation is in now as the start.

        Raises
        ------
        ParameterError
            If m is not along z on the whole.
        """
        start = self.simulation.average_m()[:, 2]
        if np.any(np.abs(start) < 0.5):
            raise ParameterError(
                f"pillar: m_z = {start[np.abs(start) < 0.5][0]:.3g} at the start; allowed: below −0.5 or above 0.5, m "
                "on the whole along the easy axis z"
            )
        self._m = self.simulation.m
        self.alike = self.same_parameters and bool(np.all(self._m == self._m[:1]))
        self.up = np.sign(start)
        self.tilt = float(np.arccos(np.clip(np.abs(start[0]), 0, 1)))
        self._limits: dict[int, MacrospinLimit] = {}

    @property
    def batch(self) -> int:
        """Number of replicas."""
        return self.simulation.batch

    @property
    def T(self) -> float:
        """Temperature [K] of the thermal term; 0 without one."""
        return self.limit().T

    def limit(self, replica: int = 0) -> MacrospinLimit:
        """Return the macrospin that a replica would be if it were uniform, without the spin waves of a warm disc."""
        if replica not in self._limits:
            self._limits[replica] = self.limit_now(replica)
        return self._limits[replica]

    def limit_now(self, replica: int = 0, reverse: bool = False) -> MacrospinLimit:
        """Return the same with the fields as they are now, or from the opposite start; no current flows afterwards."""
        kept = self.simulation.m
        self.off()
        self._drives[self.term].set(UNIT_CURRENT)
        try:
            self.simulation.m = -self._m if reverse else self._m
            found = macrospin_limit(self.simulation, self.term, self.area, UNIT_CURRENT, replica)
            return self._under_bias(found, replica) if self._falls else found
        finally:
            self.off()
            self.simulation.m = kept

    @property
    def _falls(self) -> bool:
        """Whether the torque is that of a junction under a bias that changes it: not proportional to the current."""
        term: Any = self.simulation.terms[self.term]
        return isinstance(term, TunnelTorque) and bool(term.V_h.base.any() or term.b2.base.any())

    def _under_bias(self, found: MacrospinLimit, replica: int) -> MacrospinLimit:
        """Return a limit with J_c by the torque at J_c itself, and none that is proportional to J.

        The polarisation falls with the bias, at most as 1/V, so that J_c = J_c(torque at J_c) is come to from below;
        NaN if no current writes, or if b2 adds a field along the axis.
        """
        term: Any = self.simulation.terms[self.term]
        J, most = found.J_c, TOO_MUCH * abs(found.J_c)
        for _ in range(200):
            if not abs(J) < most or term.b2.base.any():
                J = np.nan
                break
            self._drives[self.term].set(J)
            before, J = J, macrospin_limit(self.simulation, self.term, self.area, J, replica).J_c
            if abs(J - before) <= 1e-6 * abs(J):
                break
        nothing = float("nan")
        return replace(found, axial=nothing, equatorial=nothing, across=nothing, J_c=float(J), I_c=float(J) * self.area)

    def energy(self, J: ArrayLike, duration: ArrayLike) -> NDArray[np.float64] | None:
        """Return the heat [J] of a pulse with its assist, broadcast; None if RA or channel are not known."""
        total: Any = 0.0
        for name, current in {self.term: J, **self._assist}.items():
            if self.simulation.terms[name].name == "spin_orbit_torque":
                if self.channel is None:
                    return None
                metal = self.channel
                total = total + spin_orbit_write_energy(
                    np.abs(current), metal.resistivity, metal.thickness, duration, metal.length * metal.width
                )
            elif self.RA is None:
                return None
            else:
                total = total + spin_transfer_write_energy(current, self.RA, duration, self.area)
        return np.asarray(total)

    def voltage(self, J: ArrayLike) -> NDArray[np.float64]:
        """Return the voltage [V] that J takes across a junction in the state of the start, (batch,).

        NaN where the torque is not that of a tunnel junction.
        """
        if not isinstance(self.simulation.terms[self.term], TunnelTorque):
            return np.full(self.batch, np.nan)
        with self.restored():
            self.reset()
            self.on(J)
            return conductance(self.simulation, self.term)[1]

    def rounds(self, shots: int) -> Iterator[NDArray[np.intp]]:
        """Yield for each replica the number of its shot, (batch,), −1 for none, until all are done.

        Raises
        ------
        ParameterError
            If replicas differ, so that it matters which of them takes a shot, and are not as many.
        """
        if not self.alike and shots != self.batch:
            raise ParameterError(
                f"pillar: {shots} shots, and {self.batch} replicas that differ; let them differ in nothing but noise, "
                f"or give {shots} of them"
            )
        for first in range(0, shots, self.batch):
            numbers = first + np.arange(self.batch)
            yield np.where(numbers < shots, numbers, -1)

    def number_of_rounds(self, shots: int) -> int:
        """Return how many rounds so many shots take."""
        return -(-shots // self.batch)

    def reset(self, reverse: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """Put m where it started, opposite where ``reverse`` is True, without current; return `up` of each replica."""
        m = self._m
        sign = np.ones(self.batch) if reverse is None else np.where(reverse, -1.0, 1.0)
        self.simulation.m = m * sign[:, None, None, None, None]
        self.off()
        return self.up * sign

    def on(self, J: ArrayLike) -> None:
        """Let currents flow, [A/m²], (batch,) or one number, with the assist where J is not 0."""
        self.J = np.broadcast_to(np.asarray(J, dtype=float), (self.batch,)).copy()
        values = self.J[0] if np.all(self.J[0] == self.J) else self.J
        self._drives[self.term].set(values)
        for name, current in self._assist.items():
            self._drives[name].set(np.where(values != 0, current, 0.0))

    def off(self) -> None:
        """Let no current flow."""
        self.J = np.zeros(self.batch)
        for drive in self._drives.values():
            drive.set(0.0)

    def run(self, duration: float, **further: Any) -> None:
        """Let time pass; ``further`` as of `Simulation.run`."""
        if duration > 0:
            self.simulation.run(duration, **(self.options | further))

    def ramp(self, J: NDArray[np.float64], rise: float, steps: int, **further: Any) -> None:
        """Raise the currents to J in equal steps over ``rise`` [s]; it is held afterwards."""
        for step in range(1, steps + 1 if rise > 0 else 1):
            self.on(J * step / steps)
            self.run(rise / steps, **further)
        self.on(J)

    def pulses(
        self, J: NDArray[np.float64], lengths: NDArray[np.float64], *, settle: float, relax: float,
        reverse: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Return m_z, (batch,), after a pulse of its own length [s] in each replica: at its end, or ``relax`` later.

        Those with shorter pulses wait without current for the longest; with ``relax`` all have at least that long.
        """
        self.reset(reverse)
        self.run(settle)
        ends, passed = self.along(), 0.0
        for length in np.unique(lengths[lengths > 0]):
            self.on(np.where(lengths >= length, J, 0.0))
            self.run(float(length) - passed)
            ends = np.where(lengths == length, self.along(), ends)
            passed = float(length)
        self.off()
        self.run(relax)
        return self.along() if relax > 0 else ends

    def along(self) -> NDArray[np.float64]:
        """Return the mean m_z now, (batch,)."""
        return self.simulation.average_m()[:, 2]

    def first_passages(
        self, J: NDArray[np.float64], duration: float, settle: float = 0.0, used: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Return the time [s] from the start of the current until each replica has switched, NaN if it has not."""
        up = self.reset()
        self.run(settle)
        self.on(J)
        start = self.simulation.t
        until = Reversed(up if used is None else np.where(used, up, 0.0), self.threshold)
        self.run(duration, until=until)
        return self.simulation.stop_times - start

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Put m back and switch the currents off at the end, whatever happens."""
        try:
            yield
        finally:
            self.reset()

    def of_zeeman(self, name: str, direction: ArrayLike = (0.0, 0.0, 1.0)) -> Callable[[ArrayLike], None]:
        """Return what adds a field [T], (batch,) or one number, along a direction to that of a zeeman term."""
        able = [key for key, each in self.simulation.terms.items() if each.name == "zeeman"]
        if name not in able:
            known = ", ".join(able) or "none; add a zeeman term with B = 0"
            raise ParameterError(f'pillar: "{name}" is no zeeman term; there is {known}{did_you_mean(name, able)}')
        parameter: Any = self.simulation.terms[name].B  # type: ignore[attr-defined]
        if not parameter.constant:
            raise ParameterError(f"{parameter.where} depends on time; a diagram over fields sets it by itself")
        base, way = parameter.base, np.asarray(direction, dtype=float)
        if way.shape != (3,) or not np.linalg.norm(way) > 0:
            raise ParameterError(f"pillar: direction of the field = {direction!r}; allowed: three numbers, not all 0")
        unit = (way / np.linalg.norm(way)).reshape(1, 3, 1, 1, 1)
        return lambda B: self.simulation.set(f"{name}.B", base + np.reshape(B, (-1, 1, 1, 1, 1)) * unit)


def _given(where: str) -> bool:
    """Return whether a parameter is one that a user gives, not what the thermal term derives from the step."""
    return not where.startswith("thermal.") or where == "thermal.T"
