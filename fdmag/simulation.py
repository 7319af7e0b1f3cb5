"""A simulation: mesh, material and terms with a state, and what can be computed from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fdmag.backend import select_backend
from fdmag.break_points import edges, gap, jumps, step_limit
from fdmag.constants import GAMMA_E
from fdmag.cuda.magnet import magnet_for
from fdmag.errors import ParameterError, SolverError, did_you_mean
from fdmag.mesh import Mesh
from fdmag.parameter import TimeFunction
from fdmag.regions import Regions
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.minimize import minimize
from fdmag.solvers.relax import relax
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.tableau import METHODS
from fdmag.state import State, normalise
from fdmag.terms import Material, Term

MAX_TORQUE = 1e-5
"""Default stopping criterion max |m × B| [T] of `Simulation.relax` and `Simulation.minimize`."""


class Simulation:
    """One magnet, or a batch of replicas of it that differ in any parameter.

    Parameters
    ----------
    mesh : Mesh
    terms : iterable of Term
        The interactions. Two terms of one kind are told apart as "zeeman", "zeeman_2", ...
    Ms : parameter value [A/m]
        Saturation magnetisation; cells with Ms = 0 are empty. Every parameter may be a number or vector, an array over
        cells, a mapping from region names, `PerReplica`, `Driven`, a `Sum` of these or a function of time.
    alpha : parameter value
        Gilbert damping.
    gamma : parameter value [rad/(s T)]
        Gyromagnetic ratio.
    frozen : parameter value
        1 where m is held fixed, 0 elsewhere, such as ``{"pinned": 1, "default": 0}``.
    m : vector or array
        Initial magnetisation: (3,), (3, nz, ny, nx) or (batch, 3, nz, ny, nx); normalised.
    regions : Regions or mapping, optional
        Named parts of the mesh: shapes, masks.
    batch : int, optional
        Number of replicas; by default what the parameters and m imply.
    device : "auto", "cuda", "host" or "numpy"
        See `fdmag.backend.select_backend`.
    dtype : float64 or float32
        By default float32 on a GPU and float64 elsewhere.

    Raises
    ------
    ParameterError
        For a value of wrong shape or out of its range.

    Examples
    --------
    >>> from fdmag.terms import Exchange, Zeeman
    >>> simulation = Simulation(Mesh((8, 1, 1), (5e-9, 5e-9, 5e-9)), [Exchange(A=13e-12), Zeeman(B=(0, 0, 0.1))],
    ...                         Ms=8e5, alpha=0.1, m=(1, 0, 0))
    >>> simulation.run(5e-9)
    >>> bool(simulation.average_m()[0, 2] > 0.99)
    True
    """

    def __init__(
        self,
        mesh: Mesh,
        terms: Iterable[Term],
        *,
        Ms: Any,
        alpha: Any = 0.01,
        gamma: Any = GAMMA_E,
        frozen: Any = 0.0,
        m: ArrayLike = (0.0, 0.0, 1.0),
        regions: Regions | Mapping[str, Any] | None = None,
        batch: int | None = None,
        device: str = "auto",
        dtype: DTypeLike | None = None,
    ) -> None:
        self.mesh = mesh
        self.regions = regions if isinstance(regions, Regions) else Regions(mesh, regions or {})
        self.backend = select_backend(device, dtype)
        material = Material(Ms=Ms, alpha=alpha, gamma=gamma, frozen=frozen)
        self._magnet = magnet_for(mesh, self.regions, self.backend, material, terms)
        initial = _vectors(m, mesh)
        self.batch = _resolve_batch(batch, self._magnet.replica_counts() | {"m": initial.shape[0]})
        self.state = State.start(np.empty((self.batch, 3, *mesh.shape), self.backend.dtype))
        self._changes = 0  # how often m, t or a parameter was set from outside
        self.m = initial

    # ---- the state -------------------------------------------------------------------------------------

    @property
    def m(self) -> NDArray[np.float64]:
        """Magnetisation, a copy: unit vectors (batch, 3, nz, ny, nx), zero where Ms = 0.

        Assign a vector (3,), an array (3, nz, ny, nx) or (batch, 3, nz, ny, nx); it is normalised.
        """
        return self.backend.to_numpy(self.state.m)

    @m.setter
    def m(self, values: ArrayLike) -> None:
        m = np.broadcast_to(_vectors(values, self.mesh), (self.batch, 3, *self.mesh.shape)) * self.magnetic[:, None]
        if np.any(np.all(m == 0, axis=1) & self.magnetic):
            raise ParameterError(
                "m: a magnetic cell has a vector of zero length; give each cell with Ms > 0 a direction"
            )
        self.state.m[:] = normalise(m)
        self._changes += 1

    @property
    def t(self) -> NDArray[np.float64]:
        """Time of each replica [s], (batch,); assign one number for all, or one per replica."""
        return self.state.t.copy()

    @t.setter
    def t(self, value: ArrayLike) -> None:
        times = np.asarray(value, dtype=np.float64)
        if times.shape not in ((), (self.batch,)) or not np.all(np.isfinite(times)):
            raise ParameterError(
                f"t = {value!r}; allowed: one finite time [s], or one for each of {self.batch} replicas"
            )
        self.state.t[:] = times
        self._changes += 1

    @property
    def magnetic(self) -> NDArray[np.bool_]:
        """Where Ms > 0, (batch | 1, nz, ny, nx)."""
        Ms = self._magnet.material.Ms.base
        return np.broadcast_to(Ms[:, 0] > 0, (Ms.shape[0], *self.mesh.shape))

    # ---- parameters ------------------------------------------------------------------------------------

    @property
    def terms(self) -> dict[str, Term]:
        """The terms by name, bound to the mesh."""
        return dict(self._magnet.terms)

    def set(self, path: str, value: Any) -> None:
        """Change a parameter, such as ``set("zeeman.B", (0, 0, 0.1))`` or ``set("material.alpha", 0.5)``.

        Cells that become magnetic by a change of Ms point along +z.

        Raises
        ------
        ParameterError
            For an unknown name or a value out of range; the simulation is then unchanged.
        """
        before = self.magnetic
        self._magnet.set(path, value, self.batch)
        self._changes += 1
        if path == "material.Ms":
            m = self.m
            m[:, 2] += np.broadcast_to(self.magnetic & ~before, m[:, 2].shape)
            self.m = m

    # ---- what follows from the state -------------------------------------------------------------------

    def effective_field(self, term: str | None = None) -> NDArray[np.float64]:
        """Return the field [T] of one term, or of all, (batch, 3, nz, ny, nx); zero where Ms = 0."""
        names = list(self._magnet.terms) if term is None else [self._magnet.known(term)]
        context = self._magnet.context(self.state.t)
        return self.backend.to_numpy(self._magnet.field(self.state.m, context, names))

    def energies(self) -> dict[str, NDArray[np.float64]]:
        """Return the energy [J], (batch,), of every term that has one, by name."""
        summary = self._magnet.summary(self.state.m, self.state.t)
        return {name: summary[f"E_{name}"][1] for name in self._magnet.terms if f"E_{name}" in summary}

    def energy(self) -> NDArray[np.float64]:
        """Return the total energy [J] of the terms that have one, (batch,)."""
        return self._magnet.summary(self.state.m, self.state.t)["E_total"][1]

    def energy_density(self, term: str) -> NDArray[np.float64]:
        """Return the energy density [J/m³] of a term, (batch, nz, ny, nx)."""
        name, context = self._magnet.known(term), self._magnet.context(self.state.t)
        field = self._magnet.field(self.state.m, context, [name])
        density = self._magnet.terms[name].energy_density(self.state.m, field, context)
        return self.backend.to_numpy(
            np.where(self.magnetic, np.broadcast_to(density, (self.batch, *self.mesh.shape)), 0)
        )

    def average_m(self) -> NDArray[np.float64]:
        """Return the mean of m over the cells with Ms > 0, (batch, 3)."""
        total = self.state.m.reshape(self.batch, 3, -1).sum(axis=2, dtype=np.float64)
        count = self.magnetic.reshape(self.magnetic.shape[0], -1).sum(axis=1, keepdims=True)
        return total / np.maximum(count, 1)

    def max_torque(self) -> NDArray[np.float64]:
        """Return max |m × B| over the cells [T], (batch,)."""
        return self._magnet.summary(self.state.m, self.state.t)["max_torque"][1]

    def summary(self) -> dict[str, tuple[str, NDArray[np.float64]]]:
        """Return one row per replica of the result table: unit and values, (batch,), by column name."""
        mean = self.average_m()
        columns = {f"m{axis}": ("1", mean[:, i]) for i, axis in enumerate("xyz")}
        return columns | self._magnet.summary(self.state.m, self.state.t)

    # ---- moving the state ------------------------------------------------------------------------------

    def run(
        self,
        duration: float,
        *,
        every: float | None = None,
        at: Sequence[float] = (),
        callback: Callable[["Simulation"], None] | None = None,
        solver: str = "dormand_prince",
        tolerance: float = 1e-5,
        dt: float | None = None,
        dt_max: float | None = None,
        on_step: Callable[[], None] | None = None,
    ) -> None:
        """Integrate the LLG equation over ``duration`` [s].

        Parameters
        ----------
        duration : float [s]
        every : float [s], optional
            Interval of the calls of ``callback``; each output time is hit exactly.
        at : sequence of float [s], optional
            Further output times, counted from the start.
        callback : callable, optional
            Called with the simulation at the start, at each output time, and at the end.
        solver : "dormand_prince", "bogacki_shampine" or "rk4"
        tolerance : float
            Allowed local error of m, per step and cell, of an adaptive solver.
        dt : float [s], optional
            Fixed step; needed by rk4.
        dt_max : float [s], optional
            Largest adaptive step. By default what the drives need: a twentieth of the period of a sine, nothing for
            pulses, ramps and tables, at whose edges a step ends in any case; see `fdmag.signals`. Of a plain function
            of time nothing is known: then a thousandth of ``duration`` and at most 10 ps. Give it for shorter pulses.
        on_step : callable, optional
            Called after every step, for progress.

        Raises
        ------
        ParameterError
            For an unknown solver or a time that is not positive.
        SolverError
            If the step size underflows.
        """
        if solver not in METHODS:
            raise ParameterError(
                f'solver "{solver}" is unknown; allowed: {", ".join(METHODS)}{did_you_mean(solver, METHODS)}'
            )
        for label, value in (("duration", duration), ("every", every)):
            if value is not None and not 0 < value < np.inf:
                raise ParameterError(f"run: {label} = {value:g} s; allowed: above 0 s")
        if np.ptp(self.state.t) > 0:
            raise ParameterError("run: the replicas stand at different times; assign one time to t first")
        control = StepControl(tolerance=tolerance, dt_max=np.inf if dt_max is None else dt_max)
        integrator = Integrator(self._magnet.stepper(self.state, METHODS[solver]), control, dt)
        self.state.dt[:] = np.nan
        start = float(self.state.t[0])
        if callback is not None:
            callback(self)  # before the first step, so that what it changes counts from the start
        for elapsed in merged_times(output_times(duration, every), [time for time in at if 0 < time < duration]):
            drives = self._magnet.drives()
            if dt_max is None:
                integrator.control = replace(control, dt_max=step_limit(drives, duration))
            self._advance(integrator, start + elapsed, drives, on_step)
            if callback is not None:
                changes = self._changes
                callback(self)
                if self._changes != changes:
                    integrator.forget()

    def _advance(
        self, integrator: Integrator, stop: float, drives: list[TimeFunction], on_step: Callable[[], None] | None
    ) -> None:
        """Integrate to ``stop`` [s]; a step ends at every edge of a drive, and no stage of it sees what is behind."""
        t = self.state.t
        for edge in edges(drives, now := float(t[0]), stop):
            here = min(edge, stop)
            before = here - float(gap(edge, now))
            integrator.advance(before, on_step)
            t[:] = here
            if jumps(drives, before, edge):
                integrator.forget()
        integrator.advance(stop, on_step)

    def relax(
        self,
        max_torque: float = MAX_TORQUE,
        *,
        max_steps: int = 100_000,
        on_step: Callable[[NDArray], None] | None = None,
    ) -> NDArray[np.float64]:
        """Follow the damped path to equilibrium, max |m × B| ≤ ``max_torque`` [T]; time stands still.

        Returns max |m × B| reached [T], (batch,). Raises `SolverError` if ``max_steps`` do not suffice.
        """
        descent = partial(self._magnet.stepper, still=self.state.t)
        return relax(self.state, descent, max_torque, max_steps, on_step)

    def minimize(
        self,
        max_torque: float = MAX_TORQUE,
        *,
        max_steps: int = 100_000,
        on_step: Callable[[NDArray, NDArray], None] | None = None,
    ) -> NDArray[np.float64]:
        """Minimise the energy until max |m × B| ≤ ``max_torque`` [T], never accepting a rise; time stands still.

        Returns max |m × B| reached [T], (batch,).

        Raises
        ------
        SolverError
            If a term has no energy, or ``max_steps`` do not suffice.
        """
        if without := [name for name, term in self._magnet.terms.items() if not term.has_energy()]:
            raise SolverError(f"minimize: {', '.join(without)} derives from no energy; use relax instead")
        return minimize(self.state, self._magnet, max_torque, max_steps, on_step)


def output_times(duration: float, every: float | None) -> NDArray[np.float64]:
    """Return the times after the start [s] at which there is output: multiples of ``every``, and the end.

    >>> output_times(1.0, 0.4)
    array([0.4, 0.8, 1. ])
    """
    if every is None:
        return np.array([duration])
    count = int(np.ceil(duration / every * (1 - 1e-12)))
    times = np.arange(1, count + 1, dtype=np.float64) * every
    times[-1] = duration
    return times


def merged_times(*lists: Iterable[float]) -> list[float]:
    """Return all times in order; of those that differ by rounding only, the last is kept.

    >>> merged_times([0.1, 0.2, 0.1 * 3], [0.3])
    [0.1, 0.2, 0.30000000000000004]
    """
    times = sorted({float(time) for times in lists for time in times})
    close = 1e-9 * times[-1]
    return [time for time, later in zip(times, [*times[1:], np.inf], strict=True) if later - time > close]


def _vectors(values: ArrayLike, mesh: Mesh) -> NDArray[np.float64]:
    """Return m in the shape (batch | 1, 3, nz | 1, ny | 1, nx | 1)."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"m: {error}; an array of numbers is needed") from error
    shapes = {(3,): (1, 3, 1, 1, 1), (3, *mesh.shape): (1, 3, *mesh.shape)}
    if array.shape in shapes:
        array = array.reshape(shapes[array.shape])
    if array.ndim != 5 or array.shape[1] != 3 or array.shape[2:] not in (mesh.shape, (1, 1, 1)):
        raise ParameterError(
            f"m: array of shape {array.shape}; allowed: (3,), {(3, *mesh.shape)} or (batch, {3}, nz, ny, nx)"
        )
    if not np.all(np.isfinite(array)):
        raise ParameterError("m: a component is not finite")
    return array


def _resolve_batch(batch: int | None, counts: Mapping[str, int]) -> int:
    if batch is not None and (isinstance(batch, bool) or batch != int(batch) or batch < 1):
        raise ParameterError(f"batch = {batch}; allowed: a whole number of at least 1")
    found = max(counts.values()) if batch is None else int(batch)
    if wrong := {where: count for where, count in counts.items() if count not in (1, found)}:
        raise ParameterError(f"the batch has {found} replicas, but values are given for {wrong}")
    return found
