"""Where a skyrmion is on a periodic track, and how large: against analytic textures and the continuum's profile."""

import numpy as np
import pytest
import scipy

from fdmag import Mesh, Simulation, initial
from fdmag.quantities import MovingWindow, evaluate
from fdmag.terms import Exchange, InterfacialDMI, SpinOrbitTorque, UniaxialAnisotropy, ZhangLi
from tests.closeness import close


@pytest.mark.parametrize("periodic", ["x", "xy", "y"])
def test_a_skyrmion_across_a_periodic_border_is_where_it_is(periodic):
    """It was told to be 8 nm from the middle at 36 nm, near the border at 40 nm."""
    mesh = Mesh((40, 40, 1), (2e-9, 2e-9, 1e-9), periodic)
    for place in (-39e-9, -33e-9, 0.0, 12.3e-9, 36e-9, 39.7e-9):
        center = np.where(mesh.periodic[:2], (place, -place), (0.0, 0.0))
        m = initial.skyrmion(mesh, radius=10e-9, width=3e-9, center=tuple(center))
        magnet = Simulation(mesh, [], Ms=8e5, m=m)
        found = [evaluate(magnet, f"topological_center.{axis}")[0] for axis in "xy"]
        np.testing.assert_allclose(found, center, rtol=0, atol=0.05e-9)


def test_a_window_on_a_periodic_track_moves_to_where_the_skyrmion_is():
    mesh = Mesh((40, 20, 1), (2e-9, 2e-9, 1e-9), "xy")
    magnet = Simulation(mesh, [], Ms=8e5, m=initial.skyrmion(mesh, radius=8e-9, width=3e-9, center=(38.5e-9, 0)))
    window = MovingWindow("topological_center.x")
    assert window.cells(magnet) == 19
    magnet.shift(19)
    assert window.cells(magnet) == 0
    assert evaluate(magnet, "topological_center.x") == pytest.approx(38.5e-9, abs=0.05e-9)


@pytest.mark.parametrize("cell", [1e-9, 2e-9, 4e-9])
@pytest.mark.parametrize("core", [1, -1])
def test_the_radius_of_a_texture_is_where_mz_changes_sign(cell, core):
    n = round(96e-9 / cell)
    mesh = Mesh((n, n, 2), (cell, cell, 1e-9))
    for radius, center in ((12e-9, (0.0, 0.0)), (20e-9, (5.3e-9, -7.1e-9))):
        m = initial.skyrmion(mesh, radius=radius, width=4e-9, center=center, polarity=core)
        magnet = Simulation(mesh, [], Ms=8e5, m=m)
        assert evaluate(magnet, "skyrmion_radius") == close(radius, rel=0.3 * (cell / radius) ** 2)
    magnet.m = (0, 0, 1)
    assert np.isnan(evaluate(magnet, "skyrmion_radius"))


def test_a_core_larger_than_half_of_the_film_is_still_the_core():
    mesh = Mesh((32, 32, 1), (2e-9, 2e-9, 1e-9))
    magnet = Simulation(mesh, [], Ms=8e5, m=initial.skyrmion(mesh, radius=28e-9, width=2e-9))
    assert magnet.average_m()[0, 2] > 0
    assert evaluate(magnet, "skyrmion_radius") == close(28e-9, rel=0.01)


def test_the_radius_in_equilibrium_is_that_of_the_profile_of_the_continuum():
    """θ'' + θ'/r − sin θ cos θ/r² − (D/A) sin²θ/r − (K/A) sin θ cos θ = 0, solved as a boundary problem."""
    A, K, D = 15e-12, 4e5, 2.6e-3
    width = np.sqrt(A / K)

    def slope(r, y):
        sine, cosine = np.sin(y[0]), np.cos(y[0])
        return np.stack([y[1], -y[1] / r + sine * cosine / r**2 - D / np.sqrt(A * K) * sine**2 / r + sine * cosine])

    r = np.linspace(1e-2, 12, 1000)
    guess = np.stack([2 * np.arctan(np.sinh(1.5) / np.sinh(r)), -1 / np.cosh(r - 1.5)])
    solved = scipy.integrate.solve_bvp(slope, lambda a, b: np.array([a[0] - np.pi - 0.01 * a[1], b[0]]), r, guess,
                                       tol=1e-6, max_nodes=20000)  # fmt: skip
    radius = width * scipy.optimize.brentq(lambda r: solved.sol(r)[0] - np.pi / 2, 0.1, 6)
    found = []
    for cell in (2e-9, 1.5e-9):
        n = round(120e-9 / cell)
        mesh = Mesh((n, n, 1), (cell, cell, 1e-9), "xy")
        film = Simulation(mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=K), InterfacialDMI(D=D)], Ms=6e5,
                          m=initial.skyrmion(mesh, radius=radius, width=5e-9))  # fmt: skip
        film.minimize(1e-6)
        found.append(evaluate(film, "skyrmion_radius")[0])
    assert (16 * found[1] - 9 * found[0]) / 7 == close(radius, rel=1e-3)  # second order, extrapolated


def test_where_skyrmions_run():
    """Above a heavy metal of positive spin Hall angle with J along +x, a Néel skyrmion that D > 0 favours runs towards
    +x, and aside: towards −y with the charge +1, towards +y with −1.

    Electrons along +x, with ξ > α, do the same. How fast is in validation/problems/skyrmion_motion.py.
    """
    mesh = Mesh((16, 16, 1), (4e-9, 4e-9, 1e-9), "xy")
    film = [Exchange(A=15e-12), UniaxialAnisotropy(Ku1=2.5e5), InterfacialDMI(D=1.9e-3)]
    m = np.concatenate([initial.skyrmion(mesh, radius=10e-9, width=6e-9, polarity=p) for p in (1, -1)])
    for torque in (SpinOrbitTorque(J=1e11, xi_DL=0.1), ZhangLi(J=(-1e12, 0, 0), P=0.5, xi=0.8)):
        magnet = Simulation(mesh, [*film, torque], Ms=6e5, alpha=0.3, m=m, device="numpy")
        magnet.run(30e-12)
        before = [evaluate(magnet, f"topological_center.{axis}") for axis in "xy"]
        magnet.run(30e-12)
        x, y = (evaluate(magnet, f"topological_center.{axis}") - was for axis, was in zip("xy", before, strict=True))
        np.testing.assert_array_equal(evaluate(magnet, "topological_charge").round(), [1, -1])
        assert (x > 0.05e-9).all()
        assert y[0] < -0.05e-9 < 0.05e-9 < y[1]
