"""The tables of ensembles: how many replicas, when they stop, and how well a result must be known."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fdmag.scene.values import Entry, Table, count, problem, quantity, shown

FIGURES = ("probability", "error_rate", "time_constant", "mean_time")
"""Figures of an ensemble that may be asked for with a relative error."""


def number_or_text(value: Any) -> Any:
    """Read a quantity in the unit of a column, checked when the columns are known."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise problem(f"came {shown(value)}; allowed: a number, or text with the unit of the column")
    return value


Given = Annotated[Any, Entry(number_or_text, {"anyOf": [{"type": "number"}, {"type": "string"}]})]
"""A quantity in the unit of a column; checked when the columns are known."""


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
        return self


def said(value: Any) -> Any:
    """Read a source, which must say something."""
    if isinstance(value, str) and not value.strip():
        raise problem("says nothing; name the publication or the formula the value comes from")
    return value


OF_ALL = ("share", "mean", "time_constant")
"""Measures of all replicas together."""


class Check(Table):
    """A number read off the result table, with what it must be and who says so."""

    table: str = Field("table", description="name of the table: table, or one that a stage writes, such as modes")
    column: str = Field(description="column of the table, without its unit")
    replica: Annotated[int, count("number of the replica, from 0")] = 0
    stage: Annotated[int, count("number of the stage, from 0")] | None = Field(
        None, description="number of the stage, from 0; by default the last with rows"
    )
    measure: Literal["final", "at", "minimum", "maximum", "zero_crossing", "share", "mean", "time_constant"] = Field(
        "final",
        description="final: the last value; at: where the column along has the value at; zero_crossing: the value of "
        "along where the column first passes zero; of the last values of all replicas: mean, share: how many are "
        "numbers, such as those of t_stop that stopped, and time_constant: the time all waited over the number that "
        "stopped",
    )
    along: str | None = Field(None, description="column for at and zero_crossing; by default t")
    at: Given | None = Field(None, description="value of the column along at which to read")
    value: Given = Field(description="what must come out")
    tolerance: Given | None = Field(None, description="largest difference allowed; or give sigmas")
    sigmas: Annotated[float, quantity("1", "number of standard errors", above=0)] | None = Field(
        None, description="largest difference in standard errors, for share, mean and time_constant"
    )
    source: Annotated[str, BeforeValidator(said)] = Field(description="publication or formula behind the value")

    @model_validator(mode="after")
    def _used(self) -> "Check":
        if self.measure in ("at", "zero_crossing"):
            self.along = self.along or "t"
        elif self.along is not None:
            raise problem(f'measure = "{self.measure}" does not use along; it is for at and zero_crossing')
        if self.measure == "at" and self.at is None:
            raise problem(f'at is missing; measure = "at" needs the value of {self.along} to read at')
        if self.measure != "at" and self.at is not None:
            raise problem(f'measure = "{self.measure}" does not use at; write measure = "at"')
        if self.sigmas is not None and self.measure not in OF_ALL:
            raise problem(f'measure = "{self.measure}" has no standard error; give tolerance instead of sigmas')
        if (self.tolerance is None) == (self.sigmas is None):
            came = "neither" if self.tolerance is None else "both"
            raise problem(f"came {came} of tolerance and sigmas; give one")
        if self.measure in ("share", "time_constant") and self.column != "t_stop":
            raise problem(f'measure = "{self.measure}" is of the column t_stop')
        return self
