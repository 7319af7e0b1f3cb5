"""Spin waves shorten the mean of cells with noise, and weaken its anisotropy, as the formulas say."""

import numpy as np
import pytest
import scipy

import fdmag
from fdmag.analytic.thermal_magnetisation import cell_parameters, warm_length
from fdmag.constants import BOLTZMANN
from fdmag.errors import ParameterError
from fdmag.terms import Exchange, Thermal, UniaxialAnisotropy
from tests.closeness import close

CELLS, EDGES = (5, 5, 1), (3e-9, 3e-9, 1.3e-9)
VOLUME = 25 * 3e-9**2 * 1.3e-9
MEASURED = {"Ms": 1e6, "A": 15e-12, "Ku1": 1.8e6}


def warm(T, Ms, A, Ku1, batch):
    """Return |⟨m⟩| and the barrier over k_B T that its tilts tell, with their standard errors."""
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku1), Thermal(T=T, seed=3)]
    film = fdmag.Simulation(fdmag.Mesh(CELLS, EDGES), terms, Ms=Ms, alpha=1.0, batch=batch)
    found = []
    film.run(0.02e-9, dt=3e-14)
    film.run(0.2e-9, dt=3e-14, every=2e-12, callback=lambda film: found.append(film.average_m()))
    m = np.array(found)
    length = np.linalg.norm(m, axis=2)
    tilt = ((m[..., :2] / length[..., None]) ** 2).sum(axis=2).mean(axis=0)
    error = tilt.std(ddof=1) / np.sqrt(batch) / tilt.mean()
    barrier = scipy.optimize.brentq(lambda barrier: mean_tilt(barrier) - tilt.mean(), 5, 500)
    return length.mean(), length.mean(axis=0).std(ddof=1) / np.sqrt(batch), barrier, error * barrier


def mean_tilt(barrier):
    """⟨sin²θ⟩ of a macrospin with the energy barrier sin²θ, by Boltzmann."""
    theta = np.linspace(0, np.pi / 2, 2001)
    weight = np.sin(theta) * np.exp(-barrier * np.sin(theta) ** 2)
    return (np.sin(theta) ** 2 * weight).sum() / weight.sum()


def test_cells_with_noise_are_as_long_and_as_hard_as_the_formulas_say():
    """Of what is given l is left of the moment, to second order in 1 − l, and l³ of the anisotropy, not l²."""
    length, error, barrier, sigma = warm(600, **MEASURED, batch=96)
    B_K = 2 * MEASURED["Ku1"] / MEASURED["Ms"]
    expected = warm_length(CELLS, EDGES, Ms=1e6, A=15e-12, B_K=B_K, T=600)
    assert abs(length - expected) < 3 * error + 0.6 * (1 - expected) ** 2
    cold = MEASURED["Ku1"] * VOLUME / (BOLTZMANN * 600)
    assert abs(barrier - cold * length**3) < 3 * sigma
    assert barrier < cold * length**2 - 3 * sigma


def test_cells_of_a_measured_film_have_its_moment_and_barrier():
    given = cell_parameters(CELLS, EDGES, **MEASURED, T=300, factor=0.0)
    length, error, barrier, sigma = warm(300, given.Ms, given.A, given.Ku1, batch=32)
    cold = MEASURED["Ku1"] * VOLUME / (BOLTZMANN * 300)
    assert abs(length * given.Ms / MEASURED["Ms"] - 1) < 3 * error + 0.6 * (1 - given.length) ** 2
    assert abs(barrier - cold) < 3 * sigma


def test_one_cell_has_no_spin_waves_and_nothing_is_left_at_high_temperatures():
    assert warm_length((1, 1, 1), EDGES, Ms=1e6, A=15e-12, B_K=0.8, T=300) == close(1.0)
    with pytest.raises(ParameterError, match="spin waves take"):
        warm_length((50, 50, 1), (1e-9, 1e-9, 1e-9), Ms=1e6, A=1e-12, B_K=0.1, T=300)
    with pytest.raises(ParameterError, match="anisotropy field is -"):
        cell_parameters(CELLS, EDGES, Ms=1e6, A=15e-12, Ku1=0.3e6, T=300)


def test_a_film_has_no_limit_of_small_cells():
    """Each halving of the cells adds k_B T ln 4/(8π A t) to 1 − l, until l changes what it adds: at 3 K it does not."""
    lengths = [
        warm_length((n, n, 1), (64e-9 / n, 64e-9 / n, 1e-9), Ms=1e6, A=15e-12, B_K=0.8, T=3) for n in (64, 128, 256)
    ]
    step = BOLTZMANN * 3 * np.log(4) / (8 * np.pi * 15e-12 * 1e-9)
    assert -np.diff(lengths) == close([step, step], rel=0.03)
