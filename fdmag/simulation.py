"""A simulation: mesh, material and terms with a state, and what can be computed from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fdmag.allocator import aligned_like
from fdmag.backend import select_backend
from fdmag.constants import GAMMA_E
from fdmag.cuda.magnet import magnet_for
from fdmag.demag import prepare_demag
from fdmag.errors import ParameterError, SolverError
from fdmag.fill_fraction import FillFraction
from fdmag.magnet import Magnet, list_of_terms
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter
from fdmag.regions import Regions
from fdmag.shapes import Shape
from fdmag.shares import Shares, shares_of
from fdmag.solvers.minimize import minimize
from fdmag.solvers.relax import relax
from fdmag.state import State, as_vectors, normalise, resolve_batch
from fdmag.stopping import Criterion, distance_of
from fdmag.terms import Demag, Material, Term
from fdmag.time_integration import Mover, TimeRun, Window, merged_times, output_times

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
    geometry : Shape, array (nz, ny, nx) or Shares, optional
        Where the magnet is; Ms is 0 elsewhere. By default the whole mesh. An array holds bools, or shares of the cells,
        or (batch, nz, ny, nx) those of each replica.
    smooth_edges : int
        Above 1: cells in part inside the geometry, by that many sample points along each edge, hold so much less of
        the material; see `fdmag.fill_fraction.FillFraction`.
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
        geometry: Shape | ArrayLike | Shares | None = None,
        smooth_edges: int = 1,
        batch: int | None = None,
        device: str = "auto",
        dtype: DTypeLike | None = None,
    ) -> None:
        self.mesh = mesh
        self.regions = regions if isinstance(regions, Regions) else Regions(mesh, regions or {})
        terms = list_of_terms(terms)
        demag = any(isinstance(term, Demag) for term in terms)
        self.backend = select_backend(device, dtype, partial(prepare_demag, mesh) if demag else None)
        material = Material(Ms=Ms, alpha=alpha, gamma=gamma, frozen=frozen)
        if geometry is not None and not isinstance(geometry, Shares):
            geometry = shares_of(geometry, mesh, smooth_edges)
        self._fill = None if geometry is None else FillFraction(geometry, mesh)
        if self._fill is not None:
            material, terms = self._fill.applied_to_all(material, terms, self.regions)
        self._magnet = magnet_for(mesh, self.regions, self.backend, material, terms, geometry)
        initial = as_vectors(m, mesh)
        self.batch = resolve_batch(batch, self._magnet.replica_counts() | {"m": initial.shape[0]})
        self.state = State.start(aligned_like(np.empty((self.batch, 3, *mesh.shape), self.backend.dtype))[0])
        self.window_displacement = np.zeros(self.batch)  # how far `shift` has moved the mesh along x [m]
        self.stop_times = np.full(self.batch, np.nan)  # when each met the criterion of the last run [s]
        self._changes = 0  # how often m, t or a parameter was set from outside
        self.m = initial

    @property
    def m(self) -> NDArray[np.float64]:
        """Magnetisation, a copy: unit vectors (batch, 3, nz, ny, nx), zero where Ms = 0.

        Assign a vector (3,), an array (3, nz, ny, nx) or (batch, 3, nz, ny, nx); it is normalised.
        """
        return self.backend.to_numpy(self.state.m)

    @m.setter
    def m(self, values: ArrayLike) -> None:
        m = np.broadcast_to(as_vectors(values, self.mesh), (self.batch, 3, *self.mesh.shape)) * self.magnetic[:, None]
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
        try:
            times = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            times = np.asarray(np.nan)
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

    @property
    def weights(self) -> NDArray[np.float64]:
        """How much of each cell is magnet, from 0 to 1: what averages weigh it by, (batch | 1, nz, ny, nx)."""
        shares = self._magnet.shares
        return self.magnetic * (np.float64(1) if shares is None else shares.volume)

    def covered(self, axis: int) -> NDArray[np.float64]:
        """Return how much of each cell's cross-section is magnet, seen along x, y or z (axis 0, 1, 2); as `weights`."""
        shares = self._magnet.shares
        return self.magnetic * (np.float64(1) if shares is None else shares.area(axis))

    def shift(self, cells: ArrayLike) -> None:
        """Move the mesh by whole cells along +x, (batch,) or one number; below 0 along −x.

        What leaves the mesh is lost, and cells that enter copy the end; along a periodic x nothing does.
        """
        given = np.asarray(cells)
        if given.dtype.kind not in "iu" or given.shape not in ((), (self.batch,)):
            raise ParameterError(f"shift: came {cells!r}; allowed: one integer, or one per replica ({self.batch})")
        count, nx = np.broadcast_to(given, self.batch), self.mesh.cells[0]
        for replica in np.flatnonzero(count):
            source = np.arange(nx) + count[replica]
            source = source % nx if self.mesh.periodic[0] else np.clip(source, 0, nx - 1)
            self.state.m[replica] = self.state.m[replica][..., source]
        self.window_displacement += count * self.mesh.cell_size[0]
        self._changes += 1

    def take_over(self, sources: ArrayLike) -> None:
        """Let each replica go on from the m of another, by numbers (batch,); its time and its noise stay its own."""
        rows = np.asarray(sources)
        if rows.dtype.kind not in "iu" or rows.shape != (self.batch,) or np.any((rows < 0) | (rows >= self.batch)):
            raise ParameterError(
                f"take_over: came {rows.dtype} of shape {rows.shape}; allowed: {self.batch} numbers of replicas"
            )
        self.state.m[:] = self.state.m[rows]
        self.window_displacement = self.window_displacement[rows]
        self._changes += 1

    @property
    def magnet(self) -> Magnet:
        """What gives the fields, energies and slopes of any m, for solvers beside `run`, `relax` and `minimize`."""
        return self._magnet

    @property
    def terms(self) -> dict[str, Term]:
        """The terms by name, bound to the mesh."""
        return dict(self._magnet.terms)

    def parameters(self) -> list[Parameter]:
        """Return the parameters of the material and the terms, bound to the mesh, those derived from others too."""
        return self._magnet.parameters()

    def set(self, path: str, value: Any) -> None:
        """Change a parameter, such as ``set("zeeman.B", (0, 0, 0.1))`` or ``set("material.alpha", 0.5)``.

        Cells that become magnetic by a change of Ms point along +z.

        Raises
        ------
        ParameterError
            For an unknown name or a value out of range; the simulation is then unchanged.
        """
        before = self.magnetic
        if self._fill is not None:
            value = self._fill.scaled_at(
                path, {"material": self._magnet.material, **self._magnet.terms}, value, self.regions
            )
        self._magnet.set(path, value, self.batch)
        self._changes += 1
        if path == "material.Ms":
            m = self.m
            m[:, 2] += np.broadcast_to(self.magnetic & ~before, m[:, 2].shape)
            self.m = m

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

    def dm_dt(self) -> NDArray[np.float64]:
        """Return dm/dt [1/s] by the Landau–Lifshitz–Gilbert equation, (batch, 3, nz, ny, nx)."""
        return self.backend.to_numpy(self._magnet.slope(self.state.m, self.state.t, None))

    def average_m(self) -> NDArray[np.float64]:
        """Return the mean of m over the magnet, (batch, 3): each cell counts by the share of it that is filled."""
        shares, m = self._magnet.shares, self.state.m
        weights = self.weights.reshape(-1, 1, self.mesh.n_cells)
        partial = shares is not None and shares.partial
        values = m.reshape(self.batch, 3, -1)
        total = (values * weights if partial else values).sum(axis=2, dtype=np.float64)
        return total / np.maximum(weights.sum(axis=2), np.finfo(float).tiny)

    def max_torque(self) -> NDArray[np.float64]:
        """Return max |m × B| over the cells [T], (batch,)."""
        return self._magnet.summary(self.state.m, self.state.t)["max_torque"][1]

    def summary(self) -> dict[str, tuple[str, NDArray[np.float64]]]:
        """Return one row per replica of the result table: unit and values, (batch,), by column name."""
        mean = self.average_m()
        columns = {f"m{axis}": ("1", mean[:, i]) for i, axis in enumerate("xyz")}
        return columns | self._magnet.summary(self.state.m, self.state.t)

    def run(
        self,
        duration: float,
        *,
        every: float | None = None,
        at: Sequence[float] = (),
        callback: Callable[["Simulation"], None] | None = None,
        solver: str | None = None,
        tolerance: float | None = None,
        dt: float | None = None,
        dt_max: float | None = None,
        window: Window | None = None,
        until: Criterion | Callable[["Simulation"], ArrayLike] | None = None,
        on_step: Callable[[], None] | None = None,
        progress: Callable[[], None] | None = None,
    ) -> None:
        """Integrate the LLG equation over ``duration`` [s], each replica from its own time.

        Parameters
        ----------
        duration : float [s]
        every : float [s], optional
            Interval of the calls of ``callback``; each output time is hit exactly.
        at : sequence of float [s], optional
            Further output times, counted from the start.
        callback : callable, optional
            Called with the simulation at the start, at each output time, and at the end.
        solver : str, optional
            "rk4_adams", the default, which finds demag once a step and extrapolates it in between; "rk4", the default
            without demag and with ``dt``, which "rk4_adams" refuses; "dormand_prince", the default of a mesh of one
            cell; "bogacki_shampine"; "implicit_midpoint", which needs ``dt``; "heun", the default where there is
            thermal noise, and then the only one without ``dt``.
        tolerance : float, optional
            Allowed local error of m, per step and cell, of an adaptive solver; by default 1e-6, 1e-5 of dormand_prince,
            or 1e-2 with noise.
        dt : float [s], optional
            Fixed step.
        dt_max : float [s], optional
            Largest adaptive step. By default what the drives need: a twentieth of the period of a sine, nothing for
            pulses, ramps and tables, at whose edges a step ends in any case; see `fdmag.signals`. Of a plain function
            of time nothing is known: then a thousandth of ``duration`` and at most 10 ps. Give it for shorter pulses.
            With noise it is, unless given, 1 ps at most, and so short that the fastest precession is at most 5 % hotter
            than the noise (`fdmag.solvers.fixed_step`).
        window : Window, optional
            Moves the mesh along x with what it follows: see `fdmag.quantities.MovingWindow`.
        until : Criterion or callable, optional
            Stops each replica where it meets this: ``Below("m.z", 0.0)`` or ``Above(...)`` of `fdmag.quantities`, or
            a function of the simulation that returns (batch,) bools, True once it is met. The replica then keeps its m
            and t and costs nothing; `stop_times` says when. Without noise they are those at which the criterion is
            just met; with noise those at the end of that step, and the time is interpolated. The run ends early when
            all have stopped. A later run goes on from where each stands.
        on_step : callable, optional
            Called after every step. Compiled code then takes one step at a time, which costs small meshes much of their
            speed.
        progress : callable, optional
            Called now and then: after every step, or after many that are done within a twentieth of a second.

        Raises
        ------
        ParameterError
            For an unknown solver or a time that is not positive.
        SolverError
            If the step size underflows.
        """
        for label, value in (("duration", duration), ("every", every)):
            if value is not None and not 0 < value < np.inf:
                raise ParameterError(f"run: {label} = {value:g} s; allowed: above 0 s")
        run = TimeRun(self._magnet, self.state, lambda: self._changes,
                      solver=solver, tolerance=tolerance, dt=dt, dt_max=dt_max)  # fmt: skip
        self.stop_times = np.full(self.batch, np.nan)
        if until is not None:
            self.stop_times = run.until(distance_of(until, self))
        movers: list[Mover] = []
        if window is not None:
            window.start(self)
            movers.append(partial(self._follow, window, run))
        times = merged_times(output_times(duration, every), [time for time in at if 0 < time < duration])
        run.over(duration, times, None if callback is None else partial(callback, self), movers, on_step, progress)

    def _follow(self, window: Window, run: TimeRun) -> NDArray[np.intp]:
        """Move the window of those that run; return the replicas whose window has moved."""
        cells = np.where(run.stopped, 0, window.cells(self))
        if cells.any():
            self.shift(cells)
        return np.flatnonzero(cells)

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
        self._changes += 1
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
        if without := [name for name, term in self._magnet.terms.items() if not (term.has_energy() or term.stochastic)]:
            raise SolverError(f"minimize: {', '.join(without)} derives from no energy; use relax instead")
        self._changes += 1
        return minimize(self.state, self._magnet, max_torque, max_steps, on_step)
