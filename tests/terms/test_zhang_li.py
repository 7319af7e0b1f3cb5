"""Current along a texture: the explicit equation, and the derivative at edges and holes."""

import numpy as np
import pytest

from fdmag.analytic.spin_torque import spin_drift_velocity
from fdmag.backend import select_backend
from fdmag.constants import GAMMA_E
from fdmag.magnet import Magnet
from fdmag.mesh import Mesh
from fdmag.regions import Regions
from fdmag.terms import Material, ZhangLi

MS, P = 1.1e6, 0.5


def slope(m, mesh, J, xi, alpha=0.0, Ms=MS):
    magnet = Magnet(mesh, Regions(mesh, {}), select_backend("auto"), Material(Ms=Ms, alpha=alpha),
                    [ZhangLi(J=J, P=P, xi=xi)])  # fmt: skip
    return magnet.slope(m, np.zeros(len(m)), None)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_explicit_equation(alpha):
    """dm/dt = −[(1 + α ξ)(u·∇)m + (α − ξ) m × (u·∇)m]/(1 + α²), on a spiral whose central difference is known."""
    n, xi, J = 32, 0.2, 1e12
    mesh = Mesh((n, 1, 1), (2e-9, 2e-9, 2e-9), "x")
    q = 2 * np.pi / n
    angle = q * np.arange(n)
    m = np.zeros((1, 3, 1, 1, n))
    m[0, 0, 0, 0], m[0, 1, 0, 0] = np.cos(angle), np.sin(angle)
    u = spin_drift_velocity(J, P, MS)
    v = u * np.sin(q) / 2e-9 * np.stack([-np.sin(angle), np.cos(angle), 0 * angle])  # (u·∇)m
    m_cross_v = u * np.sin(q) / 2e-9 * np.stack([0 * angle, 0 * angle, 1 + 0 * angle])
    expected = -((1 + alpha * xi) * v + (alpha - xi) * m_cross_v) / (1 + alpha**2)
    given = slope(m, mesh, (J, 0, 0), xi, alpha)[0, :, 0, 0]
    np.testing.assert_allclose(given, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_missing_neighbour_counts_as_the_cell_itself(axis):
    """Along each axis: at an open edge and beside an empty cell the difference is one-sided, over 2 Δ."""
    cells = [1, 1, 1]
    cells[axis] = 5
    mesh = Mesh(cells, (2e-9, 3e-9, 4e-9))
    Ms = np.full(5, MS)
    Ms[3] = 0
    rng = np.random.default_rng(1)
    line = rng.normal(size=(3, 5))
    line /= np.linalg.norm(line, axis=0)
    line[:, 3] = 0
    J = np.zeros(3)
    J[axis] = 1e12
    m = line.reshape(1, 3, *mesh.shape)
    padded = line[:, [0, 0, 1, 2, 2]], line[:, [1, 2, 2, 4, 4]]  # below and above cells 0, 1, 2; 4 stands alone
    change = (padded[1] - padded[0]) / (2 * mesh.cell_size[axis])
    change[:, 3:] = 0
    # α = ξ = 0: dm/dt = −(u·∇)m across m
    u = spin_drift_velocity(1e12, P, MS, GAMMA_E)
    expected = -u * (change - line * (line * change).sum(axis=0))
    given = slope(m, mesh, tuple(J), 0.0, Ms=Ms.reshape(mesh.shape)).reshape(3, 5)
    np.testing.assert_allclose(given, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def test_a_uniform_magnet_feels_no_current():
    mesh = Mesh((4, 3, 2), (1e-9, 2e-9, 3e-9))
    m = np.zeros((1, 3, *mesh.shape))
    m[:, 2] = 1
    assert not slope(m, mesh, (1e12, 1e12, 1e12), 0.1).any()
