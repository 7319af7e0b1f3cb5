"""The stiffness against turning all of m: closed forms of a macrospin and of a prism, and what it must not count."""

import numpy as np
import pytest

import fdmag
from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.constants import MU_0
from fdmag.modes.turning import turning_stiffness, unstable_turn
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy, Zeeman

CELL = fdmag.Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
MS, KU = 8e5, 4e4
B_K = 2 * KU / MS


def test_stiffness_of_a_macrospin(device):
    """E = -Ku V cos² + Ms V B: along the axis in a field h B_K against m it is B_K (1 - h), across it -B_K."""
    dtype = "float64" if device == "numpy" else "float32"
    states = np.array([(0, 0, 1), (0, 0, 1), (1, 0, 0)], float)[:, :, None, None, None]
    fields = fdmag.PerReplica([(0, 0, -0.4 * B_K), (0, 0, -1.2 * B_K), (0, 0, 0)])
    spins = fdmag.Simulation(
        CELL, [UniaxialAnisotropy(Ku1=KU), Zeeman(B=fields)], Ms=MS, m=states, device=device, dtype=dtype
    )
    # The first is stable: its stiffness is 0 for turns about its own axis, which turn nothing.
    stiffness, _ = turning_stiffness(spins)
    np.testing.assert_allclose(stiffness, [0, -0.2 * B_K, -B_K], rtol=0, atol=1e-3 * B_K)
    axes = unstable_turn(spins, 1e-5)
    assert np.isnan(axes[0]).all()
    assert abs(axes[1, 2]) < 1e-3
    np.testing.assert_allclose(np.abs(axes[2]), [0, 1, 0], rtol=0, atol=1e-3)


def test_a_film_along_its_normal_is_found_and_its_plane_is_not():
    edges, cells = (160e-9, 80e-9, 5e-9), (16, 8, 1)
    mesh = fdmag.Mesh(cells, tuple(edge / count for edge, count in zip(edges, cells, strict=True)))
    film = fdmag.Simulation(mesh, [Exchange(A=13e-12), Demag()], Ms=MS, m=(0, 0, 1), device="numpy")
    film.minimize()
    N = prism_demagnetising_factors(*edges)
    stiffness, axes = turning_stiffness(film)
    assert stiffness[0] == pytest.approx(-MU_0 * MS * (N[2] - N[0]), abs=1e-5)  # 2 Km (Nz - Nx), m being uniform
    np.testing.assert_allclose(np.abs(axes[0]), [0, 1, 0], rtol=0, atol=1e-6)
    film.m = (1, 0.1, 0)
    film.minimize()
    assert np.isnan(unstable_turn(film, 1e-5)).all()


def test_frozen_spins_do_not_turn():
    """In a field against all of it only the free half counts, and what is frozen adds nothing to its moment."""
    halves = {"left": np.array([[[True, False]]])}
    pair = fdmag.Simulation(
        fdmag.Mesh((2, 1, 1), (5e-9, 5e-9, 5e-9)), [Zeeman(B=(0, 0, -0.1))], Ms=MS, regions=halves,
        frozen={"left": 1, "default": 0}, device="numpy",
    )  # fmt: skip
    assert turning_stiffness(pair)[0][0] == pytest.approx(-0.1, abs=1e-6)
    pair.set("material.frozen", 1)
    assert np.isnan(unstable_turn(pair, 1e-5)).all()
