"""A pillar with a perpendicular free layer, and how currents or voltages drive it: shots, many at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import checked
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.driven_limit import driven_limit
from fdmag.devices.pillar_drive import drive_of
from fdmag.devices.pillar_heat import Channel, Heat, Meter
from fdmag.devices.pillar_limit import MacrospinLimit
from fdmag.devices.uniform_turn import turning_times
from fdmag.errors import ParameterError, did_you_mean
from fdmag.quantities import Below
from fdmag.quantities.junction import conductance
from fdmag.simulation import Simulation
from fdmag.stopping import BoundedDistance, Distance
from fdmag.terms import TunnelTorque

__all__ = ["Channel", "Nanopillar", "Reversed"]


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
        return BoundedDistance(
            lambda rows: np.where(self.up[rows] == 0, -1.0, self.up[rows] * m_z(rows) - self.threshold)
        )


class Nanopillar:
    """The free layer of a junction with its easy axis along z, written by a current or a voltage.

    What is measured is made of *shots*: m is put where it started, waits, and the drive is on for a time. Shots are
    shared out over the replicas of the simulation, all of which run together; where there are more shots than replicas
    they take turns. So a diagram of 20 × 10 points wants a simulation of 200 replicas, and does with any.

    Parameters
    ----------
    simulation : Simulation
        The free layer alone, in the state that is to be written; m_z of its mean tells which end of z that is.
    term : str
        Term that is driven: "slonczewski" or "spin_orbit_torque" by its J; "tunnel_torque" by its voltage, over
        R_series too if it has that, or, made with a ``current``, by this, which goes where the cells conduct;
        "interface_anisotropy" by its voltage. *J > 0 or V > 0 with the reference layer below, along +z, favours
        antiparallel: −z.*
    drive : "J", "I" or "V", optional
        What numbers given to measurements are: a current density [A/m²], a current [A] through the area, or a voltage
        [V], and what results are told by. By default a voltage where the source of the junction is one, else J.
    follow : sequence of str, optional
        Further terms whose ``voltage`` is that of the drive: interface_anisotropy, for voltage-controlled anisotropy.
    assist : mapping of term to float, optional [A/m² or V]
        What drives other terms during every pulse: a spin–orbit torque that helps spin transfer, or the voltage of an
        anisotropy that helps a spin–orbit torque. The `limit` is that without.
    threshold : float
        The criterion of switching: m has switched when the mean of m_z, counted from the start, has fallen to this.
    RA : float [Ω m²], optional
        Of the junction, for the energy of a write; a tunnel_torque knows its own.
    channel : Channel, optional
        For the energy of the current of a spin–orbit torque.
    **options
        Of `fdmag.Simulation.run`: solver, tolerance, dt, dt_max.

    Attributes
    ----------
    up : array (batch,)
        1 or −1, the end of the axis each replica starts at.
    driven_by, amplitude : DriveKind, array (batch,)
        Symbol, unit and name of the drive, and the drive now.
    metered : bool
        Whether the power follows m, so that the heat is added up during shots.
    spent : array (batch,) [J]
        Heat of the junctions since the last `reset`, as `run_metered` adds it up.
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
        If a term cannot be driven, m does not start along z, or a number is out of its range.

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
        drive: str | None = None,
        follow: Sequence[str] = (),
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
        self.options = options
        dx, dy, _ = simulation.mesh.cell_size
        self.area = float(simulation.covered(2)[0].sum(axis=(1, 2)).max() * dx * dy)
        driver, self.driven_by = drive_of(simulation, term, self.area, drive)
        self._drives = {term: driver} | {name: drive_of(simulation, name, self.area)[0] for name in assist}
        self._assist = assist
        self._followers = self._following(follow)
        self._heat = Heat(simulation, self.area, RA, channel)
        self.metered = bool(self._heat.junctions(self._drives))
        if RA is not None and self._junction:
            raise ParameterError(f"pillar: RA = {RA:g} ohm m^2 beside {term}, which has its own RA_P; leave RA out")
        self.same_parameters = not [p for p in simulation.parameters() if p.batch > 1 and _given(p.where)]
        self.noisy = any(each.noisy for each in simulation.terms.values())
        self.amplitude = np.zeros(simulation.batch)
        self.spent = np.zeros(simulation.batch)
        self.begin()

    def _following(self, names: Sequence[str]) -> list[CurrentDrive]:
        """Return what sets the voltages of terms that follow the drive."""
        term: Any = self.simulation.terms[self.term]
        if names and (self.driven_by.symbol != "V" or (self._junction and term.R_series.base.any())):
            raise ParameterError(
                f'pillar: "{names[0]}" follows a voltage across the junction; {self.term} is driven by '
                f"{'a voltage over R_series too' if self.driven_by.symbol == 'V' else f'a {self.driven_by.name}'}, and "
                "that across the junction changes with m"
            )
        if twice := [name for name in names if name in self._drives]:
            raise ParameterError(f'pillar: "{twice[0]}" is driven by itself and follows; name it once')
        return [CurrentDrive(self.simulation, name, "voltage") for name in names]

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
        """Return the same with the fields as they are now, or from the opposite start; nothing drives afterwards."""
        kept = self.simulation.m
        self.off()
        self.simulation.m = -self._m if reverse else self._m
        try:
            return driven_limit(self.simulation, self.term, self.area, self.driven_by, self._set, bool(self._followers),
                                replica)  # fmt: skip
        finally:
            self.off()
            self.simulation.m = kept

    def uniform_times(self, drive: ArrayLike) -> NDArray[np.float64]:
        """Return the switching times [s] of the uniform pillar at T = 0, without assist; NaN where it does not switch.

        In closed form, or by `fdmag.devices.uniform_turn.turning_times` where the torque is no sine of the angle; NaN
        if replicas differ, or nothing is symmetric about the axis.
        """
        uniform = self.limit()
        if uniform.symmetric or not self.alike:
            return uniform.switching_times(drive, self.tilt, self.threshold)
        with self.restored():
            self.off()
            return turning_times(self.simulation, self._set, drive, uniform.up, self.tilt, self.threshold)

    def _set(self, drive: ArrayLike, alone: bool = False) -> None:
        """Set the drive, and with it what follows it unless ``alone``; nothing else."""
        for each in [self._drives[self.term], *([] if alone else self._followers)]:
            each.set(drive)

    @property
    def _junction(self) -> bool:
        return isinstance(self.simulation.terms[self.term], TunnelTorque)

    def energy(
        self, drive: ArrayLike, duration: ArrayLike, spent: ArrayLike | None = None
    ) -> NDArray[np.float64] | None:
        """Return the heat [J] of a pulse with its assist, broadcast; None if RA or channel are not known.

        ``spent`` is what the junctions took in shots: their resistance changes as m turns. Without it None of those.
        """
        terms = {self.term: np.asarray(drive) / (self.area if self.driven_by.symbol == "I" else 1.0)} | self._assist
        rest = self._heat.constant(terms, duration)
        if rest is None or (spent is None if self.metered else not self._heat.known(terms)):
            return None
        return np.asarray(rest if spent is None or not self.metered else rest + np.asarray(spent))

    def readings(self, drive: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return current density, current and voltage that a drive makes in the state of the start, (batch,) each.

        By "J", "I" and "V"; that of the drive is the drive itself, the voltage otherwise that across the junction, NaN
        without one.
        """
        own = np.broadcast_to(np.asarray(drive, dtype=float), (self.batch,)).copy()
        V = np.full(self.batch, np.nan)
        current = own * {"J": self.area, "I": 1.0}.get(self.driven_by.symbol, np.nan)
        if self._junction:
            with self.restored():
                self.reset()
                self.on(np.nan_to_num(own))
                G, V = conductance(self.simulation, self.term)
            V = np.where(np.isnan(own), np.nan, V)
            current = G * V
        return {"J": current / self.area, "I": current, "V": V, self.driven_by.symbol: own}

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
        """Put m where it started, opposite where ``reverse`` is True, undriven; return `up` of each replica."""
        m = self._m
        sign = np.ones(self.batch) if reverse is None else np.where(reverse, -1.0, 1.0)
        self.simulation.m = m * sign[:, None, None, None, None]
        self.off()
        self.spent = np.zeros(self.batch)
        return self.up * sign

    def on(self, drive: ArrayLike) -> None:
        """Let it be driven, (batch,) or one number, with the assist where the drive is not 0."""
        self.amplitude = np.broadcast_to(np.asarray(drive, dtype=float), (self.batch,)).copy()
        values = self.amplitude[0] if np.all(self.amplitude[0] == self.amplitude) else self.amplitude
        self._set(values)
        for name, current in self._assist.items():
            self._drives[name].set(np.where(values != 0, current, 0.0))

    def off(self) -> None:
        """Let nothing drive it."""
        self.amplitude = np.zeros(self.batch)
        for each in (*self._drives.values(), *self._followers):
            each.set(0.0)

    def run(self, duration: float, **further: Any) -> None:
        """Let time pass; ``further`` as of `Simulation.run`."""
        if duration > 0:
            self.simulation.run(duration, **(self.options | further))

    def run_metered(self, duration: float, **further: Any) -> Meter | None:
        """Let time pass, and add what the junctions take to `spent`; return the meter, None unless ``metered``."""
        if not self.metered:
            self.run(duration, **further)
            return None
        meter = Meter(self.simulation, self._heat.junctions(self._drives), duration)
        self.run(duration, on_step=meter.step, **further)
        meter.read()
        self.spent = self.spent + meter.energy
        return meter

    def ramp(self, drive: NDArray[np.float64], rise: float, steps: int, **further: Any) -> None:
        """Raise the drive in equal steps over ``rise`` [s]; it is held afterwards."""
        for step in range(1, steps + 1 if rise > 0 else 1):
            self.on(drive * step / steps)
            self.run(rise / steps, **further)
        self.on(drive)

    def pulses(
        self, drive: NDArray[np.float64], lengths: NDArray[np.float64], *, settle: float, relax: float,
        reverse: NDArray[np.bool_] | None = None, metered: bool = False,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Return m_z, (batch,), after a pulse of its own length [s] in each replica: at its end, or ``relax`` later.

        Those with shorter pulses wait undriven for the longest; with ``relax`` all have at least that long. Where it is
        ``metered``, `spent` is the heat of the junctions.
        """
        self.reset(reverse)
        self.run(settle)
        ends, passed = self.along(), 0.0
        for length in np.unique(lengths[lengths > 0]):
            self.on(np.where(lengths >= length, drive, 0.0))
            (self.run_metered if metered else self.run)(float(length) - passed)
            ends = np.where(lengths == length, self.along(), ends)
            passed = float(length)
        self.off()
        self.run(relax)
        return self.along() if relax > 0 else ends

    def along(self) -> NDArray[np.float64]:
        """Return the mean m_z now, (batch,)."""
        return self.simulation.average_m()[:, 2]

    def first_passages(
        self, drive: NDArray[np.float64], duration: float, settle: float = 0.0, used: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Return the time [s] from the start of the drive until each replica has switched, NaN if it has not."""
        up = self.reset()
        self.run(settle)
        self.on(drive)
        start = self.simulation.t
        until = Reversed(up if used is None else np.where(used, up, 0.0), self.threshold)
        self.run_metered(duration, until=until)
        return self.simulation.stop_times - start

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Put m back and switch the drive off at the end, whatever happens."""
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
