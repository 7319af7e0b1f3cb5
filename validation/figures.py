"""The picture in the README of the project: standard problem 4 half-way through its reversal.

Run ``python -m validation.figures``; it runs the scene up to the moment, reads the .vti file back with PyVista, and
writes ``docs/sp4.png``.
"""

import argparse
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyvista
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from fdmag.scene.progress import Silent
from fdmag.scene.run import run_scene
from validation.problems.standard_problem_4 import ROOT, SCENE

MOMENT = "0.1384 ns"  # when ⟨mx⟩ of field 1 passes zero in the published solutions
COLOUR_MAP = colormaps["coolwarm"]  # K. Moreland, Diverging Color Maps for Scientific Visualization (2009)
PIXELS_PER_NM = 4
ARROW_EVERY = 4  # cells


def main(arguments: list[str] | None = None) -> None:
    """Run the scene up to the moment and draw its last field file."""
    parser = argparse.ArgumentParser(prog="python -m validation.figures", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "sp4.png", metavar="FILE")
    out = parser.parse_args(arguments).out
    with TemporaryDirectory() as folder:
        run_scene(SCENE, folder, overrides=[f"stages.2.duration={MOMENT}"], progress=Silent())
        draw(max(Path(folder, "fields").glob("m_*.vti")), "m_0000", out)


def draw(vti: Path, array: str, out: Path) -> None:
    """Draw one layer of m from a .vti file: colour for mx, arrows for the direction in the plane."""
    grid = pyvista.read(vti)
    assert isinstance(grid, pyvista.ImageData)
    picture, bounds = _seen_from_above(grid, array)
    figure = Figure(figsize=(9, 2.75), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(picture, extent=bounds, interpolation="lanczos")
    axes.set(xlabel="x [nm]", ylabel="y [nm]")
    axes.set_title(f"µMAG standard problem 4, field 1, t = {MOMENT}: arrows show m, the colour its x component")
    mappable = ScalarMappable(Normalize(-1, 1), COLOUR_MAP)
    figure.colorbar(mappable, ax=axes, label="mx", ticks=[-1, 0, 1], shrink=0.75, pad=0.01)
    out.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110)
    # A palette keeps the file at a quarter of its size.
    Image.open(buffer).convert("RGB").quantize(192).save(out, optimize=True)


def _seen_from_above(grid: pyvista.ImageData, array: str) -> tuple[NDArray, tuple[float, float, float, float]]:
    """Return a picture of the film and the rectangle it covers [nm]."""
    nm = pyvista.ImageData(
        dimensions=grid.dimensions, spacing=np.array(grid.spacing) * 1e9, origin=np.array(grid.origin) * 1e9
    )
    nm.cell_data["m"] = grid.cell_data[array]
    nm.cell_data["mx"] = grid.cell_data[array][:, 0]
    x0, x1, y0, y1, _, top = nm.bounds
    plotter = pyvista.Plotter(
        off_screen=True, window_size=[int((x1 - x0) * PIXELS_PER_NM), int((y1 - y0) * PIXELS_PER_NM)]
    )
    smooth = nm.cell_data_to_point_data()
    plotter.add_mesh(smooth, scalars="mx", cmap=COLOUR_MAP, clim=(-1, 1), lighting=False, show_scalar_bar=False)
    plotter.add_mesh(_arrows(nm, top), color="black", lighting=False)
    plotter.camera_position = "xy"
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = (y1 - y0) / 2
    plotter.enable_anti_aliasing("ssaa")
    plotter.enable_anti_aliasing("ssaa")
    picture = plotter.screenshot(return_img=True)
    plotter.close()
    assert picture is not None
    return picture, (x0, x1, y0, y1)


def _arrows(grid: pyvista.ImageData, top: float) -> pyvista.PolyData:
    """Return arrows centred on some of the cells, as long as the part of m in the plane."""
    centres = np.array(grid.cell_centers().points)
    m = np.array(grid.cell_data["m"])
    nx, ny = grid.dimensions[0] - 1, grid.dimensions[1] - 1
    chosen = np.zeros((ny, nx), dtype=bool)
    chosen[ARROW_EVERY // 2 :: ARROW_EVERY, ARROW_EVERY // 2 :: ARROW_EVERY] = True
    tails = centres[: nx * ny][chosen.ravel()]
    tails[:, 2] = top + 1
    points = pyvista.PolyData(tails)
    flat = m[: nx * ny][chosen.ravel()] * (1, 1, 0)
    points["m"] = flat
    points["length"] = np.linalg.norm(flat, axis=1)
    shape = pyvista.Arrow(
        start=(-0.5, 0, 0), tip_length=0.4, tip_radius=0.16, shaft_radius=0.05, tip_resolution=16, shaft_resolution=8
    )
    return points.glyph(orient="m", scale="length", factor=9.0, geom=shape)


if __name__ == "__main__":
    main()
