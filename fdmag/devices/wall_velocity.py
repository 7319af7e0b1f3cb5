"""How fast walls run in the long run: a moving window follows each replica's until it is steady."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.checks import checked
from fdmag.devices.device import Device, Told
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError
from fdmag.quantities import Column, MovingWindow, evaluate
from fdmag.simulation import Simulation

__all__ = ["WallVelocities", "WallVelocityMeasurement", "wall_velocity"]

PARTS = 9
"""The run is cut into so many parts for the look at how steady it is; a multiple of 3."""
TURN, CHANGE, DRIFT = 0.2, 0.03, 0.1
"""What tells that a velocity has not settled: the wall turned by so much [rad] while it was measured, and its velocity
changed by such a part; or the last third differs from the one before by so much of the steady velocity."""
STEPS_PER_LOOK = 16
"""Steps after which the window looks where the wall is: a wall crosses few cells in so many."""


class _PatientWindow(MovingWindow):
    """A moving window that looks at every sixteenth step only, which leaves most of the time to the steps."""

    def start(self, simulation: Simulation) -> None:
        """Check as `MovingWindow` does, and begin to count."""
        super().start(simulation)
        self._steps = 0

    def cells(self, simulation: Simulation) -> NDArray[np.int64]:
        """Return by how many cells to move along +x now, (batch,)."""
        self._steps += 1
        if self._steps % STEPS_PER_LOOK:
            return np.zeros(simulation.batch, dtype=np.int64)
        return super().cells(simulation)


@dataclass(frozen=True)
class WallVelocities(Result):
    """Velocity of the wall of each replica, after it has settled.

    Attributes
    ----------
    drive
        Current density of the term along x, or its only number; NaN without a term.
    velocity
        Mean over what was measured.
    steady
        Where the velocities of the three thirds go if they approach it exponentially (Aitken's Δ² process); that of the
        last third where they do not come closer to each other. NaN where the wall turns on and its velocity goes up and
        down with its angle, as above breakdown: there is a mean over many turns, `velocity`, and no limit.
    drift
        Velocity of the last third less that of the one before: what is left of the way to the steady state, or of a
        precession.
    width, angle
        Of the wall at the end: Δ, and the direction of m in its middle from +x towards +y.
    """

    abscissa: ClassVar[str] = "drive"
    drive: NDArray = quantity("A/m^2", "current density", "replica")
    velocity: NDArray = quantity("m/s", "velocity of the wall", "replica")
    steady: NDArray = quantity("m/s", "velocity in the long run, extrapolated", "replica")
    drift: NDArray = quantity("m/s", "velocity of the last third less that of the one before", "replica")
    width: NDArray = quantity("m", "parameter Δ of the wall at the end", "replica")
    angle: NDArray = quantity("rad", "angle of the wall at the end", "replica")
    t: NDArray = quantity("s", "time", "t")
    position: NDArray = quantity("m", "position of the wall", "replica", "t")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the velocity over the current density."""
        ax = axes_for(ax, "J [10¹² A/m²]", "v [m/s]", "domain-wall velocity")
        order = np.argsort(self.drive)
        ax.errorbar(
            self.drive[order] * 1e-12, self.steady[order], np.abs(self.steady - self.velocity)[order], fmt="o-",
            color=COLOURS[0], markersize=4, linewidth=1, capsize=2,
        )  # fmt: skip
        return ax


class WallVelocityMeasurement(Device):
    """Lets walls settle, then measures how far they run.

    Parameters
    ----------
    simulation : Simulation
        A track along x, the same everywhere along it, with one wall in each replica and what drives it.
    duration : float [s]
        Of measuring.
    settle : float [s]
        Before it. A wall in damping α needs some 1/(α γ B), B being what holds its angle.
    term : str, optional
        Whose J is told as the drive.
    follow : str
        What the window follows; see `fdmag.quantities.MovingWindow`.

    Raises
    ------
    ParameterError
        For a time out of range or an unknown term.
    """

    operates = True

    def __init__(
        self,
        simulation: Simulation,
        duration: float,
        settle: float = 0.0,
        *,
        term: str | None = None,
        follow: str = "wall_position.z",
    ) -> None:
        times = {"duration": duration, "settle": settle}
        checked("wall velocity", times, duration="positive s", settle="at least 0 s")
        if term is not None and "J" not in getattr(simulation.terms.get(term), "parameters", dict)():
            raise ParameterError(f'wall velocity: term = "{term}" is not there, or has no current density J')
        self.simulation = simulation
        self.duration, self.settle = duration, settle
        self.term = term
        self.follow = follow
        self._t: list[float] = []
        self._q: list[NDArray] = []
        self._phi: list[NDArray] = []

    def columns(self) -> list[Column]:
        """Return position and velocity."""
        return [
            Column("position", "m", self._position, "x of the wall, with the displacement of the window"),
            Column("velocity", "m/s", lambda s: evaluate(s, self.follow.replace("position", "velocity", 1)),
                   "velocity of the wall at this moment"),
        ]  # fmt: skip

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Run; ``told`` is called at the start and at the end of each part."""
        window = _PatientWindow(self.follow)
        done = 0

        def note(simulation: Simulation) -> None:
            nonlocal done
            if done == 0 or simulation.t[0] > self._t[-1]:
                self._t.append(float(simulation.t[0]))
                self._q.append(self._position(simulation))
                self._phi.append(self._inside(simulation, "angle"))
                if told is not None:
                    told(done, PARTS)
                done += 1

        if self.settle > 0:
            self.simulation.run(self.settle, window=window, **options)
        self._t, self._q, self._phi = [], [], []
        self.simulation.run(self.duration, every=self.duration / PARTS, window=window, callback=note, **options)

    def result(self) -> WallVelocities:
        """Return the velocities.

        Raises
        ------
        ParameterError
            Before `operate`.
        """
        if not self._t:
            raise ParameterError("wall velocity: nothing measured yet; call operate first")
        t, q = np.array(self._t), np.stack(self._q, axis=1)
        velocity = (q[:, -1] - q[:, 0]) / (t[-1] - t[0])
        steps = slice(None, None, PARTS // 3)
        first, second, third = (np.diff(q[:, steps], axis=1) / np.diff(t[steps])).T
        turned, changed = self._changes()
        turns = (turned > np.pi / 2) & (changed > CHANGE)
        steady = np.where(turns, np.nan, _extrapolated(first, second, third))
        width, angle = (self._inside(self.simulation, kind) for kind in ("width", "angle"))
        return WallVelocities(self._drive(), velocity, steady, third - second, width, angle, t, q)

    def doubts(self) -> list[str]:
        """Return which velocities have not settled, or never will."""
        found, (turned, changed) = self.result(), self._changes()
        drifts = np.abs(found.drift) > DRIFT * np.abs(found.steady)
        return [
            f"the wall of replica {replica} turned by {np.degrees(turned[replica]):.0f} degrees while it was measured, "
            f"and its velocity changed by {100 * changed[replica]:.0f} %: if it settles, give more settle and "
            "duration; if it turns on, as above breakdown, there is no steady velocity, and the mean needs many turns"
            for replica in np.flatnonzero(((turned > TURN) & (changed > CHANGE)) | drifts).tolist()
        ]

    def _changes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return by how much each wall turned [rad], and by what part of the largest its velocity changed, (batch,)."""
        phi = np.unwrap(np.stack(self._phi, axis=1), axis=1)
        v = np.diff(np.stack(self._q, axis=1), axis=1)
        largest = np.abs(v).max(axis=1)
        return np.ptp(phi, axis=1), np.ptp(v, axis=1) / np.where(largest > 0, largest, 1)

    def _inside(self, simulation: Simulation, kind: str) -> NDArray:
        return evaluate(simulation, f"wall_{kind}{self.follow.removeprefix('wall_position')}")

    def _position(self, simulation: Simulation) -> NDArray:
        return evaluate(simulation, self.follow)

    def _drive(self) -> NDArray[np.float64]:
        batch = self.simulation.batch
        if self.term is None:
            return np.full(batch, np.nan)
        term: Any = self.simulation.terms[self.term]
        J = term.J.at(self.simulation.t)[:, 0]
        return np.broadcast_to(J.reshape(len(J), -1).mean(axis=1), (batch,)).copy()


def _extrapolated(first: NDArray, second: NDArray, third: NDArray) -> NDArray[np.float64]:
    """Return the limit of three terms of geometric sequences; the last where steps shrink by less than 0.6."""
    before, after = second - first, third - second
    ratio = np.divide(after, before, out=np.ones_like(after), where=before != 0)
    converges = (ratio >= 0) & (ratio <= 0.6)
    return third + np.where(converges, after * ratio / np.where(converges, 1 - ratio, 1), 0)


def wall_velocity(
    simulation: Simulation,
    duration: float,
    settle: float = 0.0,
    *,
    term: str | None = None,
    follow: str = "wall_position.z",
    **options: Any,
) -> WallVelocities:
    """Return how fast the wall of each replica runs, followed by a moving window.

    Parameters
    ----------
    simulation, duration, settle, term, follow
        As of `WallVelocityMeasurement`. The simulation goes on from where it is.
    **options
        Of `fdmag.Simulation.run`: solver, tolerance, dt, dt_max.

    A field along z moves a wall such that the domain along it grows, free to turn with γ Δ B α/(1 + α²): 2.20 m/s, and
    less on cells of 2 nm, which make Δ = 5 nm narrower:

    >>> import fdmag
    >>> from fdmag.initial import wall
    >>> from fdmag.terms import Exchange, UniaxialAnisotropy, Zeeman
    >>> mesh = fdmag.Mesh((60, 1, 1), (2e-9, 2e-9, 2e-9))
    >>> track = fdmag.Simulation(mesh, [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=4e5), Zeeman(B=(0, 0, 5e-3))], Ms=8e5,
    ...                          alpha=1.0, m=wall(mesh))
    >>> v = wall_velocity(track, 0.2e-9, 0.05e-9).velocity
    >>> print(f"{v[0]:.2f} m/s")
    2.15 m/s
    """
    measurement = WallVelocityMeasurement(simulation, duration, settle, term=term, follow=follow)
    measurement.operate(**options)
    return measurement.result()
