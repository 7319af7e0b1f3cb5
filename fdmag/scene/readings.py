"""Tables of numbers that are read off a result table: what is expected of a run, and what a sweep keeps of each run."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fdmag.scene.values import Entry, Table, count, problem, quantity, shown

OF_ALL = ("share", "mean_of_replicas", "time_constant")
"""Measures of the last values of all replicas, which have standard errors."""


def number_or_text(value: Any) -> Any:
    """Read a quantity in the unit of a column, checked when the columns are known."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise problem(f"came {shown(value)}; allowed: a number, or text with the unit of the column")
    return value


Given = Annotated[Any, Entry(number_or_text, {"anyOf": [{"type": "number"}, {"type": "string"}]})]
"""A quantity in the unit of a column; checked when the columns are known."""


def _said(value: Any) -> Any:
    if isinstance(value, str) and not value.strip():
        raise problem("says nothing; name the publication or the formula the value comes from")
    return value


class Reading(Table):
    """A number read off a table of results."""

    table: str = Field("table", description="name of the table: table, or one that a stage writes, such as modes")
    replica: Annotated[int, count("number of the replica, from 0")] = 0
    column: str = Field(description="column of the table without its unit, or figure of a device: NAME.figure")
    stage: Annotated[int, count("number of the stage, from 0")] | None = Field(
        None, description="number of the stage, from 0; by default the last with rows"
    )
    measure: Literal["final", "at", "minimum", "maximum", "mean", "zero_crossing"] = Field(
        "final",
        description="final: the last value; at: where the column along has the value at; mean: that of all rows; "
        "zero_crossing: the value of along where the column first passes zero",
    )
    along: str | None = Field(None, description="column for at and zero_crossing; by default t")
    at: Given | None = Field(None, description="value of the column along at which to read")

    @model_validator(mode="after")
    def _used(self) -> "Reading":
        if self.measure in ("at", "zero_crossing"):
            self.along = self.along or "t"
        elif self.along is not None:
            raise problem(f'measure = "{self.measure}" does not use along; it is for at and zero_crossing')
        if self.measure == "at" and self.at is None:
            raise problem(f'at is missing; measure = "at" needs the value of {self.along} to read at')
        if self.measure != "at" and self.at is not None:
            raise problem(f'measure = "{self.measure}" does not use at; write measure = "at"')
        return self


class Check(Reading):
    """A number read off the result table, with what it must be and who says so."""

    measure: Literal[
        "final", "at", "minimum", "maximum", "mean", "zero_crossing", "share", "mean_of_replicas", "time_constant"
    ] = Field(  # type: ignore[assignment]
        "final",
        description="final: the last value; at: where the column along has the value at; mean: that of all rows; "
        "zero_crossing: the value of along where the column first passes zero; of the last values of all replicas: "
        "mean_of_replicas, share: how many are numbers, such as those of t_stop that stopped, and time_constant: the "
        "time all waited over the number that stopped",
    )
    member: dict[str, Any] | None = Field(
        None, description="of a sweep: values of swept quantities that choose members; by default all"
    )
    statistic: Literal["each", "mean", "median", "minimum", "maximum", "standard_deviation"] | None = Field(
        None, description="of a sweep: each: every member must come out so, the default; else what is made of all"
    )
    value: Given = Field(description="what must come out")
    tolerance: Given | None = Field(None, description="largest difference allowed; or give sigmas")
    sigmas: Annotated[float, quantity("1", "number of standard errors", above=0)] | None = Field(
        None,
        description="largest difference in standard errors, for share, mean_of_replicas, time_constant, and in "
        "the table splitting",
    )
    source: Annotated[str, BeforeValidator(_said)] = Field(description="publication or formula behind the value")

    @model_validator(mode="after")
    def _bounded(self) -> "Check":
        if self.sigmas is not None and self.measure not in OF_ALL and self.table != "splitting":
            raise problem(f'measure = "{self.measure}" has no standard error; give tolerance instead of sigmas')
        if (self.tolerance is None) == (self.sigmas is None):
            came = "neither" if self.tolerance is None else "both"
            raise problem(f"came {came} of tolerance and sigmas; give one")
        if self.measure in ("share", "time_constant") and self.column != "t_stop":
            raise problem(f'measure = "{self.measure}" is of the column t_stop')
        return self
