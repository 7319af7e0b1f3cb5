"""The tables of ensembles: how many replicas, when they stop, and how well a result must be known."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fdmag.scene.readings import Given
from fdmag.scene.values import Table, count, problem, quantities, quantity

FIGURES = ("probability", "error_rate", "time_constant", "mean_time")
"""Figures of an ensemble that may be asked for with a relative error."""
SPLITTING = {"groups": 20, "floor": 1e-15, "seed": 0, "every": None, "times": None, "levels": None}
"""Keys of a splitting alone, with their defaults."""


class UntilTable(Table):
    """When a replica stops in a run: a column has come to a value."""

    column: str = Field(description="column of the table, or one that fdmag quantities lists")
    below: Given | None = Field(None, description="it is at most this; give below or above")
    above: Given | None = Field(None, description="it is at least this")

    @model_validator(mode="after")
    def _one(self) -> "UntilTable":
        if (self.below is None) == (self.above is None):
            came = "neither" if self.below is None else "both"
            raise problem(f'came {came} of below and above; give one, such as {{ column = "mz", below = 0 }}')
        return self


class EnsembleTable(Table):
    """Identical replicas that differ in their noise."""

    replicas: Annotated[int, count("number of replicas", 1, 10_000_000)] = Field(
        description="number of replicas, computed together"
    )
    relative_error: Annotated[float, quantity("1", "relative error", above=0)] | None = Field(
        None, description="repeat with as many further replicas until half the interval is at most this part of the "
        "figure"
    )  # fmt: skip
    figure: Literal["probability", "error_rate", "time_constant", "mean_time"] = Field(
        "probability",
        description="what relative_error is of, in the last run with until: the probability to have met the criterion, "
        "or not to have; the time constant of a constant rate; the mean time, if all meet it; of a splitting which of "
        "the two probabilities is the rare one",
    )
    confidence: Annotated[float, quantity("1", "confidence", above=0)] = Field(
        0.95, description="confidence of intervals, below 1"
    )
    most: Annotated[int, count("number of replicas", 1, 1_000_000_000)] = Field(
        1_000_000, description="with relative_error: end with this number of replicas at the latest"
    )
    method: Literal["count", "splitting"] = Field(
        "count", description="count replicas, or divide weighted trajectories on their way to a rare event"
    )
    groups: Annotated[int, count("independent groups of a splitting", 2, 10_000)] | None = Field(
        None, description="independent groups of a splitting, from whose scatter its interval comes; by default 20"
    )
    floor: Annotated[float, quantity("1", "probability", above=0)] | None = Field(
        None, description="probability below which a splitting need tell nothing apart; by default 1e-15"
    )
    seed: Annotated[int, count("seed of the draws of a splitting", 0, 2**63 - 1)] | None = Field(
        None, description="seed of the draws of a splitting; by default 0"
    )
    every: Annotated[float, quantity("s", "time", above=0)] | None = Field(
        None, description="interval of the divisions of a splitting [s]; by default a 24th of the run with until"
    )
    times: Annotated[list[float], quantities("s", "times", above=0)] | None = Field(
        None, description="further times of a splitting at which the probability is told, such as lengths of pulses [s]"
    )
    levels: list[Given] | None = Field(
        None, description="values of the column of until that divide a splitting into strata; by default found from it",
        min_length=1,
    )  # fmt: skip

    @property
    def splits(self) -> bool:
        """Whether trajectories are divided."""
        return self.method == "splitting"

    @model_validator(mode="after")
    def _sensible(self) -> "EnsembleTable":
        if self.confidence >= 1:
            raise problem(f"came confidence = {self.confidence:g}; allowed: above 0 and below 1")
        if self.relative_error is not None and self.most < self.replicas:
            raise problem(f"came most = {self.most}, but {self.replicas} replicas are computed at a time")
        for key, default in SPLITTING.items():
            if self.splits and getattr(self, key) is None:
                setattr(self, key, default)
            elif not self.splits and getattr(self, key) is not None:
                raise problem(f'{key} is for a splitting; add method = "splitting", or remove it')
        return self

    @model_validator(mode="after")
    def _splittable(self) -> "EnsembleTable":
        if not self.splits:
            return self
        if self.figure not in ("probability", "error_rate"):
            raise problem(f'came figure = "{self.figure}"; of a splitting allowed: probability, error_rate')
        if self.groups is not None and (self.replicas % self.groups or self.replicas < 2 * self.groups):
            raise problem(
                f"came replicas = {self.replicas}; a splitting needs a multiple of groups = {self.groups}, two each at "
                "least, and some 100 in each for every factor of 3 in the probability"
            )
        if self.floor is not None and self.floor >= 1:
            raise problem(f"came floor = {self.floor:g}; allowed: above 0 and below 1")
        return self
