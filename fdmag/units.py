"""Quantities with units, as people write them in scenes: "800 kA/m" to SI numbers, and back for messages.

Symbols (nm, kA, mT, Oe, erg, ...) come from the short table below; any other name (nanometer, inch, year) is looked
up in pint. Two reasons for the table: importing pint and building its registry takes about 0.2 s, more than checking
a whole scene, and pint leaves Gaussian magnetic units unconnected to SI ones. A test holds the two together.
Text is taken apart by the grammar here; pint sees single names only and never evaluates an expression.

All arithmetic is on exact fractions and is rounded once, so "2.5 nm" is the float 2.5e-9 and not its neighbour.

Magnetic fields
---------------
fdmag's fields are B in tesla. Oe and G are accepted for them: 1 Oe and 1 G both stand for 1e-4 T, the flux density
µ0 H of that field in vacuum, which is what "a field of 50 Oe" means in practice. A/m is *not* accepted for a field in
tesla, nor T, Oe or G for a magnetisation in A/m: there the factor µ0 (or 4π) is a statement about which quantity was
meant, so the error shows the converted number and leaves the decision to the author.

Angles
------
The radian counts as a unit of its own, so that "5 GHz" cannot pass for an angular frequency in rad/s, nor a
γ/2π in GHz/T for a γ in rad/(s T); both differ by 2π. A missing "rad" is forgiven: "1.76e11 1/(s T)" is a γ.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from numbers import Real
from typing import Any, NoReturn

from fdmag.constants import MU_0
from fdmag.errors import ParameterError, did_you_mean

__all__ = ["format_quantity", "is_si", "parse_quantity"]

MAX_LENGTH = 100  # characters; no sensible quantity is longer
MAX_EXPONENT = 9

Dimension = tuple[int, ...]  # powers of m, kg, s, A, K, rad

PREFIXES = {
    "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "m": -3, "c": -2, "d": -1, "": 0,
    "k": 3, "M": 6, "G": 9, "T": 12, "P": 15,
}  # fmt: skip

_PI = Fraction("3.14159265358979323846264338327950288419716939937510")

# symbol: (factor to SI, powers of m, kg, s, A, K, rad, whether prefixes are allowed)
SYMBOLS: dict[str, tuple[Fraction, Dimension, bool]] = {
    "m": (Fraction(1), (1, 0, 0, 0, 0, 0), True),
    "g": (Fraction(1, 1000), (0, 1, 0, 0, 0, 0), True),
    "s": (Fraction(1), (0, 0, 1, 0, 0, 0), True),
    "A": (Fraction(1), (0, 0, 0, 1, 0, 0), True),
    "K": (Fraction(1), (0, 0, 0, 0, 1, 0), True),
    "rad": (Fraction(1), (0, 0, 0, 0, 0, 1), True),
    "deg": (_PI / 180, (0, 0, 0, 0, 0, 1), False),
    "Hz": (Fraction(1), (0, 0, -1, 0, 0, 0), True),
    "N": (Fraction(1), (1, 1, -2, 0, 0, 0), True),
    "Pa": (Fraction(1), (-1, 1, -2, 0, 0, 0), True),
    "J": (Fraction(1), (2, 1, -2, 0, 0, 0), True),
    "W": (Fraction(1), (2, 1, -3, 0, 0, 0), True),
    "C": (Fraction(1), (0, 0, 1, 1, 0, 0), True),
    "V": (Fraction(1), (2, 1, -3, -1, 0, 0), True),
    "F": (Fraction(1), (-2, -1, 4, 2, 0, 0), True),
    "Ω": (Fraction(1), (2, 1, -3, -2, 0, 0), True),
    "ohm": (Fraction(1), (2, 1, -3, -2, 0, 0), True),
    "S": (Fraction(1), (-2, -1, 3, 2, 0, 0), True),
    "Wb": (Fraction(1), (2, 1, -2, -1, 0, 0), True),
    "H": (Fraction(1), (2, 1, -2, -2, 0, 0), True),
    "T": (Fraction(1), (0, 1, -2, -1, 0, 0), True),
    "eV": (Fraction("1.602176634e-19"), (2, 1, -2, 0, 0, 0), True),
    "Å": (Fraction(1, 10**10), (1, 0, 0, 0, 0, 0), False),
    "min": (Fraction(60), (0, 0, 1, 0, 0, 0), False),
    "h": (Fraction(3600), (0, 0, 1, 0, 0, 0), False),
    "%": (Fraction(1, 100), (0, 0, 0, 0, 0, 0), False),
    "ppm": (Fraction(1, 10**6), (0, 0, 0, 0, 0, 0), False),
    # Gaussian units, as the SI quantity they stand for (see the module's text for Oe and G)
    "G": (Fraction(1, 10**4), (0, 1, -2, -1, 0, 0), True),
    "Oe": (Fraction(1, 10**4), (0, 1, -2, -1, 0, 0), True),
    "Mx": (Fraction(1, 10**8), (2, 1, -2, -1, 0, 0), True),
    "emu": (Fraction(1, 10**3), (2, 0, 0, 1, 0, 0), True),
    "erg": (Fraction(1, 10**7), (2, 1, -2, 0, 0, 0), True),
    "dyn": (Fraction(1, 10**5), (1, 1, -2, 0, 0, 0), True),
    "cc": (Fraction(1, 10**6), (3, 0, 0, 0, 0, 0), False),
}
SYMBOLS["gauss"], SYMBOLS["oersted"] = SYMBOLS["G"], SYMBOLS["Oe"]

# what a unit usually measures here, and texts that may be written for it
KINDS = {
    "m": ("a length", ("2.5 nm", "1 um", "2.5e-9")),
    "m^2": ("an area", ("100 nm^2", "1e-14")),
    "m^3": ("a volume", ("100 nm^3", "1e-24")),
    "s": ("a time", ("5 ns", "100 ps", "5e-9")),
    "Hz": ("a frequency", ("5 GHz", "1/s")),
    "A": ("a current", ("25 uA", "25e-6")),
    "A/m": ("a magnetisation or H field", ("800 kA/m", "800 emu/cm^3", "8e5")),
    "A/m^2": ("a current density", ("1e11 A/m^2", "10 MA/cm^2", "1e11")),
    "A m^2": ("a magnetic moment", ("1 aA m^2", "1e-15 emu")),
    "T": ("a magnetic field B", ("24.6 mT", "50 Oe", "0.0246")),
    "J": ("an energy", ("0.2 aJ", "1.2 eV", "2e-19")),
    "J/m": ("an exchange stiffness", ("13 pJ/m", "1.3e-6 erg/cm", "13e-12")),
    "J/m^2": ("an energy per area", ("3.5 mJ/m^2", "3.5 erg/cm^2", "3.5e-3")),
    "J/m^3": ("an energy density", ("0.5 MJ/m^3", "5e6 erg/cm^3", "5e5")),
    "K": ("a temperature", ("300 K", "300")),
    "V": ("a voltage", ("0.5 V", "100 mV")),
    "V/m": ("an electric field", ("1 V/nm", "1e9")),
    "ohm": ("a resistance", ("5 kohm", "5e3")),
    "ohm m": ("a resistivity", ("200 uohm cm", "2e-6")),
    "ohm m^2": ("a resistance-area product", ("10 ohm um^2", "1e-11")),
    "J/(V m)": ("a VCMA coefficient", ("60 fJ/(V m)", "6e-14")),
    "kg": ("a mass", ("1 g", "1e-3")),
    "m/s": ("a velocity", ("100 m/s", "100")),
    "m/(A s)": ("a gyromagnetic ratio for H", ("2.211e5 m/(A s)",)),
    "rad": ("an angle", ("45 deg", "0.5 rad", "90°")),
    "rad/s": ("an angular frequency", ("3e10 rad/s",)),
    "rad/(s T)": ("a gyromagnetic ratio", ("1.76e11 rad/(s T)", "1.76e11")),
    "1": ("a pure number", ("0.05", "5 %")),
}

_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![0-9.])")
_TOKEN = re.compile(r"(?P<name>[A-Za-zµΩÅ_]+|%|1(?![0-9]))(?:(?:\^|\*\*)?(?P<power>[+-]?[0-9]+))?|(?P<sign>[*/()])")
_SPELLINGS = str.maketrans(
    {"μ": "µ", "\u2126": "Ω", "\u212b": "Å", "·": "*", "⋅": "*", "×": "*", "−": "-", "°": " deg "}
)
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class _UnitError(ParameterError):
    """A unit's text cannot be read; `parse_quantity` adds what is wanted to the message."""


@dataclass(frozen=True)
class _Unit:
    factor: Fraction
    dimension: Dimension
    names: tuple[str, ...]

    @property
    def without_angle(self) -> Dimension:
        return self.dimension[:-1]


def _from_table(name: str) -> tuple[Fraction, Dimension] | None:
    for prefix, symbol in (("", name), (name[:1], name[1:])):
        if prefix in PREFIXES and symbol in SYMBOLS and (SYMBOLS[symbol][2] or not prefix):
            factor, dimension, _ = SYMBOLS[symbol]
            return factor * Fraction(10) ** PREFIXES[prefix], dimension
    return None


@lru_cache(maxsize=512)
def _symbol(name: str) -> tuple[Fraction, Dimension]:
    """Return factor and dimension of one name, from the table or else from pint."""
    return _from_table(name) or _from_pint(name)


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(non_int_type=Decimal)


def _from_pint(name: str) -> tuple[Fraction, Dimension]:
    import pint

    registry = _registry()
    try:
        if len(name) < 3:  # pint's short symbols (a: are, b: barn, u: dalton, c: light) are rather misprints here
            raise pint.UndefinedUnitError(name)
        readings = registry.parse_unit_name(name)
        # pint reads "As" as several amperes; a plural is believed only of a name written in full
        if not any(plural == "" or name == prefix + unit + plural for prefix, unit, plural in readings):
            raise pint.UndefinedUnitError(name)
        factor, base = registry.get_base_units(name)
        one, two = (registry.Quantity(Decimal(n), name).to_base_units().magnitude for n in (1, 2))
    except (pint.errors.PintError, AttributeError, TypeError):
        raise _UnitError(f'unknown unit "{name}"{_suggestion(name)}') from None
    if abs(two - 2 * one) > abs(one) * Decimal("1e-20"):
        raise _UnitError(f'"{name}" is no multiple of an SI unit (its zero is elsewhere, or it is logarithmic)')
    order = ("meter", "kilogram", "second", "ampere", "kelvin", "radian")
    powers = dict(base._units)
    dimension = tuple(int(powers.pop(unit, 0)) for unit in order)
    if powers or any(dict(base._units).get(unit, 0) % 1 for unit in order) or not math.isfinite(factor):
        raise _UnitError(f'"{name}" is not a unit of mechanics, electricity or heat')
    return Fraction(factor), dimension


def _suggestion(name: str) -> str:
    other_case = name[:-1] + name[-1].swapcase()  # "mt", "ka"
    common = [other_case] if _from_table(other_case) else [symbol for symbol in SYMBOLS if len(symbol) > 1]
    return did_you_mean(name, common)


def _normalise(text: str) -> str:
    text = text.replace("°C", "degC").translate(_SPELLINGS)
    # superscripts are powers of units only: "m⁻³" -> "m^-3", while "5²" stays unreadable
    return re.sub("(?<=[A-Za-zµΩÅ])⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda match: "^" + match[0].translate(_SUPERSCRIPTS), text)


@lru_cache(maxsize=512)
def _unit(text: str) -> _Unit:
    """Read a unit, already normalised: names with powers, products by ``*`` or space, quotients, parentheses."""
    factor, dimension, names = Fraction(1), [0] * 6, []
    # sign of the powers inside the open parentheses; whether the next name is divided; whether '/' came at this level
    stack: list[tuple[int, bool]] = []
    sign, next_sign, divided, expects_name = 1, 1, False, True
    position, text = 0, text.strip()
    if text.startswith("/"):
        text = "1" + text
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token = _TOKEN.match(text, position)
        if token is None:
            raise _UnitError(f'cannot read the unit from "{text[position:]}" on')
        position = token.end()
        mark = token["sign"]
        if mark in ("*", "/"):
            if expects_name:
                raise _UnitError(f'a name is missing before "{mark}"')
            next_sign, divided, expects_name = (-sign if mark == "/" else sign), divided or mark == "/", True
        elif mark == ")":
            if not stack or expects_name:
                raise _UnitError('misplaced ")"')
            sign, divided = stack.pop()
            next_sign = sign
        else:
            if not expects_name and divided:
                raise _UnitError('a product after "/" can be read in two ways: write "/(...)" or "*"')
            if mark == "(":
                stack.append((sign, divided))
                sign, divided, expects_name = (next_sign if expects_name else sign), False, True
                next_sign = sign
                continue
            power = int(token["power"] or 1) if len(token["power"] or "") <= 3 else MAX_EXPONENT + 1
            if abs(power) > MAX_EXPONENT:
                raise _UnitError(f"powers of units are limited to ±{MAX_EXPONENT}")
            power *= next_sign if expects_name else sign
            if token["name"] != "1":
                size, powers = _symbol(token["name"])
                factor *= size**power
                dimension = [total + power * one for total, one in zip(dimension, powers, strict=True)]
                names.append(token["name"])
            next_sign, expects_name = sign, False
    if stack or (expects_name and text):
        raise _UnitError("the unit ends too early")
    return _Unit(factor, tuple(dimension), tuple(names))


def parse_quantity(value: str | float, unit: str) -> float:
    """Return a quantity as a number of ``unit``.

    Parameters
    ----------
    value : str or number
        "800 kA/m", "2.5nm", "0.5 MJ/m³", "1.76e11 rad/(s T)", "90°"; a number, or text without a unit,
        is already in ``unit``.
    unit : str
        The unit wanted, in fdmag an SI unit: "A/m", "J/m^3"; "1" for a pure number.

    Returns
    -------
    float
        The nearest float to the exact value.

    Raises
    ------
    ParameterError
        Not a number, not finite, unreadable or of another kind of quantity than ``unit``.

    >>> parse_quantity("800 kA/m", "A/m"), parse_quantity("2.5 nm", "m"), parse_quantity(2.5e-9, "m")
    (800000.0, 2.5e-09, 2.5e-09)
    >>> parse_quantity("50 Oe", "T"), parse_quantity("800 emu/cm^3", "A/m"), parse_quantity("5 %", "1")
    (0.005, 800000.0, 0.05)
    >>> parse_quantity("800 kA", "A/m")
    Traceback (most recent call last):
    fdmag.errors.ParameterError: "800 kA" is a current [A], wanted a magnetisation or H field [A/m]; allowed: ...
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ParameterError(f"{number} is not finite; {_wanted(unit)}")
        return number
    if not isinstance(value, str):
        raise ParameterError(f"{value!r} ({type(value).__name__}) is neither a number nor text; {_wanted(unit)}")
    if len(value) > MAX_LENGTH:
        raise ParameterError(f'"{value[:20]}..." has {len(value)} characters, {MAX_LENGTH} allowed; {_wanted(unit)}')
    text = _normalise(value)
    wanted = _unit(_normalise(unit))
    number_text = _NUMBER.match(text)
    if number_text is None:
        raise ParameterError(f"{_quoted(value)} does not begin with a finite number; {_wanted(unit)}")
    if len(number_text[1].lower().partition("e")[2].lstrip("+-0")) > 3:
        raise ParameterError(f"{_quoted(value)} is beyond the range of floating point numbers; {_wanted(unit)}")
    exact, unit_text = Fraction(number_text[1]), text[number_text.end() :].strip()
    try:
        # "1e-9" without a unit is in the unit wanted
        given = _unit(unit_text) if unit_text else wanted
    except _UnitError as error:
        raise ParameterError(f"{_quoted(value)}: {error}; {_wanted(unit)}") from None
    _check_kind(value, exact, given, unit, wanted)
    try:
        result = float(exact * given.factor / wanted.factor)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result) or (exact and not result):
        raise ParameterError(f"{_quoted(value)} is beyond the range of floating point numbers; {_wanted(unit)}")
    return result


def is_si(unit: str) -> bool:
    """Return whether a unit is one of SI without a prefix, such as "T" or "J/m^3"; raises as `parse_quantity`."""
    return _unit(_normalise(unit)).factor == 1


def _check_kind(value: str, exact: Fraction, given: _Unit, unit: str, wanted: _Unit) -> None:
    if given.dimension == wanted.dimension:
        return
    hint = ""
    if given.without_angle == wanted.without_angle:
        frequency_written = any(name.endswith("Hz") for name in given.names)
        if given.dimension[-1] == 0 and not frequency_written:
            return
        hint = " (multiply a frequency by 2*pi to make it an angular one)" if frequency_written else ""
        if given.dimension[-1] > wanted.dimension[-1] and any(given.without_angle):
            hint = " (divide by 2*pi to make an angular frequency a frequency)"
    for power, advice in ((1, "multiply"), (-1, "divide")):
        mu0_dimension = (1, 1, -2, -2, 0)  # T m/A
        shifted = tuple(g + power * d for g, d in zip(given.without_angle, mu0_dimension, strict=True))
        if shifted == wanted.without_angle:
            try:
                number = float(exact * given.factor) * MU_0**power
            except OverflowError:
                continue
            hint = f" ({advice} by mu0 if that is what is meant: {format_quantity(number, unit)})"
    _refuse(value, given, unit, hint)


def _refuse(value: str, given: _Unit, unit: str, hint: str) -> NoReturn:
    kind = next((f"{words} [{name}]" for name, words, dimension in _kinds() if dimension == given.dimension), None)
    is_what = f"is {kind}" if kind else "is another kind of quantity"
    raise ParameterError(f"{_quoted(value)} {is_what}, {_wanted(unit)}{hint}")


@lru_cache(maxsize=1)
def _kinds() -> tuple[tuple[str, str, Dimension], ...]:
    return tuple((name, words, _unit(name).dimension) for name, (words, _) in KINDS.items())


def _wanted(unit: str) -> str:
    dimension = _unit(_normalise(unit)).dimension
    for name, words, known in _kinds():
        if known == dimension:
            return f"wanted {words} [{unit}]; allowed: " + ", ".join(f'"{text}"' for text in KINDS[name][1])
    return f'wanted [{unit}]; allowed: a number and a unit, "1 {unit}"'


def _quoted(value: str) -> str:
    return '"' + "".join(c if c.isprintable() else "?" for c in value) + '"'


# kiloseconds and megakelvins are correct and nobody writes them
_ONLY_SMALL = ("s", "K")
_PLAIN = ("1", "kg", "%", "rad", "deg")


def format_quantity(value: float, unit: str) -> str:
    """Write a quantity with an engineering prefix and six significant digits, for messages.

    Parameters
    ----------
    value : float
        Number of ``unit``.
    unit : str
        SI unit without prefix; the prefix goes to its first symbol unless that has a power.

    >>> format_quantity(2.5e-9, "m"), format_quantity(8e5, "A/m"), format_quantity(1e-14, "m^2")
    ('2.5 nm', '800 kA/m', '1e-14 m^2')
    """
    first = re.match(r"[A-Za-zµΩ]+(?![A-Za-z^²³*0-9])", unit)
    value = float(f"{value:.6g}")
    plain = f"{value:g}" if unit == "1" else f"{value:g} {unit}"
    if first is None or first[0] in _PLAIN or first[0] not in SYMBOLS or not value or not math.isfinite(value):
        return plain
    exponent = 3 * math.floor(int(f"{value:e}".partition("e")[2]) / 3)
    prefix = next((p for p, power in PREFIXES.items() if power == exponent), None)
    if prefix is None or (exponent > 0 and first[0] in _ONLY_SMALL):
        return plain
    return f"{float(Fraction(repr(value)) / Fraction(10) ** exponent):g} {prefix}{unit}"
