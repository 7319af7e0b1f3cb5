"""Frozen spins: m does not move there, whatever acts, and the rest is as if that were its surroundings."""

import numpy as np
import pytest

from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, SpinOrbitTorque, UniaxialAnisotropy, Zeeman

MESH = Mesh((6, 3, 2), (2e-9, 2e-9, 2e-9))
LEFT = np.broadcast_to(np.arange(6) < 3, MESH.shape)


@pytest.fixture(autouse=True)
def _every_device(device):
    """Run every test of this file on each device."""


def simulation(terms=None, **options):
    rng = np.random.default_rng(1)
    m = rng.normal(size=(3, *MESH.shape))
    terms = terms or [Exchange(A=1e-11), Demag(), UniaxialAnisotropy(Ku1=5e5), Zeeman(B=(0.3, 0.1, -0.4))]
    return Simulation(MESH, terms, **{"Ms": 8e5, "alpha": 0.1, "m": m, "frozen": LEFT.astype(float)} | options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("move", ["run", "relax", "minimize"])
def test_frozen_cells_stay_and_the_others_move(move, dtype):
    magnet = simulation(dtype=dtype)
    before = magnet.m
    {"run": lambda: magnet.run(20e-12), "relax": magnet.relax, "minimize": magnet.minimize}[move](
        **{} if move == "run" else {"max_torque": 1e-3}
    )
    moved = np.abs(magnet.m - before)[0]
    assert moved[:, LEFT].max() < 3 * np.finfo(dtype).eps  # renormalised, not turned
    assert moved[:, ~LEFT].max() > 0.1


def test_frozen_cells_count_in_no_torque_but_act_on_others():
    """Two cells with exchange, one frozen along x: the other turns into it, and that is the equilibrium."""
    m = np.zeros((3, 1, 1, 2))
    m[0, 0, 0], m[2, 0, 0] = (1, 0.01), (0, 1)
    mesh = Mesh((2, 1, 1), (2e-9, 2e-9, 2e-9))
    magnet = Simulation(mesh, [Exchange(A=1e-11), Zeeman(B={"one": (0, 0, 5), "default": (0, 0, 0)})], Ms=8e5, m=m,
                        regions={"one": np.array([[[True, False]]])}, frozen={"one": 1, "default": 0})  # fmt: skip
    magnet.relax()
    np.testing.assert_allclose(magnet.m[0, :, 0, 0], [[1, 1], [0, 0], [0, 0]], atol=1e-4)
    assert magnet.max_torque()[0] < 1e-5
    assert magnet.effective_field()[0, 2, 0, 0, 0] == pytest.approx(5, abs=1e-3)  # what acts there can be seen
    magnet.set("material.frozen", 0)
    assert magnet.max_torque()[0] > 4
    magnet.relax()
    assert magnet.m[0, 2].min() > 0.9


def test_everything_frozen_rests():
    magnet = simulation(frozen=1)
    before = magnet.m
    assert magnet.max_torque()[0] == 0
    assert magnet.relax()[0] == 0
    magnet.run(1e-9)
    np.testing.assert_allclose(magnet.m, before, rtol=1e-15, atol=1e-15)


def test_nothing_frozen_is_the_same_bit_for_bit():
    one, other = simulation(frozen=0), simulation(frozen=np.zeros(MESH.shape))
    for magnet in (one, other):
        magnet.run(5e-12)
    np.testing.assert_array_equal(one.m, other.m)


def test_frozen_per_replica_and_under_a_torque():
    """Replica 0 is frozen, replica 1 is driven round: each as if it were alone."""
    frozen = np.array([1.0, 0.0]).reshape(2, 1, 1, 1, 1)
    magnet = simulation([SpinOrbitTorque(J=1e12, xi_DL=0.3)], frozen=frozen)
    before = magnet.m
    magnet.run(0.1e-9)
    np.testing.assert_allclose(magnet.m[0], before[0], rtol=1e-15, atol=1e-15)
    assert np.abs(magnet.m[1] - before[1]).max() > 0.5
