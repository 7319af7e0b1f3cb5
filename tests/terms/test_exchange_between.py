"""Exchange across the borders of regions: energies of pairs worked out by hand, errors, scenes."""

import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.simulation import Simulation
from fdmag.terms import Exchange
from fdmag.terms.exchange import Between
from tests.closeness import close

D = 2e-9
PAIR = Mesh((2, 1, 1), (D, D, D))
HALVES = {"left": np.array([[[True, False]]]), "right": np.array([[[False, True]]])}
A_LEFT, A_RIGHT = 1e-11, 3e-11
MEAN = 2 * A_LEFT * A_RIGHT / (A_LEFT + A_RIGHT)


def pair_energy(entry, mesh=PAIR, regions=HALVES, m=((1, 0), (0, 1), (0, 0)), **options):
    """E [J] of two cells at a right angle: A |Δm|² V / Δ² = 2 A Δ."""
    A = {"left": A_LEFT, "right": A_RIGHT}
    vectors = np.array(m, dtype=float)[:, None, None, :]
    return Simulation(mesh, [Exchange(A=A, between=entry)], Ms=8e5, m=vectors, regions=regions, **options).energy()


@pytest.mark.parametrize(
    ("entry", "A"),
    [
        ([], MEAN),
        ([Between(["left", "right"], scale=0.5)], 0.5 * MEAN),
        ([Between(["right", "left"], scale=-2)], -2 * MEAN),
        ([Between(["left", "right"], A=4e-12)], 4e-12),
        ([{"regions": ("right", "left"), "A": -4e-12}], -4e-12),
        ([Between(["left", "right"], scale=0)], 0),
        ([Between(["left", "right"], scale=9), Between(["left", "right"], A=1e-12)], 1e-12),
        ([Between(["left", "right"], A=1e-12), Between(["left", "right"], scale=3)], 3 * MEAN),
    ],
)
def test_energy_of_a_pair_across_a_border(entry, A):
    assert pair_energy(entry)[0] == pytest.approx(2 * A * D, rel=1e-12, abs=1e-40)


def test_positive_favours_parallel_and_negative_antiparallel_neighbours():
    parallel, antiparallel = ((1, 1), (0, 0), (0, 0)), ((1, -1), (0, 0), (0, 0))
    for A, lower, higher in ((1e-11, parallel, antiparallel), (-1e-11, antiparallel, parallel)):
        entry = [Between(["left", "right"], A=A)]
        assert pair_energy(entry, m=lower)[0] < pair_energy(entry, m=higher)[0]


def test_only_the_named_border_is_changed_also_across_a_periodic_boundary():
    """Four cells a b b c, periodic: the links are ab, bb, bc, ca; only ca is scaled."""
    mesh = Mesh((4, 1, 1), (D, D, D), "x")
    regions = {name: np.array([[[name == each for each in "abbc"]]]) for name in "abc"}
    rng = np.random.default_rng(0)
    m = rng.normal(size=(3, 1, 1, 4))
    m /= np.linalg.norm(m, axis=0)
    squares = ((m - np.roll(m, -1, axis=-1)) ** 2).sum(axis=(0, 1, 2))
    simulation = Simulation(mesh, [Exchange(A=1e-11, between=[Between(["a", "c"], scale=0.25)])], Ms=8e5, m=m,
                            regions=regions)  # fmt: skip
    expected = 1e-11 * D * (squares * [1, 1, 1, 0.25]).sum()
    assert simulation.energy()[0] == close(expected, rel=1e-12)


def test_a_group_with_itself_is_the_borders_between_its_members():
    """Two grains of two cells: the links inside keep A, the one between them gets A / 4."""
    mesh = Mesh((4, 1, 1), (D, D, D))
    m = np.zeros((3, 1, 1, 4))
    m[0, 0, 0], m[1, 0, 0] = (1, 0, 1, 0), (0, 1, 0, 1)
    grains = {"grain": np.array([[[1, 1, 2, 2]]])}
    term = Exchange(A=1e-11, between=[Between(["grain", "grain"], scale=0.25)])
    energy = Simulation(mesh, [term], Ms=8e5, m=m, regions=grains).energy()[0]
    assert energy == close(2 * 1e-11 * D * (1 + 0.25 + 1), rel=1e-12)


def test_replicas_may_differ_and_a_hole_stays_a_hole():
    energies = pair_energy([Between(["left", "right"], scale=PerReplica([1.0, -0.5]))])
    np.testing.assert_allclose(energies, 2 * MEAN * D * np.array([1, -0.5]), rtol=1e-12)
    Ms = {"left": 8e5, "right": 0.0}
    simulation = Simulation(PAIR, [Exchange(A=1e-11, between=[Between(["left", "right"], A=-1e-11)])], Ms=Ms,
                            m=(1, 0, 0), regions=HALVES)  # fmt: skip
    assert not simulation.effective_field().any()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_field_is_minus_the_gradient_and_the_same_on_every_device(dtype, device):
    rng = np.random.default_rng(1)
    mesh = Mesh((5, 4, 3), (2e-9, 3e-9, 5e-9), "z")
    borders = [
        Between(["grain", "grain"], scale=-0.3),
        Between(["default", "grain.2"], A=PerReplica([5e-12, -2e-12])),
    ]
    term = Exchange(A=rng.uniform(0.5e-11, 2e-11, mesh.shape), between=borders)
    Ms = np.where(rng.uniform(size=mesh.shape) < 0.2, 0, rng.uniform(5e5, 1e6, mesh.shape))
    m = rng.normal(size=(2, 3, *mesh.shape))
    regions = {"grain": rng.integers(0, 4, mesh.shape)}
    make = lambda device: Simulation(mesh, [term], Ms=Ms, m=m, regions=regions, dtype=dtype, device=device)  # noqa: E731
    simulation, reference = make(device), make("numpy").effective_field()
    field = simulation.effective_field()
    tolerance = 1e-13 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(field, reference, rtol=0, atol=tolerance * np.abs(reference).max())
    if dtype == "float32":
        return
    cell, direction = tuple(np.argwhere(Ms > 0)[7]), np.array([0.3, -0.5, 0.8])
    energies, m = [], simulation.m
    for h in (1e-3, -1e-3):
        moved = m.copy()
        moved[(slice(None), slice(None), *cell)] += h * direction
        energies.append(simulation._magnet.total_energy(moved, np.zeros(2), None)[1])
    expected = -(energies[0] - energies[1]) / 2e-3 / (Ms[cell] * mesh.cell_volume)
    np.testing.assert_allclose(field[(slice(None), slice(None), *cell)] @ direction, expected, rtol=1e-8)


def test_a_changed_stiffness_keeps_the_border():
    simulation = Simulation(PAIR, [Exchange(A=1e-11, between=[Between(["left", "right"], scale=0.5)])], Ms=8e5,
                            m=np.array([[1, 0], [0, 1], [0, 0]])[:, None, None, :], regions=HALVES)  # fmt: skip
    simulation.set("exchange.A", 2e-11)
    assert simulation.energy()[0] == close(2 * 0.5 * 2e-11 * D)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"regions": ["left", "rigth"], "scale": 1}, r"exchange\.between\[0\]\.regions.*right"),
        ({"regions": ["left"], "scale": 1}, "the names of two regions"),
        ({"regions": "left", "scale": 1}, "the names of two regions"),
        ({"regions": ["left", "left"], "scale": 1}, "no border with itself"),
        ({"regions": ["left", "right"]}, "neither of scale and A"),
        ({"regions": ["left", "right"], "scale": 1, "A": 1e-12}, "both of scale and A"),
        ({"regions": ["left", "right"], "scale": np.ones((1, 1, 2))}, "vary over the cells"),
        ({"regions": ["left", "right"], "scale": np.nan}, "not finite"),
    ],
)
def test_wrong_entries_are_refused(entry, message):
    with pytest.raises(ParameterError, match=message):
        pair_energy([entry])


SCENE = """
[mesh]
cells = [2, 1, 1]
cell = ["2 nm", "2 nm", "2 nm"]
[regions.left]
shape = { kind = "box", size = ["2 nm", "2 nm", "2 nm"], center = ["-1 nm", 0, 0] }
[material]
Ms = "800 kA/m"
[terms.exchange]
A = "10 pJ/m"
[[terms.exchange.between]]
regions = ["left", "default"]
A = "-4 pJ/m"
[initial]
kind = "expression"
m = ["1", "x * 1e9", "0"]
[[stages]]
kind = "relax"
"""


def test_a_scene_names_borders_as_tables(tmp_path):
    path = tmp_path / "scene.toml"
    path.write_text(SCENE, encoding="utf-8")
    simulation = load_scene(path).simulation
    (entry,) = simulation.terms["exchange"].between
    assert entry.A.base.item() == -4e-12
    path.write_text(SCENE.replace('"-4 pJ/m"', '{ replicas = ["-4 pJ/m", "1 pJ/m"] }'), encoding="utf-8")
    assert load_scene(path).simulation.batch == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["left", "default"]', '["left", "defalt"]', "default"),
        ('A = "-4 pJ/m"', 'A = "-4 pJ"', "J/m"),
        ('A = "-4 pJ/m"', "", "neither of scale and A"),
    ],
)
def test_a_wrong_border_in_a_scene_is_told(old, new, message, tmp_path):
    path = tmp_path / "scene.toml"
    path.write_text(SCENE.replace(old, new), encoding="utf-8")
    with pytest.raises(SceneError, match=message):
        load_scene(path)
