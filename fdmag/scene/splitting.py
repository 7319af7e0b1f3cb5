"""The ensemble of a scene as weighted trajectories that are divided on their way to a rare event."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fdmag.output.recorder import Recorder
from fdmag.rare_events import FirstPassages, Splitting
from fdmag.rare_events.passages import SLICES
from fdmag.statistics import Estimate

if TYPE_CHECKING:
    from fdmag.scene.ensemble_tables import EnsembleTable
    from fdmag.scene.stages import Stage

RARE = {"error_rate": "missed", "probability": "reached"}
OTHER = {"error_rate": "probability", "probability": "error_rate"}


def splitting_columns(figure: str) -> dict[str, str]:
    """Return the columns of ``tables/splitting.csv`` and their units."""
    return {"t": "s", "stage": "1", figure: "1", "low": "1", "high": "1", "sigma": "1"}


class EnsembleSplitting:
    """The trajectories of the batch at work, and what all batches have found.

    Parameters
    ----------
    table : EnsembleTable
    duration : float [s]
        Of the run in which trajectories end.
    """

    def __init__(self, table: "EnsembleTable", duration: float) -> None:
        assert table.groups is not None  # a splitting has these, and seed, filled in
        assert table.floor is not None
        self.table, self.groups, self.floor = table, table.groups, table.floor
        self.every = duration / SLICES if table.every is None else table.every
        self.found: Splitting | None = None
        self.replicas = 0
        self._passages: FirstPassages | None = None

    def begin(self) -> None:
        """Let the replicas that follow be a further batch."""
        self._passages = None

    def run(self, stage: "Stage", criterion: Any) -> None:
        """Carry out a run; ``criterion`` is that of the ensemble, which the last run watches."""
        table, simulation, recorder = stage.table, stage.simulation, stage.recorder
        if self._passages is None:
            self._passages = FirstPassages(
                simulation, criterion, self.groups, rare=RARE[self.table.figure], levels=self.table.levels,
                floor=self.floor, seed=self.table.seed or 0,
                first_group=self.replicas // simulation.batch * self.groups,
            )  # fmt: skip
        passages = self._passages
        start = simulation.t
        stage.progress.start(stage.index, f"run {table.duration * 1e9:g} ns, divided", table.duration)

        def tell() -> None:
            done = float(min((simulation.t - start).max(), table.duration))
            stage.progress.advance(done, lambda: f"t = {(start.max() + done) * 1e9:.4f} ns")

        given = {key: getattr(table, key) for key in ("solver", "tolerance", "dt", "dt_max")}
        options = {key: value for key, value in given.items() if value is not None}
        recorder.row(stage.index, {"weight": passages.weights.ravel()})
        if table.until is None:
            passages.run(table.duration, every=self.every, on_step=tell, **options)
        else:
            found = passages.until(
                table.duration, every=self.every, at=self.table.times or (), on_step=tell, **options
            )  # fmt: skip
            self.found = found if self.found is None else self.found.joined(found)
            self.replicas += simulation.batch
        recorder.row(stage.index, {"weight": passages.weights.ravel()})
        recorder.fields()

    def intervals(self) -> tuple[Splitting, NDArray[np.float64], NDArray[np.float64]]:
        """Return what was found, and the bounds of its interval, (times,) each.

        What is below the floor is known to be below it, and no better. Where nothing was found the upper bound is not
        known (NaN), but of a falling probability it is the last one known.
        """
        found = self.found
        assert found is not None
        low, high = found.interval(self.table.confidence)
        small = (found.probability > 0) & (found.probability < self.floor)
        low, high = np.where(small, 0.0, low), np.where(small, np.fmax(high, self.floor), high)
        if RARE[self.table.figure] == "missed":
            known = np.where(found.probability > 0, high, np.inf)
            bound = np.minimum.accumulate(known)
            high = np.where((found.probability == 0) & np.isfinite(bound), bound, high)
        return found, low, np.minimum(high, 1)  # NaN stays

    def estimate(self) -> Estimate:
        """Return the probability at the end of the run, with its interval."""
        found, low, high = self.intervals()
        return Estimate(
            float(found.probability[-1]), float(low[-1]), float(high[-1]), self.table.confidence
        )  # fmt: skip

    def known(self) -> bool:
        """Return whether the probability is known as well as it is asked for, or is below the floor."""
        wanted, found = self.table.relative_error, self.estimate()
        below = found.value > 0 and found.high <= self.floor
        return wanted is None or below or bool(found.relative_error <= wanted)

    def figures(self, stage: int) -> dict[str, Any]:
        """Return what ``run.json`` tells: both probabilities at the end, with their intervals."""
        found, estimate = self.intervals()[0], self.estimate()
        rare = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
        other = {"value": 1 - estimate.value, "low": 1 - estimate.high, "high": 1 - estimate.low}
        return {
            "stage": stage, "method": "splitting", "replicas": self.replicas, "groups": len(found.estimates),
            self.table.figure: rare, OTHER[self.table.figure]: other,
            "sigma": float(found.standard_error[-1]), "confidence": self.table.confidence,
        }  # fmt: skip

    def not_stopped(self) -> NDArray[np.float64]:
        """Return times [s], the probability not to have met the criterion, and its bounds, (times, 4)."""
        found, low, high = self.intervals()
        p = found.probability
        if RARE[self.table.figure] == "reached":
            p, low, high = 1 - p, 1 - high, 1 - low
        return np.stack([found.t, p, low, high], axis=1)

    def write(self, recorder: Recorder, stage: int) -> None:
        """Write ``tables/splitting.csv``: the probability and its interval over the time since the stage began."""
        found, low, high = self.intervals()
        table = recorder.further_table("splitting", splitting_columns(self.table.figure))
        for k, t in enumerate(found.t):
            table.append({
                "t": t, "stage": stage, self.table.figure: found.probability[k], "low": low[k], "high": high[k],
                "sigma": found.standard_error[k], "replica": 0,
            })  # fmt: skip
        what = {"missed": "not to have met it", "reached": "to have met it"}[RARE[self.table.figure]]
        recorder.picture("splitting", lambda axes: found.plot(axes, self.table.confidence).set_ylabel(
            f"probability {what}"))  # fmt: skip
