"""Every kind of shape in a scene is the shape built in Python."""

import numpy as np
import pytest

from fdmag import shapes
from fdmag.mesh import Mesh
from fdmag.scene.shape_tables import SHAPES

MESH = Mesh((20, 16, 6), (1e-9, 1e-9, 1e-9))
CELLS = (("[10, 10, 1]", "[20, 16, 6]"), ('["5 nm", "5 nm", "3 nm"]', '["1 nm", "1 nm", "1 nm"]'))
PICTURE = np.array([[0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 1]], dtype=float)
BOX = shapes.Box((6e-9, 4e-9, 4e-9), center=(2e-9, 0, 0))
IN_BOX = '{ kind = "box", size = ["6 nm", "4 nm", "4 nm"], center = ["2 nm", 0, 0] }'
DISC = shapes.Cylinder(6e-9)
CUBE = """ply
format ascii 1.0
element vertex 8
property float x
property float y
property float z
element face 6
property list uchar int vertex_indices
end_header
0 0 0
1 0 0
0 1 0
1 1 0
0 0 1
1 0 1
0 1 1
1 1 1
4 0 2 3 1
4 4 5 7 6
4 0 1 5 4
4 2 6 7 3
4 0 4 6 2
4 1 3 7 5
"""

CASES = {
    "box": (IN_BOX, lambda _: BOX),
    "ellipse": (
        '{ kind = "ellipse", diameters = ["12 nm", "6 nm"], height = "2 nm", center = [0, "1 nm", 0] }',
        lambda _: shapes.Ellipse((12e-9, 6e-9), height=2e-9, center=(0, 1e-9, 0)),
    ),
    "cylinder": (
        '{ kind = "cylinder", diameter = "5 nm", height = "10 nm", axis = "x" }',
        lambda _: shapes.Cylinder(5e-9, height=10e-9, axis="x"),
    ),
    "ellipsoid": (
        '{ kind = "ellipsoid", diameters = ["12 nm", "6 nm", "5 nm"] }',
        lambda _: shapes.Ellipsoid((12e-9, 6e-9, 5e-9)),
    ),
    "polygon": (
        '{ kind = "polygon", points = [[0, 0], ["7 nm", 0], ["3 nm", "6 nm"]], height = "3 nm" }',
        lambda _: shapes.Polygon([(0, 0), (7e-9, 0), (3e-9, 6e-9)], height=3e-9),
    ),
    "image": (
        '{ kind = "image", file = "p.npy", size = ["10 nm", "9 nm"], threshold = 0.7, invert = true }',
        lambda folder: shapes.ImageMask(folder / "p.npy", size=(10e-9, 9e-9), threshold=0.7, invert=True),
    ),
    "mesh": (
        '{ kind = "mesh", file = "cube.ply", scale = "6 nm", center = ["1 nm", 0, 0] }',
        lambda folder: shapes.MeshFile(folder / "cube.ply", 6e-9, (1e-9, 0, 0)),
    ),
    "trapezoid": (
        '{ kind = "trapezoid", length = "14 nm", widths = ["10 nm", "4 nm"], height = "2 nm", '
        'center = ["1 nm", 0, 0] }',
        lambda _: shapes.Trapezoid(14e-9, (10e-9, 4e-9), (1e-9, 0, 0), 2e-9),
    ),
    "notch": (
        '{ kind = "notch", form = "circle", position = ["1 nm", "2 nm"], width = "8 nm", depth = "3 nm", '
        "direction = [1, 1] }",
        lambda _: shapes.Notch("circle", (1e-9, 2e-9), 8e-9, 3e-9, (1, 1)),
    ),
    "rough": (
        f'{{ kind = "rough", shape = {IN_BOX}, sigma = "1 nm", length = "4 nm", seed = 3 }}',
        lambda _: BOX.roughen(1e-9, 4e-9, 3),
    ),
    "union": (f'{{ kind = "union", shapes = [{IN_BOX}, "disc"] }}', lambda _: BOX | DISC),
    "intersection": (f'{{ kind = "intersection", shapes = [{IN_BOX}, "disc"] }}', lambda _: BOX & DISC),
    "difference": (f'{{ kind = "difference", shapes = ["disc", {IN_BOX}] }}', lambda _: DISC - BOX),
    "translate": (
        f'{{ kind = "translate", shape = {IN_BOX}, by = ["-3 nm", "2 nm", "1 nm"] }}',
        lambda _: BOX.translate((-3e-9, 2e-9, 1e-9)),
    ),
    "rotate": (
        f'{{ kind = "rotate", shape = {IN_BOX}, angle = "40 deg", axis = "z" }}',
        lambda _: BOX.rotate(float(np.deg2rad(40)), "z"),
    ),
    "repeat": (
        f'{{ kind = "repeat", shape = {IN_BOX}, period = [0, "5 nm", 0], counts = [1, 2, 1] }}',
        lambda _: BOX.repeat((None, 5e-9, None), (1, 2, 1)),
    ),
}


@pytest.mark.parametrize("kind", [table.model_fields["kind"].default for table in SHAPES])
def test_shape_is_the_one_of_python(scenes, kind):
    np.save(scenes.folder / "p.npy", PICTURE)
    (scenes.folder / "cube.ply").write_text(CUBE)
    text, build = CASES[kind]
    loaded = scenes.load(
        *CELLS, add=f'[shapes.disc]\nkind = "cylinder"\ndiameter = "6 nm"\n[geometry]\nshape = {text}\n'
    )
    wanted = build(scenes.folder).fill(MESH)
    assert 0 < wanted.sum() < wanted.size
    assert np.array_equal(loaded.simulation.magnetic[0], wanted)


def test_later_regions_take_cells_from_earlier_ones(scenes):
    loaded = scenes.load(
        *CELLS, add=f'[regions.a]\nshape = {IN_BOX}\n[regions.b]\nshape = {{ kind = "cylinder", diameter = "6 nm" }}\n'
    )
    box, disc = BOX.fill(MESH), DISC.fill(MESH)
    assert np.array_equal(loaded.simulation.regions.numbers, np.where(disc, 2, np.where(box, 1, 0)))
