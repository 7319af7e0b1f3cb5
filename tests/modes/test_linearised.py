"""The linear response of every term, and what is asked of a state."""

import numpy as np
import pytest

from fdmag.errors import ParameterError, SolverError
from fdmag.mesh import Mesh
from fdmag.modes import eigenmodes
from fdmag.modes.linearised import Linearised
from fdmag.modes.near_field import near_stiffness
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, InterfacialDMI, Slonczewski, UniaxialAnisotropy, Zeeman, registry
from tests.terms.test_every_term import MESH, random_m, sample

TERMS = sorted(name for name, term in registry().items() if not term.stochastic)


@pytest.mark.parametrize("name", TERMS)
def test_response_of_every_term_is_its_derivative(name):
    """K y beside Richardson's extrapolation of small differences of the field, to 1e-9 of the largest."""
    rng = np.random.default_rng(3)
    m = random_m(rng)
    magnet = Simulation(MESH, [sample(name, rng)], Ms=8e5, m=m)
    linear = Linearised(magnet, max_torque=np.inf)
    y = rng.normal(size=(1, linear.size))
    v = linear.vectors(y)
    v_max = np.sqrt((v**2).sum(axis=1).max())

    def difference(h):
        fields = []
        for sign in (1, -1):
            moved = m + sign * h / v_max * v
            magnet.m = moved
            length = np.linalg.norm(moved, axis=1, keepdims=True)
            assert np.abs(length - 1).max() < h**2
            fields.append(magnet.effective_field())
        return (fields[0] - fields[1]) / (2 * h) * v_max

    h = 2e-3
    coarse, middle, fine = (difference(h / 2**k) for k in range(3))
    better = [(4 * b - a) / 3 for a, b in ((coarse, middle), (middle, fine))]
    dB = ((16 * better[1] - better[0]) / 15).reshape(3, -1)
    magnet.m = m
    B = magnet.effective_field().reshape(3, -1)
    flat_m, flat_v = m.reshape(3, -1), v.reshape(3, -1)
    H = (flat_m * B).sum(axis=0) * flat_v - dB
    expected = linear.unit / (1 + 0.01**2) * np.stack([(linear.e1 * H).sum(axis=0), (linear.e2 * H).sum(axis=0)])
    scale = np.sqrt(linear.unit / (1 + 0.01**2) / 8e5)
    ours = linear.stiffness(y).reshape(2, -1) * scale
    allowed = 1e-9 * np.abs(expected).max() + 1e-12 * linear.unit
    np.testing.assert_allclose(ours, expected, rtol=0, atol=allowed)


def test_stiffness_of_energies_is_symmetric_and_of_torques_not():
    rng = np.random.default_rng(5)
    Ms = rng.uniform(4e5, 9e5, MESH.shape)
    terms = [Exchange(A=1e-11), Demag(), InterfacialDMI(D=1e-3), UniaxialAnisotropy(Ku1=1e5, Ku2=2e5)]
    for extra, symmetric in (([], True), ([Slonczewski(J=5e11, P=0.5, thickness=1e-9)], False)):
        linear = Linearised(Simulation(MESH, terms + extra, Ms=Ms, m=random_m(rng)), max_torque=np.inf)
        a, b = rng.normal(size=(2, linear.size))
        Ka, Kb = linear.stiffness(np.stack([a, b]))
        asymmetry = abs(a @ Kb - b @ Ka) / (np.linalg.norm(Ka) * np.linalg.norm(b))
        assert (asymmetry < 1e-12) if symmetric else (asymmetry > 1e-4)


def test_the_near_matrix_is_the_stiffness_where_nothing_is_far():
    """Exchange, DMI and anisotropy with holes in the mesh: the sparse matrix is exact."""
    rng = np.random.default_rng(6)
    mesh = Mesh((7, 14, 3), (2e-9, 3e-9, 2e-9), "xy")
    geometry = rng.uniform(size=mesh.shape) < 0.8
    terms = [Exchange(A=1e-11), InterfacialDMI(D=2e-3), UniaxialAnisotropy(Ku1=1e5), Zeeman(B=(0.1, 0, 0.3))]
    linear = Linearised(Simulation(mesh, terms, Ms=8e5, m=random_m(rng, mesh), geometry=geometry), max_torque=np.inf)
    y = rng.normal(size=(1, linear.size))
    ours = near_stiffness(linear) @ y[0]
    np.testing.assert_allclose(ours, linear.stiffness(y)[0], rtol=0, atol=1e-10 * np.abs(ours).max())


def test_what_is_no_equilibrium_is_refused():
    spin = Simulation(Mesh((1, 1, 1), (1e-9,) * 3), [Zeeman(B=(0, 0, 0.1))], Ms=8e5, m=(0.1, 0, 1))
    with pytest.raises(SolverError, match=r"max \|m × B\| is 0.00995 T.*no equilibrium.*Relax or minimize"):
        eigenmodes(spin, 1)


def test_wrong_numbers_are_refused_before_anything_is_computed():
    spin = Simulation(Mesh((2, 1, 1), (1e-9,) * 3), [Zeeman(B=(0, 0, 0.1))], Ms=8e5)
    with pytest.raises(ParameterError, match="replica = 1; allowed: 0 to 0"):
        eigenmodes(spin, 1, replica=1)
    with pytest.raises(ParameterError, match="count = 0; allowed"):
        eigenmodes(spin, 0)
    with pytest.raises(ParameterError, match="count = 3; the magnet has 2 modes"):
        eigenmodes(spin, 3)
    with pytest.raises(ParameterError, match=r'method "dens".*did you mean "dense"'):
        eigenmodes(spin, 1, method="dens")
    with pytest.raises(ParameterError, match="precision float64"):
        eigenmodes(Simulation(Mesh((1, 1, 1), (1e-9,) * 3), [], Ms=8e5, dtype="float32"), 1)
    with pytest.raises(ParameterError, match="free to move"):
        eigenmodes(Simulation(Mesh((1, 1, 1), (1e-9,) * 3), [], Ms=8e5, frozen=1), 1)
