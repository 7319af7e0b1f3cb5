from itertools import pairwise

import numpy as np
import pytest
from numpy.polynomial import legendre
from scipy.integrate import dblquad, quad
from scipy.linalg import eigh, expm

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck, write_error_rate
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError

ALPHA, B_K = 0.01, 0.3
UNIT = ALPHA * GAMMA_E * B_K / (1 + ALPHA**2)


def reduced_rate(tau, i, stability, **options):
    return write_error_rate(np.asarray(tau) / UNIT, i, stability, ALPHA, B_K, **options)


def smallest_eigenvalue_by_legendre(delta, h, count=40):
    """Galerkin with Legendre polynomials, symmetric in the weight of Boltzmann: nothing in common with the mesh."""
    z, w = legendre.leggauss(120)
    weight = w * np.exp(delta * (z**2 + 2 * h * z - 1 - 2 * abs(h)))
    values = legendre.legval(z, np.eye(count))
    slopes = legendre.legval(z, legendre.legder(np.eye(count)))
    mass = (values * weight) @ values.T
    stiffness = (slopes * weight * (1 - z**2) / (2 * delta)) @ slopes.T
    return eigh(stiffness, mass, eigvals_only=True)[1]


@pytest.mark.parametrize(("i", "h", "Lambda"), [(0.0, 0.0, 1.0), (0.3, 0.1, 1.0), (-0.4, 0.0, 2.0)])
def test_what_is_left_after_long_is_boltzmann(i, h, Lambda):
    delta = 5.0
    magnet = PerpendicularFokkerPlanck(delta, i, h, Lambda, cells=800)
    (late,) = magnet.evolve(magnet.start(), [1e4])

    def weight(z):
        torque, _ = quad(lambda y: i * 2 * Lambda**2 / (Lambda**2 + 1 + (Lambda**2 - 1) * y), 0, z)
        return np.exp(delta * (z**2 + 2 * h * z - 2 * torque))

    whole = quad(weight, -1, 1)[0]
    assert magnet.not_switched(late) == pytest.approx(quad(weight, 0, 1)[0] / whole, rel=1e-4)
    expected = np.array([weight(z) for z in magnet.cosine[::50]]) / whole
    np.testing.assert_allclose(magnet.density(late)[::50], expected, rtol=1e-4)
    np.testing.assert_allclose(late, magnet.equilibrium(), rtol=1e-9)


def test_probability_is_kept_and_never_negative():
    magnet = PerpendicularFokkerPlanck([[20.0], [60.0]], [0.5, 1.5, 3.0])
    for probability in magnet.evolve(magnet.start(), [0, 0.01, 1, 10, 100]):
        np.testing.assert_allclose(probability.sum(axis=-1), 1, rtol=1e-11)
        assert probability.min() > -1e-12


@pytest.mark.parametrize(("delta", "h"), [(0.3, 0.0), (3.0, 0.0), (8.0, 0.0), (8.0, 0.2), (2.0, -0.5)])
def test_slowest_rate_is_that_of_legendre_polynomials(delta, h):
    n = 400
    coarse, fine = (PerpendicularFokkerPlanck(delta, h=h, cells=c).slowest_rate() for c in (n, 2 * n))
    assert fine + (fine - coarse) / 3 == pytest.approx(smallest_eigenvalue_by_legendre(delta, h), rel=1e-7)


def test_slowest_rate_in_browns_limits():
    # low barrier: Brown (1963), 2 D [1 − (2/5) Δ + (48/875) Δ²], 2 D = 1/Δ here
    delta = 0.05
    rate = PerpendicularFokkerPlanck(delta, cells=1000).slowest_rate()
    assert rate * delta == pytest.approx(1 - 0.4 * delta + 48 / 875 * delta**2, abs=2e-6)
    # high barrier: 2 sqrt(Δ/π) exp(−Δ), and 1 − 1/Δ of it in the next order
    for delta in (60.0, 120.0, 240.0):
        rate = PerpendicularFokkerPlanck(delta, cells=2000).slowest_rate()
        assert rate / (2 * np.sqrt(delta / np.pi) * np.exp(-delta)) == pytest.approx(1 - 1 / delta, abs=3 / delta**2)


def test_in_a_field_the_high_barrier_is_browns():
    delta, h = 200.0, 0.3
    rate = PerpendicularFokkerPlanck(delta, h=-h, cells=2000).slowest_rate()
    out = np.sqrt(delta / np.pi) * (1 - h**2) * (1 - h) * np.exp(-delta * (1 - h) ** 2)  # the way back is negligible
    assert rate / out == pytest.approx(1, abs=3 / delta)


def test_second_order_in_the_cells():
    exact = reduced_rate([5.0], 1.8, 40.0, cells=800)[0]
    errors = []
    for cells in (100, 200, 400):
        magnet = PerpendicularFokkerPlanck(40.0, 1.8, cells=cells)
        (late,) = magnet.evolve(magnet.start(), [5.0])
        errors.append(abs(magnet.not_switched(late) / exact - 1))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 2, atol=0.1)


def test_tiny_rates_have_all_their_digits():
    """Against the exponential of a matrix without negative entries, summed and squared without a subtraction."""
    magnet = PerpendicularFokkerPlanck(40.0, 3.0, cells=48)
    down, back = magnet._down[0], magnet._back[0]
    generator = np.diag(-(down + back)) + np.diag(down[:-1], -1) + np.diag(back[1:], 1)
    tau, squarings = 9.0, 20
    shift = (down + back).max()
    scale = tau / 2**squarings
    step = (generator + shift * np.eye(48)) * scale
    exponential, power = np.eye(48), np.eye(48)
    for k in range(1, 20):
        power = power @ step / k
        exponential = exponential + power
    exponential *= np.exp(-shift * scale)
    for _ in range(squarings):
        exponential = exponential @ exponential
    exact = exponential @ magnet.start()
    (ours,) = magnet.evolve(magnet.start(), [tau])
    assert magnet.not_switched(exact) < 1e-13
    assert magnet.not_switched(ours) == pytest.approx(magnet.not_switched(exact), rel=1e-8)
    np.testing.assert_allclose(ours, expm(generator * tau) @ magnet.start(), atol=1e-12)


@pytest.mark.parametrize("i", [1.5, 2.0, 4.0])
def test_far_above_the_barrier_noise_matters_only_at_the_start(i):
    """Near the axis the density stays Gaussian in θ, with <θ²> Δ = (i exp 2(i−1)τ − 1)/(i − 1); what follows is
    the exact motion at zero temperature, by which mz = 0 is reached from θ with θ exp((i−1)τ) = θ*."""
    star = 2 * 2 ** ((i - 1) / (i + 1)) * (1 - 1 / i) ** (2 / (i + 1))
    deviations = []
    for delta in (200.0, 800.0):
        tau = 0.5 * np.log(delta) / (i - 1) + np.array([0.5, 1.0]) / (i - 1)
        limit = -np.expm1(-star * delta * (i - 1) / (i * np.exp(2 * (i - 1) * tau) - 1))
        deviations.append(np.abs(np.log(reduced_rate(tau, i, delta) / limit)).max())
    assert deviations[1] < 0.02
    assert deviations[1] / deviations[0] < 0.4  # falls as ln(Δ)/Δ or 1/Δ do


def test_time_to_the_threshold_is_the_double_integral():
    """∫ W dτ is the mean first-passage time, 2Δ ∫∫ exp(u(y) − u(x))/(1 − y²) over start and way."""
    delta, i, threshold = 6.0, 0.4, -0.2
    magnet = PerpendicularFokkerPlanck(delta, i, threshold=threshold, absorbing=True, cells=200)
    rate = float(magnet.slowest_rate())
    nodes, weights = legendre.leggauss(24)
    edges = np.concatenate([[0], np.geomspace(0.03, 35 / rate, 8)])
    times = np.concatenate([(b - a) / 2 * nodes + (a + b) / 2 for a, b in pairwise(edges)])
    spans = np.concatenate([(b - a) / 2 * weights for a, b in pairwise(edges)])
    alive = np.array([magnet.not_switched(p) for p in magnet.evolve(magnet.start(), times)])

    def u(z):
        return delta * (2 * i * z - z**2)

    def time_from(start):
        return dblquad(
            lambda x, y: 2 * delta * np.exp(u(y) - u(x)) / (1 - y**2), threshold, start, lambda y: y, 1, epsrel=1e-7
        )[0]

    z, w = legendre.leggauss(16)
    z, w = (z + 1) / 2, w / 2 * np.exp(delta * ((z + 1) / 2) ** 2)  # the start: Boltzmann in z > 0, i = 0
    mean = sum(w * [time_from(each) for each in z]) / w.sum()
    assert spans @ alive == pytest.approx(mean, rel=1e-4)


def test_ten_years():
    """Steps grow with the time: what is left after long is exp(−rate t), the rate being that of `slowest_rate`."""
    magnet = PerpendicularFokkerPlanck([30.0, 40.0, 60.0], threshold=-0.5, absorbing=True)
    times = np.array([1e6, 1e10, 1e13, 1e16])
    alive = np.array([magnet.not_switched(p) for p in magnet.evolve(magnet.start(), times)])
    np.testing.assert_allclose(alive, np.exp(-np.outer(times, magnet.slowest_rate())), rtol=1e-6, atol=1e-300)


def test_begins_in_the_well_wherever_the_threshold_is():
    z = np.linspace(0, 1, 100_001)
    weight = np.exp(30.0 * (z**2 - 1))
    found = write_error_rate([0.0], 2.0, 30.0, ALPHA, B_K, threshold=0.95, cells=800)
    assert found == pytest.approx(weight[z >= 0.95].sum() / weight.sum(), rel=1e-3)


def test_sign_of_torque_and_field():
    """i > 0 drives m from +z to −z, i = 1 is the critical current, h > 0 holds m up.

    Below i = 1 noise of Δ = 60 leaves m where it is for as long as it takes a little above to turn it.
    """
    late = 3.0
    assert reduced_rate([200.0], 0.5, 60.0)[0] > 0.99
    assert reduced_rate([200.0], 1.5, 60.0)[0] < 1e-6
    assert reduced_rate([late], 2.0, 30.0)[0] < reduced_rate([late], 1.5, 30.0)[0]
    assert reduced_rate([late], -2.0, 30.0)[0] == pytest.approx(1, abs=1e-10)
    assert reduced_rate([late], 1.5, 30.0, h=0.1)[0] > reduced_rate([late], 1.5, 30.0, h=-0.1)[0]


def test_many_at_once_are_each_alone():
    i, delta, tau = np.array([0.5, 1.5, 3.0]), np.array([[20.0], [60.0]]), [4.0, 1.0, 9.0]
    together = reduced_rate(tau, i, delta, cells=200)
    assert together.shape == (2, 3, 3)
    for k in range(2):
        for j in range(3):
            alone = reduced_rate(tau[2:], i[j], delta[k, 0], cells=200)
            np.testing.assert_allclose(together[k, j, 2:], alone, rtol=1e-7)


def test_against_trajectories():
    """The stochastic LLG by Heun's method, 10,000 macrospins."""
    delta, i, alpha, count = 20.0, 2.0, 0.2, 10_000
    rng = np.random.default_rng(5)
    z = np.linspace(0, 1, 20_001)
    weight = np.cumsum(np.exp(delta * (z**2 - 1)))
    mz = np.interp(rng.uniform(size=count) * weight[-1], weight, z)
    m = np.stack([np.sqrt(1 - mz**2), 0 * mz, mz])
    dt = 0.04  # in units of 1/(γ B_K)
    kick = np.sqrt(alpha / (delta * dt))  # 2 α k_B T/(γ Ms V Δt), with Ms V B_K = 2 Δ k_B T

    def slope(m, noise):
        field = noise + np.stack([-i * alpha * m[1], i * alpha * m[0], m[2]])  # a (m × z) = a (my, −mx, 0)
        torque = np.cross(m, field, axis=0)
        return -(torque + alpha * np.cross(m, torque, axis=0)) / (1 + alpha**2)

    times = np.array([1.5, 2.25, 3.0])
    steps = np.rint(times * (1 + alpha**2) / alpha / dt).astype(int)
    found = []
    for n in range(1, steps[-1] + 1):
        noise = kick * rng.normal(size=m.shape)
        first = slope(m, noise)
        m = m + dt / 2 * (first + slope(m + dt * first, noise))
        m /= np.linalg.norm(m, axis=0)
        if n in steps:
            found.append(np.mean(m[2] > 0))
    expected = reduced_rate(steps * dt * alpha / (1 + alpha**2), i, delta)
    sigma = np.sqrt(expected * (1 - expected) / count)
    assert np.all((expected > 1e-3) & (expected < 0.6))
    assert np.all(np.abs(found - expected) < 4 * sigma), (found, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((1e-9,), 2.0, -1.0, 0.01, 0.3), "stability"),
        (((1e-9,), np.nan, 60.0, 0.01, 0.3), "i is not"),
        (((-1e-9,), 2.0, 60.0, 0.01, 0.3), "t:"),
        (((1e-9,), 2.0, 60.0, 0.0, 0.3), "alpha"),
    ],
)
def test_refuses_what_is_no_macrospin(arguments, message):
    with pytest.raises(ParameterError, match=message):
        write_error_rate(*arguments)


@pytest.mark.parametrize("options", [{"h": 1.2}, {"threshold": 1.0}, {"Lambda": 0.0}, {"cells": 3}])
def test_refuses_options(options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        PerpendicularFokkerPlanck(60.0, 2.0, **options)


def test_times_may_not_fall():
    magnet = PerpendicularFokkerPlanck(60.0, 2.0)
    with pytest.raises(ParameterError, match="times"):
        list(magnet.evolve(magnet.start(), [2.0, 1.0]))
