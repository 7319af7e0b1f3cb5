"""Amplitude and phase of complex profiles, as pictures that colour-blind readers can tell apart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAINT = 0.03
"""Phases are left out where the amplitude is below this part of the largest."""


def semi_axes(profile: NDArray[np.complex128]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the semi-axes a ≥ b of the ellipses Re[v exp(iωt)], (..., nz, ny, nx) each, of v (..., 3, nz, ny, nx)."""
    squared = (np.abs(profile) ** 2).sum(axis=-4)
    across = np.abs((profile**2).sum(axis=-4))
    return np.sqrt((squared + across) / 2), np.sqrt(np.maximum(squared - across, 0) / 2)


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure [inches].

    Raises
    ------
    ParameterError
        If matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ParameterError("plots need matplotlib: pip install 'fdmag[plot]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def draw_maps(
    mesh: Mesh,
    inside: NDArray[np.bool_],
    profiles: NDArray[np.complex128],
    titles: Sequence[str],
    component: str | None,
    layer: int,
) -> "Figure":
    """Return a figure with a row for each profile, (n, 3, nz, ny, nx): amplitude and phase of a component."""
    if component is not None and component not in ("x", "y", "z"):
        raise ParameterError(f'component "{component}"; allowed: x, y, z')
    if not 0 <= layer < mesh.cells[2]:
        raise ParameterError(f"layer {layer}; there are 0 to {mesh.cells[2] - 1}")
    x0, y0, _ = mesh.origin or (0.0, 0.0, 0.0)
    width, height = mesh.cells[0] * mesh.cell_size[0], mesh.cells[1] * mesh.cell_size[1]
    extent = tuple(edge * 1e9 for edge in (x0, x0 + width, y0, y0 + height))
    wide = min(3.2, 5.0 * width / height)  # of a map [inches]
    figure = new_figure(2 * wide + 3.2, (max(wide * height / width, 1.0) + 0.6) * len(profiles))
    figure.set_layout_engine("compressed")  # for maps of a fixed aspect
    axes = figure.subplots(len(profiles), 2, squeeze=False, sharex=True, sharey=True)
    for row, (profile, title) in zip(axes, zip(profiles, titles, strict=True), strict=True):
        norms = (np.abs(profile) ** 2).sum(axis=(1, 2, 3))
        chosen = int(norms.argmax()) if component is None else "xyz".index(component)
        values, mask = profile[chosen, layer], inside[layer]
        amplitude = np.where(mask, np.abs(values), np.nan)
        phase = np.where(mask & (np.abs(values) > FAINT * np.abs(values).max()), np.angle(values, deg=True), np.nan)
        name = f"v{'xyz'[chosen]}"
        for place, data, style, label in (
            (row[0], amplitude, {"cmap": "viridis", "vmin": 0}, f"|{name}|"),
            (row[1], phase, {"cmap": "twilight", "vmin": -180, "vmax": 180}, f"phase of {name} [°]"),
        ):
            picture = place.imshow(data, origin="lower", extent=extent, interpolation="nearest", **style)
            ticks = [-180, -90, 0, 90, 180] if style["cmap"] == "twilight" else None
            figure.colorbar(picture, ax=place, label=label, ticks=ticks)
        row[0].set_title(title, fontsize="medium")
        row[0].set(ylabel="y [nm]")
    for place in axes[-1]:
        place.set(xlabel="x [nm]")
    return figure
