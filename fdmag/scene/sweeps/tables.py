"""The table [sweep] of a scene: which quantities differ from member to member, and what is kept of each."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fdmag.scene.readings import Given, Reading
from fdmag.scene.values import Flag, Name, Table, count, problem

MAX_MEMBERS = 1_000_000
FORMS = ("values", "linspace", "logspace", "normal", "lognormal", "uniform", "column", "expression")
RANDOM = ("normal", "lognormal", "uniform")
_LINE = "first value, last value, number of values"


class Spread(Table):
    """A distribution by mean and standard deviation, both those before it is cut off at its bounds."""

    mean: Given = Field(description="mean")
    sigma: Given = Field(description="standard deviation")
    lowest: Given | None = Field(None, description="lowest value; by default none")
    highest: Given | None = Field(None, description="highest value; by default none")


class Between(Table):
    """All values between two bounds alike."""

    lowest: Given = Field(description="lowest value")
    highest: Given = Field(description="highest value")


class QuantityTable(Table):
    """A swept quantity: where it stands in the scene, and its values, in one of several forms."""

    path: str | None = Field(None, description='its place in the scene, such as "terms.slonczewski.J"')
    paths: list[str] | None = Field(None, min_length=1, description="several places that get the same value")
    values: list[Any] | None = Field(None, min_length=1, description="a list of values")
    linspace: list[Any] | None = Field(None, min_length=3, max_length=3, description=f"{_LINE}, evenly spaced")
    logspace: list[Any] | None = Field(None, min_length=3, max_length=3, description=f"{_LINE}, at a constant ratio")
    normal: Spread | None = Field(None, description="normally distributed, at random")
    lognormal: Spread | None = Field(None, description="its logarithm is normally distributed")
    uniform: Between | None = Field(None, description="evenly distributed, at random")
    column: str | None = Field(None, description="column of the sweep's file")
    expression: str | None = Field(None, description="worked out from the other quantities, by their names, in SI")

    @property
    def form(self) -> str:
        """Which of the forms is given."""
        return next(form for form in FORMS if getattr(self, form) is not None)

    @model_validator(mode="after")
    def _one_form(self) -> "QuantityTable":
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise problem(f"came {' and '.join(given) or 'none'} of {', '.join(FORMS)}; give exactly one")
        if (self.path is None) == (self.paths is None):
            came = "neither" if self.path is None else "both"
            raise problem(f'came {came} of path and paths; give one, such as path = "terms.zeeman.B.2"')
        return self

    def places(self) -> list[str]:
        """Return all paths."""
        return [self.path] if self.path is not None else list(self.paths or ())


class SweepTable(Table):
    """Quantities that differ from member to member of a sweep, and how their values are combined."""

    kind: Literal["grid", "zip", "monte_carlo"] = Field(
        "grid",
        description="grid: every value of each with every one of the others; zip: the first of each, the second of "
        "each, ...; monte_carlo: all at random",
    )
    members: Annotated[int, count("number of members that are drawn at random", 1, MAX_MEMBERS)] | None = Field(
        None, description="number of members that are drawn at random"
    )
    seed: Annotated[int, count("seed of the random numbers", 0, 2**63 - 1)] | None = Field(
        None, description="seed of the random numbers"
    )
    file: str | None = Field(None, description="a CSV file beside the scene, whose columns are values")
    quantities: dict[Name, QuantityTable] = Field({}, description="what is swept, by name")
    results: dict[Name, Reading] = Field({}, description="numbers read off the table of each member, by name")
    fields: Literal["none", "final"] = Field("none", description="final: m of the end is written for each member")
    rows: Flag = Field(True, description="whether sweep.nc holds all rows of the tables, where members have the same")

    @model_validator(mode="after")
    def _goes_together(self) -> "SweepTable":
        forms = {name: table.form for name, table in self.quantities.items()}
        drawn = [name for name, form in forms.items() if form in RANDOM]
        if self.kind == "monte_carlo":
            listed = [name for name, form in forms.items() if form not in (*RANDOM, "expression")]
            if listed:
                raise problem(
                    f'{", ".join(listed)}: kind = "monte_carlo" draws all at random; lists go with '
                    'kind = "grid", where every value is met by all members, or "zip"'
                )
        elif not [name for name, form in forms.items() if form not in (*RANDOM, "expression")]:
            raise problem(f'no quantity has a list of values; kind = "{self.kind}" needs one, or write "monte_carlo"')
        if self.kind == "zip" and self.members is not None:
            raise problem('members goes with kind = "monte_carlo" or "grid"; with "zip" the lists tell how many')
        if self.kind != "zip" and self.members is None and (drawn or self.kind == "monte_carlo"):
            raise problem("members is missing: how many are drawn at random?")
        if self.kind == "grid" and self.members is not None and not drawn:
            raise problem("came members, but no quantity is drawn at random; remove it")
        if drawn and self.seed is None:
            raise problem("seed is missing, an integer; the same seed, the same members")
        columns = [name for name, form in forms.items() if form == "column"]
        if columns and self.file is None:
            raise problem(f'{", ".join(columns)}: a column of which file? Add file = "devices.csv"')
        if self.file is not None and not columns:
            raise problem("came file, but no quantity takes a column of it; remove it")
        if columns and self.kind != "zip":
            raise problem(f'{", ".join(columns)}: the rows of a file belong together; write kind = "zip"')
        return self
