"""Geometry from mesh files: volumes converge, parts, placement, and what is refused."""

import numpy as np
import pytest

from fdmag.errors import FileFormatError, ParameterError
from fdmag.mesh import Mesh
from fdmag.regions import Regions
from fdmag.shapes import Box, MeshFile

meshio = pytest.importorskip("meshio")
pyvista = pytest.importorskip("pyvista")
NM = 1e-9

CUBE = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
QUADS = np.array([[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]])
TRIANGLES = np.concatenate([QUADS[:, [0, 1, 2]], QUADS[:, [0, 2, 3]]])


def written(path, points, cells, file_format=None, **data):
    meshio.Mesh(points, cells, **data).write(path, file_format)
    return path


def sphere(path, resolution=60):
    """A sphere of radius 10, with its middle at (1, 2, 3); its own volume in the file's units."""
    surface = pyvista.Sphere(radius=10, center=(1, 2, 3), theta_resolution=resolution, phi_resolution=resolution)
    written(path, surface.points, [("triangle", surface.faces.reshape(-1, 4)[:, 1:])])
    return surface.volume


@pytest.mark.parametrize("suffix", ["stl", "obj", "ply", "vtu", "vtk"])
def test_the_volume_of_a_sphere_is_that_of_its_surface(tmp_path, suffix):
    volume = sphere(tmp_path / f"ball.{suffix}")
    ball = MeshFile(tmp_path / f"ball.{suffix}", scale=NM)
    np.testing.assert_allclose(ball.bounds, np.array([[-9, -8, -7], [11, 12, 13]]) * NM, atol=0.05 * NM)
    errors = []
    for cells in (12, 24, 48):
        mesh = Mesh((cells,) * 3, (24 * NM / cells,) * 3, origin=(-11 * NM, -10 * NM, -9 * NM))
        errors.append(abs(ball.fill(mesh).sum() * mesh.cell_volume / NM**3 / volume - 1))
    # The error of counting centres falls like h^2 or faster for a convex body (Gauss' circle problem), with scatter.
    assert errors[2] < 0.004
    assert errors[2] < errors[0] / 3
    assert volume == pytest.approx(4 / 3 * np.pi * 1000, rel=0.01)


def test_a_surface_encloses_the_points_of_its_solid(tmp_path):
    sphere(tmp_path / "ball.stl")
    points = np.random.default_rng(1).uniform(-12, 12, (3, 20000))
    r = np.linalg.norm(points, axis=0)
    found = MeshFile(tmp_path / "ball.stl", scale=NM, center=(0, 0, 0)).contains(*(points * NM))
    assert found[r < 9.95].all()
    assert not found[r > 10.001].any()


def test_the_cylinder_converges_to_its_volume(tmp_path):
    tube = pyvista.Cylinder(radius=8, height=10, direction=(0, 0, 1), resolution=200).triangulate().clean()
    written(tmp_path / "c.stl", tube.points, [("triangle", tube.faces.reshape(-1, 4)[:, 1:])])
    shape = MeshFile(tmp_path / "c.stl", scale=NM)
    errors = []
    for n in (10, 20, 40, 80):
        mesh = Mesh((n, n, 10), (20 * NM / n, 20 * NM / n, NM))
        errors.append(abs(shape.fill(mesh).sum() * mesh.cell_volume / NM**3 / (np.pi * 640) - 1))
    slope = np.polyfit(np.log([10, 20, 40, 80]), np.log(np.maximum(errors, 1e-5)), 1)[0]
    assert slope < -1
    assert errors[-1] < 0.005


@pytest.mark.parametrize("cells", [[("quad", QUADS)], [("triangle", TRIANGLES)]], ids=["quads", "triangles"])
def test_a_cube_scaled_and_placed_is_a_box(tmp_path, cells):
    path = written(tmp_path / "cube.ply", CUBE, cells)
    mesh = Mesh((9, 9, 9), (NM, NM, NM))
    found = MeshFile(path, scale=4 * NM, center=(0.5 * NM, 0.5 * NM, -0.5 * NM)).fill(mesh)
    np.testing.assert_array_equal(found, Box((4 * NM,) * 3, (0.5 * NM, 0.5 * NM, -0.5 * NM)).fill(mesh))
    here = MeshFile(path, scale=4 * NM)
    np.testing.assert_allclose(here.bounds, [[0, 0, 0], [4 * NM] * 3], atol=1e-6 * NM)


def bilayer(path):
    """Two cubes on top of each other: the lower one of hexahedra, the upper one of tetrahedra."""
    points = np.concatenate([CUBE, CUBE[4:] + np.array([0, 0, 1])])
    box = np.array([[0, 1, 3, 2, 4, 5, 7, 6]])
    corners = np.array([4, 5, 7, 6, 8, 9, 11, 10])
    tetra = corners[np.array([[0, 1, 3, 4], [1, 2, 3, 6], [1, 3, 4, 6], [3, 4, 6, 7], [1, 4, 5, 6]])]
    written(
        path,
        points,
        [("triangle", TRIANGLES[:2]), ("hexahedron", box), ("tetra", tetra)],
        "gmsh22",
        cell_data={
            "gmsh:physical": [np.array([9, 9]), np.array([1]), np.full(5, 2)],
            "gmsh:geometrical": [np.array([9, 9]), np.array([1]), np.full(5, 2)],
        },
        field_data={"fixed": np.array([1, 3]), "free": np.array([2, 3]), "face": np.array([9, 2])},
    )


def test_physical_groups_of_a_gmsh_file_become_regions(tmp_path):
    path = tmp_path / "bilayer.msh"
    bilayer(path)
    whole = MeshFile(path, scale=8 * NM)
    assert whole.names == ("fixed", "free")
    mesh = Mesh((8, 8, 16), (NM, NM, NM), origin=(0, 0, 0))
    assert whole.fill(mesh).all()
    regions = Regions(mesh, {name: MeshFile(path, scale=8 * NM, part=name) for name in whole.names})
    np.testing.assert_array_equal(regions.mask("fixed"), np.broadcast_to(mesh.z < 8 * NM, mesh.shape))
    np.testing.assert_array_equal(regions.mask("free"), np.broadcast_to(mesh.z > 8 * NM, mesh.shape))
    moved = MeshFile(path, scale=8 * NM, center=(0, 0, 0), part="free")
    assert moved.contains(0, 0, [-4 * NM, 4 * NM]).tolist() == [False, True]  # placed with the whole file


UNIT = {
    "tetra": ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], lambda x, y, z: x + y + z < 1),
    "pyramid": (
        [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]],
        lambda x, y, z: (x + z < 1) & (y + z < 1),
    ),
    "wedge": ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]], lambda x, y, z: x + y < 1),
    "hexahedron": (CUBE[[0, 1, 3, 2, 4, 5, 7, 6]], lambda x, y, z: x < 1),
}


@pytest.mark.parametrize("kind", UNIT)
def test_every_kind_of_element_holds_its_points(tmp_path, kind):
    corners, inside = UNIT[kind]
    path = written(tmp_path / "a.vtu", np.array(corners, dtype=float), [(kind, np.arange(len(corners))[None])])
    points = np.random.default_rng(2).uniform(0, 1, (3, 3000))
    np.testing.assert_array_equal(MeshFile(path).contains(*points), inside(*points))


# Pairs of corners between which an element of second order has further nodes, in the order of VTK's manual (of its
# linear, quadratic and Lagrange cells), and lists of corners in the middle of which, for faces and the inside, others.
EDGES = {
    "tetra10": [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)],
    "pyramid13": [(0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (1, 4), (2, 4), (3, 4)],
    "wedge15": [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)],
    "hexahedron20": [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)],
}
FACES = [(0, 3, 7, 4), (1, 2, 6, 5), (0, 1, 5, 4), (3, 2, 6, 7), (0, 1, 2, 3), (4, 5, 6, 7), range(8)]
EDGES["hexahedron27"] = [*EDGES["hexahedron20"], *FACES]
EDGES["wedge18"] = [*EDGES["wedge15"], (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)]
EDGES["pyramid14"] = [*EDGES["pyramid13"], (0, 1, 2, 3)]


def second_order(kind):
    """The nodes of an element of straight edges, and what is inside."""
    corners, inside = UNIT[kind.rstrip("0123456789")]
    corners = np.array(corners, dtype=float)
    return np.concatenate([corners, [corners[list(each)].mean(axis=0) for each in EDGES[kind]]]), inside


# meshio writes no .vtk or .msh file with the others.
@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        *((kind, "vtu") for kind in EDGES if kind != "pyramid14"),
        *((kind, version) for kind in ("tetra10", "hexahedron20", "hexahedron27") for version in ("gmsh22", "gmsh")),
    ],
)
def test_straight_elements_of_second_order_hold_their_points(tmp_path, kind, suffix):
    nodes, inside = second_order(kind)
    path = tmp_path / ("a.vtu" if suffix == "vtu" else "a.msh")
    meshio._mesh.topological_dimension.setdefault(kind, 3)
    meshio.Mesh(nodes, [(kind, np.arange(len(nodes))[None])]).write(path, suffix)
    points = np.random.default_rng(2).uniform(0, 1, (3, 3000))
    np.testing.assert_array_equal(MeshFile(path).contains(*points), inside(*points))


# A file of gmsh's version 4.1 as its manual describes it: groups belong to entities, of which blocks of elements speak.
GMSH_41 = """$MeshFormat
4.1 0 8
$EndMeshFormat
$PhysicalNames
2
3 1 "fixed"
3 5 "free"
$EndPhysicalNames
$Entities
0 0 0 2
3 0 0 0 1 1 1 1 1 0
8 0 0 1 1 1 2 1 5 0
$EndEntities
$Nodes
1 {count} 1 {count}
3 3 0 {count}
{tags}
{places}
$EndNodes
$Elements
2 2 1 2
3 3 {number} 1
1 {lower}
3 8 {number} 1
2 {upper}
$EndElements
"""
GMSH_EDGES = {
    # type of element in gmsh's manual, and its further nodes in the order of that manual
    "hexahedron": (5, []),
    "hexahedron20": (
        17, [(0, 1), (0, 3), (0, 4), (1, 2), (1, 5), (2, 3), (2, 6), (3, 7), (4, 5), (4, 7), (5, 6), (6, 7)],
    ),
    "wedge15": (18, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 4), (2, 5), (3, 4), (3, 5), (4, 5)]),
    "pyramid13": (19, [(0, 1), (0, 3), (0, 4), (1, 2), (1, 4), (2, 3), (2, 4), (3, 4)]),
}  # fmt: skip
GMSH_EDGES["wedge18"] = (13, [*GMSH_EDGES["wedge15"][1], (0, 1, 4, 3), (0, 2, 5, 3), (1, 2, 5, 4)])
GMSH_EDGES["pyramid14"] = (14, [*GMSH_EDGES["pyramid13"][1], (0, 1, 2, 3)])


@pytest.mark.parametrize("kind", GMSH_EDGES)
def test_a_file_of_gmsh_4_1_with_groups(tmp_path, kind):
    """Two elements, the upper one moved by 1 along z, each a group of its own with its own nodes."""
    number, edges = GMSH_EDGES[kind]
    corners, inside = UNIT[kind.rstrip("0123456789")]
    corners = np.array(corners, dtype=float)
    nodes = np.concatenate([corners, *([corners[list(each)].mean(axis=0)] for each in edges)])
    both = np.concatenate([nodes, nodes + np.array([0, 0, 1])])
    text = GMSH_41.format(
        count=len(both), number=number, tags="\n".join(str(tag) for tag in range(1, len(both) + 1)),
        places="\n".join(" ".join(map(str, place)) for place in both.tolist()),
        lower=" ".join(str(tag) for tag in range(1, len(nodes) + 1)),
        upper=" ".join(str(tag) for tag in range(len(nodes) + 1, len(both) + 1)),
    )  # fmt: skip
    path = tmp_path / "two.msh"
    path.write_text(text)
    assert MeshFile(path).names == ("fixed", "free")
    points = np.random.default_rng(3).uniform(0, 1, (3, 3000))
    upper = points + np.array([[0], [0], [1]])
    for part, held in (("fixed", (True, False)), ("free", (False, True)), (None, (True, True))):
        shape = MeshFile(path, part=part)
        for place, has in zip((points, upper), held, strict=True):
            np.testing.assert_array_equal(shape.contains(*place), inside(*points) & has)


@pytest.mark.parametrize("surface", [False, True])
def test_curved_elements_are_followed(tmp_path, surface):
    """A cylinder of 8 curved wedges, or of its faces: straight ones hold 2√2/π of it, halved edges 32-gons' share."""
    angle = np.pi / 4 * np.arange(8)

    def ring(radius, shift, z):
        return np.stack([radius * np.cos(angle + shift), radius * np.sin(angle + shift), np.full(8, z)], axis=1)

    half = np.pi / 8
    points = np.concatenate(
        [[[0, 0, z]] for z in (0.0, 0.5, 1.0)]
        + [ring(*each) for z in (0.0, 0.5, 1.0) for each in ((1, 0, z), (1, half, z), (0.5, 0, z))]
    )

    def at(level, kind, k):
        return 3 + 24 * level + 8 * kind + k % 8

    wedges, triangles, quads = [], [], []
    for k in range(8):
        low, high = ([level, at(level, 0, k), at(level, 0, k + 1)] for level in (0, 2))
        around = [[at(level, 2, k), at(level, 1, k), at(level, 2, k + 1)] for level in (0, 2)]
        up = [1, at(1, 0, k), at(1, 0, k + 1)]
        wedges.append([*low, *high, *around[0], *around[1], *up])
        triangles += [[*low, *around[0]], [*high, *around[1]]]
        quads.append([low[1], low[2], high[2], high[1], around[0][1], up[2], around[1][1], up[1]])
    blocks = (
        [("triangle6", np.array(triangles)), ("quad8", np.array(quads))] if surface else [("wedge15", np.array(wedges))]
    )
    meshio._mesh.topological_dimension.setdefault("wedge15", 3)
    shape = MeshFile(written(tmp_path / "c.vtu", points, blocks))
    mesh = Mesh((200, 200, 1), (0.0105, 0.0105, 1.0), origin=(-1.05, -1.05, 0))
    volume = shape.fill(mesh).sum() * mesh.cell_volume
    halves = 16 * np.sin(2 * np.pi / 16) / 2
    # On parabolas through the middles, quarter points lie as far from the chord of a half as the circle does, but for
    # the fourth power of the angle.
    assert volume == pytest.approx(32 * np.sin(2 * np.pi / 32) / 2, rel=2e-3)
    assert volume > halves * 1.01


def test_cell_data_of_a_vtu_file_tell_parts_apart(tmp_path):
    hexahedra = [("hexahedron", np.array([[0, 1, 3, 2, 4, 5, 7, 6]]))]
    cell_data = {"layer": [np.array([3])], "grain": [np.array([5])], "Ms": [np.array([8e5])]}
    path = written(tmp_path / "a.vtu", CUBE, hexahedra, cell_data=cell_data)
    assert MeshFile(path).names == ()
    assert MeshFile(path, data="grain").names == ("5",)
    assert MeshFile(path, part="3", data="layer").contains(0.5, 0.5, 0.5)
    with pytest.raises(ParameterError, match=r"no integer cell data 'Ms'; it has .*layer"):
        MeshFile(path, data="Ms")
    with pytest.raises(ParameterError, match="has no part '4'; it has 3"):
        MeshFile(path, part="4", data="layer")
    with pytest.raises(ParameterError, match="it names no parts"):
        MeshFile(path, part="4")


def test_a_surface_with_a_hole_is_refused(tmp_path):
    path = written(tmp_path / "open.stl", CUBE, [("triangle", TRIANGLES[1:])])
    with pytest.raises(FileFormatError, match="not closed, 3 edges"):
        MeshFile(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "no known kind; allowed: .stl"),
        ("a.stl", b"solid nothing", "a.stl"),
        ("a.vtu", b"<VTKFile", "cannot be read as a mesh"),
        ("a.msh", b"\x00\x01", "cannot be read as a mesh"),
        ("a.obj", b"v 0 0 0\n", "a.obj"),
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 nan\nf 1 2 3\n", "not finite"),
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 7\n", "points that are not there"),
    ],
)
def test_damaged_files_are_refused(tmp_path, capfd, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        MeshFile(tmp_path / name)
    assert capfd.readouterr().out == ""


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="scale = 0"):
        MeshFile(tmp_path / "a.stl", scale=0)
    with pytest.raises(FileFormatError, match="no such file"):
        MeshFile(tmp_path / "a.stl")
