"""What all figures share: units on the axes, colours that colour-blind readers can tell apart, whole files.

Needs the extra ``plot``. Functions that draw take axes or a figure of matplotlib and never touch its global state.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.output.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""M. Okabe and K. Ito, Color Universal Design (2008): blue, vermilion, green, purple, orange, sky blue, black."""
MARKERS = "osd^vPX"
_INSIDE, _LINES = 5, 18  # entries of a legend that lies in the axes; lines of one beside them
FORMATS = (".png", ".pdf", ".svg")

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def scaled(values: ArrayLike, unit: str | None) -> tuple[NDArray[np.float64], str]:
    """Return values with few digits before the point, and the unit they then have.

    A prefix where people use one, else a power of ten; pure numbers and angles stay as they are.

    >>> values, unit = scaled([0, 2.5e-10], "s")
    >>> values.round(6).tolist(), unit
    ([0.0, 250.0], 'ps')
    >>> scaled([1.2e11], "A/m^2")[1], scaled([3e5], "J/m^3")[1], scaled([2e9], "1/s")[1], scaled([0.5], "1")[1]
    ('10⁹ A/m²', 'kJ/m³', '10⁹ s⁻¹', '')
    """
    array = np.asarray(values, dtype=np.float64)
    finite = np.abs(array[np.isfinite(array)])
    if unit in (None, "", "1"):
        return array, ""
    assert unit is not None
    largest = float(finite.max()) if finite.size else 0.0
    if largest == 0 or unit in ("rad", "deg", "K"):
        return array, _pretty(unit)
    power = 3 * int(np.floor(np.log10(largest) / 3 + 1e-9))
    prefixed = re.fullmatch(r"(s|T|J|m|A|V|W|Hz|Ohm|Ω|S|N)(/.*)?", unit) and not unit.startswith("A/m^2")
    if prefixed:
        power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
        return array / 10.0**power, _PREFIXES[power] + _pretty(unit)
    return array / 10.0**power, (f"10{str(power).translate(_RAISED)} " if power else "") + _pretty(unit)


def axis_label(name: str, unit: str) -> str:
    """Return the label of an axis.

    >>> axis_label("t", "ns"), axis_label("mz", "")
    ('t [ns]', 'mz')
    """
    return f"{name} [{unit}]" if unit else name


def new_figure(width: float = 6.4, height: float = 4.0) -> "Figure":
    """Return an empty figure [inch].

    Raises
    ------
    ParameterError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ParameterError("figures need matplotlib: pip install 'fdmag[plot]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def dressed(axes: "Axes", x: str, y: str, title: str = "") -> "Axes":
    """Label axes, with units, and lay a light grid; return them."""
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.grid(alpha=0.3, linewidth=0.5)
    return axes


def legend(axes: "Axes") -> None:
    """Name the curves, in the axes if there are few, else beside them."""
    entries = len(axes.get_legend_handles_labels()[1])
    beside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "ncols": -(-entries // _LINES)}
    place: dict[str, Any] = beside if entries > _INSIDE else {}
    drawn = axes.legend(fontsize="small", **place)
    for line in drawn.get_lines():
        line.set_alpha(1)


def style(number: int, points: int) -> dict[str, Any]:
    """Return colour, marker and line of curve ``number``, which has so many points."""
    dashes = ("-", "--", ":", "-.")[number // len(COLOURS) % 4]
    marker = MARKERS[number % len(MARKERS)] if points <= 30 else None
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": dashes, "marker": marker, "markersize": 4}


def save_figure(figure: "Figure", path: str | os.PathLike[str], dpi: int = 150) -> Path:
    """Write a figure as PNG, PDF or SVG, by the end of the name; return the path.

    Raises
    ------
    ParameterError
        For another ending.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ParameterError(f'"{path.name}": a figure ends in {", ".join(FORMATS)}')
    with atomic_write(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower(), dpi=dpi)
    return path


def _pretty(unit: str) -> str:
    """Return a unit with raised powers: "A/m^2" as "A/m²", "1/s" as "s⁻¹"."""
    if match := re.fullmatch(r"1/([A-Za-z]+)", unit):
        return f"{match[1]}⁻¹"
    return re.sub(r"\^(-?\d+)", lambda match: match[1].translate(_RAISED), unit)
