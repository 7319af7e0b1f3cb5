import math
import subprocess
import sys

import numpy as np
import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdmag.constants import MU_0
from fdmag.errors import ParameterError
from fdmag.units import KINDS, PREFIXES, SYMBOLS, format_quantity, parse_quantity
from tests.closeness import close


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("2.5 nm", "m", 2.5e-9),
        ("2.5nm", "m", 2.5e-9),
        ("  1 µm ", "m", 1e-6),
        ("1 μm", "m", 1e-6),
        ("1 um", "m", 1e-6),
        ("3 Å", "m", 3e-10),
        ("2 nanometers", "m", 2e-9),
        ("1 inch", "m", 0.0254),
        ("800 kA/m", "A/m", 8e5),
        ("0.8 MA m^-1", "A/m", 8e5),
        ("800 emu/cm^3", "A/m", 8e5),
        ("800 emu/cc", "A/m", 8e5),
        ("1e-15 emu", "A m^2", 1e-18),
        ("13 pJ/m", "J/m", 13e-12),
        ("1.3e-6 erg/cm", "J/m", 1.3e-11),
        ("0.5 MJ/m^3", "J/m^3", 5e5),
        ("0.5 MJ/m³", "J/m^3", 5e5),
        ("0.5 MJ m⁻³", "J/m^3", 5e5),
        ("0.5 MJ/m**3", "J/m^3", 5e5),
        ("0.5 MJ/m3", "J/m^3", 5e5),
        ("5e6 erg/cm^3", "J/m^3", 5e5),
        ("3.5 mJ/m²", "J/m^2", 3.5e-3),
        ("3.5 erg/cm²", "J/m^2", 3.5e-3),
        ("1e11 A/m^2", "A/m^2", 1e11),
        ("10 MA/cm^2", "A/m^2", 1e11),
        ("300 K", "K", 300.0),
        ("45 deg", "rad", math.pi / 4),
        ("90°", "rad", math.pi / 2),
        ("180 degree", "rad", math.pi),
        ("0.5 rad", "rad", 0.5),
        ("24.6 mT", "T", 0.0246),
        ("50 Oe", "T", 5e-3),
        ("1.2 kOe", "T", 0.12),
        ("50 G", "T", 5e-3),
        ("2 kgauss", "T", 0.2),
        ("1 Wb/m^2", "T", 1.0),
        ("1 Mx/cm^2", "T", 1e-4),
        ("5 GHz", "Hz", 5e9),
        ("5 GHz", "1/s", 5e9),
        ("5 /s", "Hz", 5.0),
        ("1.76e11 rad/(s T)", "rad/(s T)", 1.76e11),
        ("1.76e11 rad/s/T", "rad/(s T)", 1.76e11),
        ("1.76e11 1/(s*T)", "rad/(s T)", 1.76e11),
        ("0.176 rad / (ps·T)", "rad/(s T)", 1.76e11),
        ("2 Å²", "m^2", 2e-20),
        ("10 Ω·µm²", "ohm m^2", 1e-11),
        ("200 uohm cm", "ohm m", 2e-6),
        ("60 fJ/(V m)", "J/(V m)", 60e-15),
        ("1 N/(A m)", "T", 1.0),
        ("2 ((m/s) (s))", "m", 2.0),
        ("1.2 eV", "J", 1.2 * 1.602176634e-19),
        ("1 min", "s", 60.0),
        ("10 year", "s", 10 * 365.25 * 86400),
        ("-3 mT", "T", -3e-3),
        ("+.5 T", "T", 0.5),
        ("5. T", "T", 5.0),
        ("1e-9", "m", 1e-9),
        ("5 %", "1", 0.05),
        ("100 ppm", "1", 1e-4),
        ("0.3", "1", 0.3),
        ("1.5 m", "nm", 1.5e9),
        (7, "A/m", 7.0),
        (np.float32(0.5), "T", 0.5),
        (np.int64(3), "T", 3.0),
    ],
)
def test_reads(text, unit, expected):
    assert parse_quantity(text, unit) == pytest.approx(expected, rel=4e-16, abs=0)


@given(
    st.decimals(min_value="-1e6", max_value="1e6", places=7, allow_nan=False),
    st.sampled_from([("fm", -15), ("pm", -12), ("nm", -9), ("um", -6), ("mm", -3), ("cm", -2), ("m", 0), ("km", 3)]),
)
def test_is_the_nearest_float(number, length):
    symbol, power = length
    assert parse_quantity(f"{number:f} {symbol}", "m") == float(f"{number:f}e{power}")


@given(st.floats(min_value=1e-250, max_value=1e250), st.sampled_from(["T", "m", "A/m", "J/m^3", "rad/(s T)", "1"]))
def test_text_of_a_float_is_that_float(number, unit):
    assert parse_quantity(f"{number!r} {unit}", unit) == number
    assert parse_quantity(repr(number), unit) == number


PINT = pint.UnitRegistry()
# what pint lacks, has in Gaussian form only, or has as a name with another meaning
PINT_NAMES = {"Å": "angstrom", "Ω": "ohm", "%": "percent", "h": "hour", "min": "minute", "ppm": "ppm"}
GAUSSIAN = {"G", "Oe", "Mx", "emu", "gauss", "oersted"}


@pytest.mark.parametrize("symbol", sorted(set(SYMBOLS) - GAUSSIAN))
def test_table_agrees_with_pint(symbol):
    factor, powers, prefixed = SYMBOLS[symbol]
    quantity = PINT.Quantity(1, PINT_NAMES.get(symbol, symbol)).to_base_units()
    assert quantity.magnitude == close(float(factor), rel=1e-9)
    expected = dict(zip(("meter", "kilogram", "second", "ampere", "kelvin", "radian"), powers, strict=True))
    assert dict(quantity.units._units) == {name: power for name, power in expected.items() if power}
    if prefixed:
        for prefix, power in PREFIXES.items():
            assert parse_quantity(f"1 {prefix}{symbol}", symbol) == close(10.0**power, rel=1e-15)


POWERS = st.builds("{}^{}".format, st.sampled_from(["m", "kA", "ns", "K", "mJ", "T"]), st.integers(-3, 3))
PRODUCTS = st.recursive(
    POWERS, lambda unit: st.builds("({}){}({})".format, unit, st.sampled_from([" ", "*", "/"]), unit), max_leaves=6
)


@given(PRODUCTS)
def test_products_and_quotients_agree_with_pint(text):
    quantity = PINT.Quantity(text).to_base_units()
    wanted = " ".join(f"{PINT.get_symbol(name)}^{int(power)}" for name, power in quantity.units._units.items())
    if any(abs(power) > 9 for power in quantity.units._units.values()):
        return
    assert parse_quantity(f"3 {text}", wanted or "1") == close(float(3 * quantity.magnitude), rel=1e-12)


def test_left_to_right():
    assert parse_quantity("8 m/s*s", "m") == 8
    assert parse_quantity("8 m/s/s*kg", "N") == 8
    assert parse_quantity("8 J/(m (s/m)) / (1/s)", "J") == 8
    with pytest.raises(ParameterError, match="is another kind"):
        parse_quantity("8 m/(s*s)", "m")


def test_gaussian_units_by_their_definitions():
    assert parse_quantity("1 Oe", "T") == 1e-4
    # 1 Oe = 1000/(4π) A/m, in vacuum B = µ0 H
    assert parse_quantity("1 Oe", "T") == close(MU_0 * 1000 / (4 * math.pi), rel=1e-9)
    # a moment of 1 emu in a field of 1 Oe has the energy 1 erg; M = 1 emu/cm³ is 4π G of flux density
    assert parse_quantity("1 emu", "A m^2") * parse_quantity("1 Oe", "T") == close(parse_quantity("1 erg", "J"))
    four_pi_m = MU_0 * parse_quantity("1 emu/cm^3", "A/m")
    assert four_pi_m == close(4 * math.pi * parse_quantity("1 G", "T"), rel=1e-9)
    assert parse_quantity("1 erg/cm^3", "J/m^3") == 0.1
    assert parse_quantity("1 erg/cm^2", "J/m^2") == 1e-3
    assert parse_quantity("1 Mx", "Wb") == 1e-8
    assert parse_quantity("1 dyn", "N") == 1e-5


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("800 kA", "A/m", r'"800 kA" is a current \[A\], wanted a magnetisation .*"800 kA/m"'),
        ("1e5 A/m", "T", r"wanted a magnetic field B \[T\].*multiply by mu0 .*125\.664 mT"),
        ("1.2 T", "A/m", r"divide by mu0 .*954\.93 kA/m"),
        ("2.211e5 m/(A s)", "rad/(s T)", r"divide by mu0 .*1\.75946e\+11"),
        ("28 GHz/T", "rad/(s T)", r"multiply a frequency by 2\*pi"),
        ("5 GHz", "rad/s", r"multiply a frequency by 2\*pi"),
        ("3e10 rad/s", "Hz", r"divide by 2\*pi"),
        ("45 deg", "1", r"is an angle \[rad\], wanted a pure number"),
        ("3 mt", "T", 'did you mean "mT"'),
        ("3 ka/m", "A/m", 'unknown unit "ka"; did you mean "kA"'),
        ("3 As", "A", 'unknown unit "As"'),
        ("3 kAs", "A", 'unknown unit "kAs"'),
        ("3 a", "m^2", 'unknown unit "a"'),
        ("25 °C", "K", "no multiple of an SI unit"),
        ("25 degF", "K", "no multiple of an SI unit"),
        ("3 dB", "1", "3 dB"),
        ("1 franklin", "C", "not a unit of mechanics"),
        ("1 A/m s", "A", "two ways"),
        ("1 A/(m", "A/m", "ends too early"),
        ("1 A/", "A", "ends too early"),
        ("1 A/m)", "A/m", "misplaced"),
        ("1 ()", "1", "misplaced"),
        ("1 */m", "1/m", "name is missing"),
        ("1 m^99", "m", "limited to ±9"),
        ("1 m^999999999", "m", "limited to ±9"),
        ("5 nm 3", "m", "cannot read the unit"),
        ("5² m", "m", "cannot read the unit"),
        ("5 ²m", "m", "cannot read the unit"),
        ("1 m.__class__", "m", "cannot read the unit"),
        ("9**9**9", "m", "name is missing"),
        ("1 m**9**9", "m", "name is missing"),
        ("__import__('os')", "m", "does not begin with a finite number"),
        ("", "m", "does not begin with a finite number"),
        ("nm", "m", "does not begin with a finite number"),
        ("nan", "m", "does not begin with a finite number"),
        ("-inf m", "m", "does not begin with a finite number"),
        ("infinity", "m", "does not begin with a finite number"),
        ("1.2.3 m", "m", "does not begin with a finite number"),
        ("٣ m", "m", "does not begin with a finite number"),
        ("1,5 m", "m", "cannot read the unit"),
        ("1e999999 m", "m", "beyond the range"),
        ("1e400", "m", "beyond the range"),
        ("1e308 km", "m", "beyond the range"),
        ("1e-400 m", "m", "beyond the range"),
        ("1 m" + " m" * 100, "m", "characters"),
        ("1 m\x00", "m", "cannot read the unit"),
        (float("nan"), "m", "not finite"),
        (math.inf, "m", "not finite"),
        (10**400, "m", "not finite"),
        (True, "m", "bool"),
        (None, "m", "NoneType"),
        ([1], "m", "list"),
    ],
)
def test_refuses(text, unit, message):
    with pytest.raises(ParameterError, match=message):
        parse_quantity(text, unit)


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text):
    try:
        value = parse_quantity(text, "A/m")
    except ParameterError:
        return
    assert math.isfinite(value)


def test_examples_in_messages_are_accepted():
    for unit, (_, examples) in KINDS.items():
        for text in examples:
            assert parse_quantity(text, unit) > 0


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (2.5e-9, "m", "2.5 nm"),
        (8e5, "A/m", "800 kA/m"),
        (-3e-12, "J/m", "-3 pJ/m"),
        (999.9999e-9, "m", "1 um"),
        (0.0246, "T", "24.6 mT"),
        (3600.0, "s", "3600 s"),
        (300.0, "K", "300 K"),
        (0.0, "m", "0 m"),
        (1e-30, "m", "1e-30 m"),
        (0.05, "1", "0.05"),
        (1e-14, "m^2", "1e-14 m^2"),
        (1.76e11, "rad/(s T)", "1.76e+11 rad/(s T)"),
        (2e-12, "1/s", "2e-12 1/s"),
        (1e3, "A m^2", "1 kA m^2"),
        (math.nan, "T", "nan T"),
        (-math.inf, "T", "-inf T"),
    ],
)
def test_format(value, unit, expected):
    assert format_quantity(value, unit) == expected


@given(st.floats(min_value=1e-40, max_value=1e40), st.sampled_from(sorted(KINDS)))
def test_formatted_text_is_read_back(value, unit):
    assert parse_quantity(format_quantity(value, unit), unit) == close(value, rel=5.1e-6)


def test_common_symbols_need_no_pint():
    code = (
        "import sys; from fdmag.units import parse_quantity; parse_quantity('800 kA/m', 'A/m');"
        "sys.exit('pint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
