"""First passages of a simulation's replicas through a criterion, as weighted trajectories that are divided."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.quantities import Below
from fdmag.rare_events.particles import SimulationParticles
from fdmag.rare_events.splitting import Splitting, divided
from fdmag.simulation import Simulation
from fdmag.time_integration import merged_times, output_times

RARE = ("missed", "reached")
SLICES = 24
"""Divisions of a run by default."""

Told = Callable[[], None]


class FirstPassages:
    """The replicas of a simulation as weighted trajectories, in groups that know nothing of each other.

    `run` lets time pass, `until` watches who meets the criterion. In both the clouds are divided again and again as
    `fdmag.rare_events.split` does, where they are on their way to the rare event: not to have met the criterion by the
    end ("missed", a write error), or to have met it ("reached", a loss of retention). A trajectory that meets it keeps
    its weight and ends; the others take its place. So all of them work on what is still open, and neither probability
    is ever a difference of nearly equal numbers. Between calls parameters may be set: a current switched on.

    Parameters
    ----------
    simulation : Simulation
        With thermal noise; its replicas are alike but for their noise and the m they start from, which counts as drawn
        at random. Replica g n + k is the kth of group g.
    criterion : Below or Above
        Of `fdmag.quantities`. How far its column is from the value is the score of a trajectory.
    groups : int
        At least 2; the batch is a multiple.
    rare : "missed" or "reached"
    ratio : float
        Of the weights of neighbouring strata, above 1.
    levels : sequence of float, optional
        Values of the column between which strata lie; by default they are found from the cloud, by ``ratio``.
    floor : float
        Probability below which nothing need be told apart: lighter strata are not divided further.
    seed, first_group : int
        Of the draws; number of the first group. A group has its own draws, however many are computed together.

    Attributes
    ----------
    weights : array (groups, n)
        Of the trajectories; 0 of those that have ended.
    passed : array (groups,)
        Weight of all that have met the criterion.

    Raises
    ------
    ParameterError

    Source: as `fdmag.rare_events.split`. That trajectories end changes nothing in what is shown there: the event is a
    function of the whole path, and one that has ended is a state from which no other is reached.

    Examples
    --------
    A field of B_K/2 against m, which half of 0.2 ns suffices for:

    >>> from fdmag.mesh import Mesh
    >>> from fdmag.terms import Thermal, UniaxialAnisotropy, Zeeman
    >>> terms = [Thermal(T=300, seed=1), UniaxialAnisotropy(Ku1=1e5), Zeeman(B=(0, 0, -0.4))]
    >>> cells = Simulation(Mesh((1, 1, 1), (1e-8,) * 3), terms, Ms=1e6, alpha=0.5, batch=40)
    >>> passages = FirstPassages(cells, Below("mz", 0.0), groups=4)
    >>> found = passages.until(0.05e-9, every=0.01e-9, dt=1e-12)
    >>> found.t.size, bool(0 < found.probability[-1] < 1)
    (5, True)
    """

    def __init__(
        self,
        simulation: Simulation,
        criterion: Below,
        groups: int,
        *,
        rare: str = "missed",
        ratio: float = 3.0,
        levels: Sequence[float] | None = None,
        floor: float = 1e-15,
        seed: int = 0,
        first_group: int = 0,
    ) -> None:
        if rare not in RARE:
            raise ParameterError(f'first passages: rare = "{rare}"; allowed: {", ".join(RARE)}')
        if not 1 < ratio < np.inf or not 0 < floor < 1:
            raise ParameterError(f"first passages: ratio = {ratio:g}, floor = {floor:g}; allowed: above 1, from 0 to 1")
        self.simulation, self.criterion, self.rare = simulation, criterion, rare
        towards = 1 if rare == "missed" else -1
        distance, every = criterion.distances(simulation), np.arange(simulation.batch)
        self._particles = SimulationParticles(simulation, lambda _: towards * distance(every), groups)
        self.groups, self.n = self._particles.shape
        if groups < 2 or self.n < 2:
            raise ParameterError(f"first passages: {groups} group(s) of {self.n}; needed: two groups of two")
        self._ratio, self._floor = ratio, floor
        self._levels = None if levels is None else np.sort([towards * criterion.distance_at(each) for each in levels])
        self._draws = [np.random.default_rng([seed, first_group + group]) for group in range(groups)]
        self.weights = np.full((groups, self.n), 1 / self.n)
        self.passed = np.zeros(groups)

    def run(self, duration: float, *, every: float | None = None, on_step: Told | None = None, **options: Any) -> None:
        """Let all go on for ``duration`` [s], divided at intervals ``every`` [s]; nobody ends.

        ``options`` as of `Simulation.run`, such as ``dt``.
        """
        for part in np.diff(self._times(duration, every, ()), prepend=0.0).tolist():
            self.simulation.run(part, on_step=on_step, **options)
            self._divide()

    def until(
        self,
        duration: float,
        *,
        every: float | None = None,
        at: Sequence[float] = (),
        on_step: Told | None = None,
        **options: Any,
    ) -> Splitting:
        """Let all go on for ``duration`` [s], or until they meet the criterion; return the rare event's probability.

        Parameters
        ----------
        duration : float [s]
        every : float [s], optional
            Interval of divisions; by default a 24th of the duration. So short that the probability changes by less than
            about ``ratio`` from one to the next.
        at : sequence of float [s]
            Further times from the start at which the probability is told.
        on_step : callable, optional
        **options
            As of `Simulation.run`, such as ``dt``.

        Returns
        -------
        Splitting
            At the times of the divisions, from the start of this run.
        """
        times = self._times(duration, every, at)
        estimates = np.empty((self.groups, times.size))
        for number, part in enumerate(np.diff(times, prepend=0.0).tolist()):
            self.simulation.run(part, until=self.criterion, on_step=on_step, **options)
            met = ~np.isnan(self.simulation.stop_times).reshape(self.groups, self.n)
            self.passed += np.where(met, self.weights, 0).sum(axis=1)
            self.weights[met] = 0
            estimates[:, number] = self.passed if self.rare == "reached" else self.weights.sum(axis=1)
            if number + 1 < times.size:
                self._divide()
        return Splitting(times, np.minimum(estimates, 1), self.simulation.batch * times.size)

    def _times(self, duration: float, every: float | None, at: Sequence[float]) -> NDArray[np.float64]:
        """Return the times of the divisions from the start, and the end."""
        for name, given in (("duration", duration), ("every", every)):
            if given is not None and not 0 < given < np.inf:
                raise ParameterError(f"first passages: {name} = {given:g} s; allowed: above 0 s")
        if any(not 0 < time <= duration for time in at):
            raise ParameterError(f"first passages: at = {list(at)}; allowed: above 0 s, up to {duration:g} s")
        return np.array(merged_times(output_times(duration, duration / SLICES if every is None else every), at))

    def _divide(self) -> None:
        """Let the trajectories go on that are wanted, with the weights they then have."""
        scores = self._particles.score()
        if not np.all(np.isfinite(scores[self.weights > 0])):
            raise ParameterError(f"first passages: {self.criterion.column} is not a number somewhere")
        chosen = []
        for weights, score, draw in zip(self.weights, scores, self._draws, strict=True):
            depth = np.log(max(weights.sum() / self._floor, 1)) / np.log(self._ratio)
            most = max(1, int(np.ceil(depth)))
            chosen.append(divided(weights, score, self._ratio, most, float(draw.uniform()), self._levels))
        sources = np.stack([each for each, _ in chosen])
        self._particles.copy(sources)
        # Those that had ended stand at the times of their ends: who takes their place has that of who goes on.
        t = self.simulation.t.reshape(self.groups, self.n)
        self.simulation.t = np.take_along_axis(t, sources, axis=1).ravel()
        self.weights = np.stack([kept for _, kept in chosen])
