"""Figures: colours that colour-blind readers can tell apart, units on the axes, small files."""

from collections.abc import Callable
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""M. Okabe and K. Ito, Color Universal Design (2008): blue, vermilion, green, purple, orange, sky blue, black."""
MARKERS = "osd^vPX"


def png(draw: Callable[[Figure], None]) -> bytes:
    """Draw a figure and return it as a PNG file's content."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    draw(figure)
    figure.savefig(file := BytesIO(), format="png", dpi=90)
    return file.getvalue()


def one_axes(figure: Figure, x: str, y: str, title: str = "") -> Axes:
    """Return the axes of a figure with a single plot; ``x`` and ``y`` are labels with units."""
    axes = figure.add_subplot()
    return label(axes, x, y, title)


def label(axes: Axes, x: str, y: str, title: str = "") -> Axes:
    """Label axes, with units, and lay a light grid."""
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.grid(alpha=0.3, linewidth=0.5)
    return axes
