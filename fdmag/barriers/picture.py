"""A picture of a barrier."""

from typing import TYPE_CHECKING

import numpy as np

from fdmag.constants import BOLTZMANN
from fdmag.errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fdmag.barriers.barrier import Barrier

BLUE, VERMILION = "#0072B2", "#D55E00"


def draw(barrier: "Barrier", axes: "Axes | None", T: float) -> "Axes":
    """Draw the energy along a path: see `Barrier.plot`."""
    barrier.in_kT(T)
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise ParameterError("plot needs matplotlib: pip install 'fdmag[plot]'") from error
        axes = pyplot.subplots(figsize=(6, 4), layout="constrained")[1]
    energy, unit = barrier.energy - barrier.energy[0], BOLTZMANN * T
    fine = np.linspace(0, barrier.distance[-1], 20 * barrier.images)
    axes.plot(fine, (barrier.along(fine) - barrier.energy[0]) / unit, "-", color=BLUE, linewidth=1)
    axes.plot(barrier.distance, energy / unit, "o", color=BLUE, markersize=4, label="images")
    tops = [saddle.image for saddle in barrier.saddles]
    axes.plot(barrier.distance[tops], energy[tops] / unit, "^", color=VERMILION, markersize=8, label="saddles")
    for top in tops:
        axes.annotate(f"{energy[top] / unit:.2f}", (barrier.distance[top], energy[top] / unit),
                      xytext=(0, 8), textcoords="offset points", ha="center")  # fmt: skip
    axes.set(xlabel="distance along the path (rad)", ylabel=f"energy above the start / k_B · {T:g} K")
    axes.margins(y=0.12)
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.legend()
    return axes
