"""What a parameter is: its unit, meaning and range, declared as a field of a dataclass."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

Transforms = Literal["scalar", "pseudoscalar", "polar", "axial"]


@dataclass(frozen=True)
class Declaration:
    """What a parameter is: from it come scene keys, checks, documentation and kernel arguments.

    Attributes
    ----------
    unit : str
        SI unit; "1" for a pure number.
    meaning : str
        One phrase for documentation and messages.
    components : int
        1 for a scalar, 3 for a vector.
    minimum, above : float or None
        Least allowed value, inclusive and exclusive.
    maximum : float or None
        Largest allowed value, inclusive.
    choices : tuple of float
        The only allowed values, if there are any.
    unit_vector : bool
        The value is a direction and is normalised.
    time_dependent : bool
        Whether a function of time is allowed.
    transforms : "scalar", "pseudoscalar", "polar" or "axial"
        What becomes of the value when the whole system is rotated or reflected by R: a scalar stays, a pseudoscalar is
        multiplied by det R, a polar vector v (a current, a film normal) becomes R v, and an axial one (m, B, an easy
        axis) det(R) R v. By default numbers are scalars and vectors axial.
    follows : str or None
        "term.parameter": where the value comes from if none is given.
    unless : str or None
        Another parameter of the owner: exactly one of the two must be given.
    sums : int
        Of a derived parameter: how many sums over all cells the term's kernel finds it from, anew for every m; 0 if it
        does not.
    """

    unit: str
    meaning: str
    components: int = 1
    minimum: float | None = None
    above: float | None = None
    unit_vector: bool = False
    time_dependent: bool = True
    transforms: Transforms = "scalar"
    follows: str | None = None
    maximum: float | None = None
    choices: tuple[float, ...] = ()
    unless: str | None = None
    sums: int = 0

    @property
    def ranged(self) -> bool:
        """Whether not every finite number is allowed."""
        return self.minimum is not None or self.above is not None or self.maximum is not None or bool(self.choices)

    @property
    def allowed(self) -> str:
        """The range in words, such as "at least 0 J/m"; empty if there is none."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        if self.choices:
            return " or ".join(f"{choice:g}{unit}" for choice in self.choices)
        if self.minimum is not None and self.maximum is not None:
            return f"from {self.minimum:g} to {self.maximum:g}{unit}"
        bounds = (("at least", self.minimum), ("above", self.above), ("at most", self.maximum))
        return " and ".join(f"{word} {bound:g}{unit}" for word, bound in bounds if bound is not None)

    def outside(self, given: ArrayLike) -> NDArray[np.bool_]:
        """Return where values are out of the range."""
        values = np.asarray(given)
        wrong = np.zeros(values.shape, dtype=bool)
        if self.choices:
            wrong |= ~np.isin(values, self.choices)
        if self.minimum is not None:
            wrong |= values < self.minimum
        if self.above is not None:
            wrong |= values <= self.above
        if self.maximum is not None:
            wrong |= values > self.maximum
        return wrong

    def without_range(self) -> "Declaration":
        """Return the declaration of one item of a sum: ranges are those of the sum."""
        return dataclasses.replace(self, minimum=None, above=None, maximum=None, choices=())

    def check(self, values: NDArray, where: str, t: NDArray | None = None) -> None:
        """Raise `ParameterError` if any value is not finite or out of its physical range.

        ``where`` and ``t`` [s] say what was checked; the text is made for an error alone, as this is done in each step.
        """
        finite = bool(np.isfinite(values).all())
        if finite and not (self.ranged and self.outside(values).any()):
            return
        if t is not None:
            where = f"{where} at t = {t} s"
        if not finite:
            raise ParameterError(f"{where}: {self.meaning} is not finite; finite numbers [{self.unit}] are allowed")
        unit = "" if self.unit == "1" else f" {self.unit}"
        came = values[self.outside(values)].flat[0]
        raise ParameterError(f"{where}: {self.meaning} = {came:g}{unit} is impossible; allowed: {self.allowed}")


def parameter(
    unit: str,
    meaning: str,
    *,
    default: Any = dataclasses.MISSING,
    components: int = 1,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    choices: tuple[float, ...] = (),
    unit_vector: bool = False,
    time_dependent: bool = True,
    transforms: Transforms | None = None,
    follows: str | None = None,
    unless: str | None = None,
) -> Any:
    """Declare a parameter as a dataclass field; see `Declaration` for the arguments.

    Without ``default`` the value must be given. With ``default=None`` it may be left out: ``follows``, or the term's
    `bind`, says what it then is. With ``unless`` it must be left out where the other one is given, and only there.

    Raises
    ------
    ParameterError
        If ``transforms`` does not fit the number of components.
    """
    transforms = transforms or ("scalar" if components == 1 else "axial")
    if (transforms in ("polar", "axial")) != (components == 3):
        allowed = "polar, axial" if components == 3 else "scalar, pseudoscalar"
        raise ParameterError(f"{meaning}: {components} component(s) transform as {transforms}; allowed: {allowed}")
    declaration = Declaration(
        unit, meaning, components, minimum, above, unit_vector, time_dependent, transforms, follows, maximum, choices,
        unless,
    )  # fmt: skip
    return dataclasses.field(default=default, metadata={"parameter": declaration})


def tables(owner: type, meaning: str) -> Any:
    """Declare a dataclass field that holds any number of instances of ``owner``, a dataclass with parameters."""
    return dataclasses.field(default=(), metadata={"tables": owner, "description": meaning})


def derived(unit: str, meaning: str, *, components: int = 1, follows: str | None = None, sums: int = 0) -> Any:
    """Declare a parameter that is worked out from the others, from regions or from Ms, and never given.

    With ``follows``, "term.parameter", it is that parameter of the other term, if there is one of that kind; the
    term's `complete` sets what it is otherwise. With ``sums`` it is a number of each replica that the term's kernel
    finds from so many sums over all cells, before it visits any (see ``kernels/README.md``); `complete` sets it to 0.
    """
    declaration = Declaration(unit, meaning, components, follows=follows, sums=sums)
    return dataclasses.field(init=False, repr=False, compare=False, metadata={"derived": declaration})


def declarations(owner: Any, kind: str = "parameter") -> dict[str, Declaration]:
    """Return the declared parameters of a dataclass or instance by name, or those that are "derived"."""
    return {f.name: f.metadata[kind] for f in dataclasses.fields(owner) if kind in f.metadata}
