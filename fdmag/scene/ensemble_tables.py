"""The tables of ensembles: how many replicas, when they stop, and how well a result must be known."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fdmag.scene.readings import Given
from fdmag.scene.values import Table, count, problem, quantity

FIGURES = ("probability", "error_rate", "time_constant", "mean_time")
"""Figures of an ensemble that may be asked for with a relative error."""


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
        "or not to have; the time constant of a constant rate; the mean time, if all meet it",
    )
    confidence: Annotated[float, quantity("1", "confidence", above=0)] = Field(
        0.95, description="confidence of intervals, below 1"
    )
    most: Annotated[int, count("number of replicas", 1, 1_000_000_000)] = Field(
        1_000_000, description="with relative_error: end with this number of replicas at the latest"
    )

    @model_validator(mode="after")
    def _sensible(self) -> "EnsembleTable":
        if self.confidence >= 1:
            raise problem(f"came confidence = {self.confidence:g}; allowed: above 0 and below 1")
        if self.relative_error is not None and self.most < self.replicas:
            raise problem(f"came most = {self.most}, but {self.replicas} replicas are computed at a time")
        return self
