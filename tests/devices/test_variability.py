"""Variability: derivatives in closed form, exact distributions, stated errors that are true, and the inverse."""

from functools import partial

import numpy as np
import pytest

from fdmag.analytic.spin_orbit import elliott_yafet_length
from fdmag.devices.disc_figures import (
    disc_anisotropy,
    disc_critical_current,
    disc_stability,
    disc_write_energy,
    spin_hall_figure,
    spin_orbit_field,
)
from fdmag.devices.spread import Spread, correlation_matrix, draw
from fdmag.devices.tolerance import tolerable_spread
from fdmag.devices.variability import sensitivities, statistics_of, variability, with_elliott_yafet
from fdmag.errors import ParameterError
from tests.closeness import close

RHO, LENGTH, T_HM, SIGMA = 200e-8, 2e-9, 4e-9, 1.5e5
XI = partial(spin_hall_figure, t_HM=T_HM, spin_hall_conductivity=SIGMA)
RATIO = T_HM / LENGTH
OF_LENGTH = RATIO / np.cosh(RATIO) * np.tanh(RATIO) / (1 - 1 / np.cosh(RATIO))
"""−∂ln ξ/∂ln λ = (t/λ) sech tanh/(1 − sech), 0.698 at t = 2 λ."""


def spreads(rho=0.02, length=0.03, distribution="normal"):
    return {"rho": Spread.relative(RHO, rho, distribution), "lambda_sf": Spread.relative(LENGTH, length, distribution)}


def test_sensitivities_are_the_derivatives():
    nominal, slopes, errors = sensitivities(XI, spreads())
    exact = np.array([nominal / RHO, -OF_LENGTH * nominal / LENGTH])
    assert nominal == close(SIGMA * RHO * (1 - 1 / np.cosh(2)), rel=1e-12)
    assert np.all(np.abs(slopes - exact) <= errors)
    np.testing.assert_allclose(slopes, exact, rtol=1e-7)
    assert np.all(errors < 1e-3 * np.abs(slopes))


@pytest.mark.parametrize("correlation", [None, {("rho", "lambda_sf"): -0.8}, {("lambda_sf", "rho"): 0.5}])
def test_linearised_and_monte_carlo_agree_where_the_figure_is_linear(correlation):
    r = 0 if correlation is None else next(iter(correlation.values()))
    result = variability(XI, spreads(), correlation, samples=40_000, seed=3)
    exact = np.sqrt(0.02**2 + (OF_LENGTH * 0.03) ** 2 - 2 * r * 0.02 * OF_LENGTH * 0.03)
    assert result.CV_linear == close(exact, rel=1e-6)
    assert abs(result.deviation) < 4
    assert result.share.sum() == close(1)
    np.testing.assert_allclose(result.elasticity, [1, -OF_LENGTH], rtol=1e-6)


def test_a_product_of_lognormal_values_is_exact():
    """CV² = (1 + a²)(1 + b²) − 1, beyond the linear sum; at 40 % each the difference is seen."""
    wide = {"rho": Spread.relative(1, 0.4, "lognormal"), "length": Spread.relative(2, 0.4, "lognormal")}
    result = variability(lambda rho, length: rho * length, wide, samples=200_000, seed=1)
    exact = np.sqrt(1.16**2 - 1)
    assert abs(result.CV - exact) < 4 * result.sigma_CV
    assert abs(result.mean - 2) < 4 * result.sigma_mean
    assert result.CV_linear == close(0.4 * np.sqrt(2), rel=1e-9)
    assert result.deviation > 4


def test_stated_errors_are_true():
    """Over 300 seeds the scatter of mean, spread and CV is what each run states, also of skewed figures."""
    for distribution in ("normal", "uniform", "lognormal"):
        runs = [
            variability(lambda x: x**2, {"x": Spread(1, 0.15, distribution)}, samples=500, seed=k) for k in range(300)
        ]
        for name in ("mean", "spread", "CV"):
            scatter = np.std([getattr(run, name) for run in runs])
            stated = np.mean([getattr(run, f"sigma_{name}") for run in runs])
            assert scatter == close(stated, rel=0.16), (distribution, name)  # 4 standard errors of a spread


def test_distributions_have_the_mean_and_the_spread_that_is_given():
    z = draw(np.eye(1), 400_000, 5)[0]
    for distribution in ("normal", "uniform", "lognormal"):
        values = Spread(3.0, 0.6, distribution).values(z)
        assert values.mean() == pytest.approx(3.0, abs=4 * 0.6 / np.sqrt(4e5))
        assert values.std() == close(0.6, rel=6e-3)
        assert distribution == "normal" or values.min() > 0


def test_draws_have_the_correlation_and_repeat():
    matrix = correlation_matrix(["a", "b", "c"], {("a", "b"): 0.6, ("b", "c"): -0.3})
    scores = draw(matrix, 200_000, 2)
    np.testing.assert_allclose(np.corrcoef(scores), matrix, atol=4 / np.sqrt(200_000))
    np.testing.assert_array_equal(scores, draw(matrix, 200_000, 2))
    full = draw(correlation_matrix(["a", "b"], {("a", "b"): -1.0}), 1000, 2)
    np.testing.assert_allclose(full[0], -full[1], atol=1e-7)


def test_tolerable_spread_of_the_resistivity():
    """5 % of λ at t = 2 λ leaves sqrt(4² − 3.49²) = 1.95 % of ρ; 6 % leaves nothing."""
    exact = np.sqrt(0.04**2 - (OF_LENGTH * 0.05) ** 2)
    assert exact == pytest.approx(0.0195, abs=5e-5)
    answer = tolerable_spread(XI, spreads(length=0.05), "rho", 0.04, seed=4)
    assert answer.possible
    assert answer.CV_linear == close(exact, rel=1e-6)
    # a nonlinear figure: the linear answer is right up to the square of the spreads
    assert abs(answer.CV - exact) < 4 * answer.sigma_CV + 0.05 * exact
    # devices never used in the search vary by what is allowed
    check = variability(XI, spreads(rho=answer.CV, length=0.05), samples=50_000, seed=99)
    allowed = np.hypot(check.sigma_CV, answer.sigma_CV * answer.CV / 0.04)
    assert abs(check.CV - 0.04) < 4 * allowed
    impossible = tolerable_spread(XI, spreads(length=0.06), "rho", 0.04)
    assert not impossible.possible
    assert impossible.verdict.startswith("impossible: without any spread of rho the CV is 4.1")
    assert answer.verdict.endswith("for a CV of 4.00%")
    assert np.isnan(impossible.CV)
    assert np.isnan(impossible.CV_linear)
    assert impossible.CV_others == close(OF_LENGTH * 0.06, rel=0.02)


def test_correlation_can_make_it_possible():
    """ρ and λ rising together offset each other: with 6 % of λ a spread of ρ from 1.9 to 5.3 % is what is needed."""
    e, r = OF_LENGTH * 0.06, 0.9
    roots = np.sort(np.roots([1, -2 * r * e, e**2 - 0.04**2]))
    answer = tolerable_spread(XI, spreads(length=0.06), "rho", 0.04, {("rho", "lambda_sf"): r})
    assert answer.possible
    assert (answer.CV_linear_lowest, answer.CV_linear) == close(tuple(roots), rel=1e-5)
    assert abs(answer.CV - roots[1]) < 0.03 * roots[1]


def test_elliott_and_yafet_bind_the_length_to_the_resistivity():
    """Then ξ rises with ρ by both: elasticity 1 + 0.698 where λ is the same, and no spread of λ is left."""
    bound = with_elliott_yafet(XI)
    product = RHO * LENGTH
    alone = {"rho": Spread.relative(RHO, 0.02), "rho_lambda": Spread(product, 0.0)}
    result = variability(bound, alone, seed=1)
    np.testing.assert_allclose(result.elasticity, [1 + OF_LENGTH, -OF_LENGTH], rtol=1e-6)
    assert result.CV_linear == close(0.02 * (1 + OF_LENGTH), rel=1e-6)
    answer = tolerable_spread(bound, alone, "rho", 0.04)
    assert answer.CV_linear == close(0.04 / (1 + OF_LENGTH), rel=1e-6)
    assert elliott_yafet_length(RHO, product) == close(LENGTH)


def test_figures_of_discs():
    """K_eff t = Ks − µ0 Ms² t/2: near compensation the stability varies far more than the thickness does."""
    base = {"Ms": Spread.relative(1.26e6, 0.0), "thickness": Spread.relative(1.1e-9, 0.01)}
    figure = partial(disc_stability, Ks=1.3e-3, diameter=30e-9, A=20e-12)
    result = variability(figure, base, seed=2)
    K, Kd = disc_anisotropy(1.3e-3, 1.26e6, 1.1e-9), 2e-7 * np.pi * 1.26e6**2
    # a coherent disc: ∂ln(K t)/∂ln t = −Kd/K; this one turns by a wall: ∂ln(sqrt(K) t)/∂ln t = 1 − (K + Kd)/2K
    wall = np.pi / 4 * 30e-9 > 4 * np.sqrt(20e-12 / K)
    exact = 1 - (K + Kd) / (2 * K) if wall else -Kd / K
    assert result.elasticity[1] == close(exact, rel=1e-5)
    assert result.CV > 0.03
    current = variability(partial(disc_critical_current, Ks=1.3e-3, diameter=30e-9, alpha=0.01, P=0.6), base)
    assert current.elasticity[1] == close(-Kd / K, rel=1e-5)
    field = spin_orbit_field(RHO, LENGTH, T_HM, SIGMA, 1.26e6, 1.1e-9)
    assert field == close(1.0545718e-34 * XI(rho=RHO, lambda_sf=LENGTH) / (2 * 1.602176634e-19 * 1.26e6 * 1.1e-9))


def test_write_energy_over_a_wafer():
    """At a given current a thicker disc has the lower barrier, switches sooner and costs less; linear for 0.3 %."""
    figure = partial(disc_write_energy, Ks=1.3e-3, alpha=0.01, P=0.6, RA=5e-12, current=45e-6)
    wafer = {"Ms": Spread(1.26e6, 2e3), "thickness": Spread(1e-9, 3e-12), "diameter": Spread(30e-9, 1e-10)}
    result = variability(figure, wafer, samples=40_000, seed=6)
    assert abs(result.deviation) < 4
    assert result.sensitivity[1] < 0
    assert np.all(result.sigma_sensitivity < 1e-3 * np.abs(result.sensitivity))


def test_plot_dataset_and_text():
    result = variability(XI, spreads(), samples=2000)
    assert result.plot(name="ξ_DL").get_xlabel() == "ξ_DL"
    assert "coefficient of variation" in str(result)
    xarray = pytest.importorskip("xarray")
    data = result.to_xarray()
    assert isinstance(data, xarray.Dataset)
    assert data["elasticity"].sel(parameter="rho") == close(1)


def test_no_spread_at_all():
    result = variability(XI, spreads(0, 0), samples=100)
    assert (result.CV_linear, result.CV, result.deviation) == (0, 0, 0)
    assert np.isinf(statistics_of(np.array([-1.0, 1.0])).CV)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Spread(1, 0.1, "gauss"), "distribution = 'gauss'; allowed: normal, lognormal, uniform"),
        (lambda: Spread(1, -0.1), "sigma = -0.1; allowed: at least 0"),
        (lambda: Spread(-1, 0.1, "lognormal"), "mean = -1; allowed: above 0"),
        (lambda: variability(XI, {}), "no parameter varies"),
        (lambda: variability(XI, spreads(), {("rho", "lamda_sf"): 0.1}), 'no parameter.*did you mean "lambda_sf"'),
        (lambda: variability(XI, spreads(), {("rho", "rho"): 1.0}), "two different parameters"),
        (lambda: variability(XI, spreads(), {("rho", "lambda_sf"): 2.0}), "allowed: from -1 to 1"),
        (lambda: correlation_matrix(["a", "b", "c"], {("a", "b"): 1, ("b", "c"): 1, ("a", "c"): -1}), "contradict"),
        (lambda: variability(np.sqrt, spreads()), "figure"),
        (lambda: variability(lambda x: np.log(x), {"x": Spread(1, 1e9, "uniform")}, samples=9), "is not finite for"),
        (lambda: tolerable_spread(XI, spreads(), "roh", 0.04), 'did you mean "rho"'),
        (lambda: tolerable_spread(XI, spreads(), "rho", 0), "limit = 0"),
        (lambda: tolerable_spread(lambda x, y: x + 0 * y, {"x": Spread(1, 0.01), "y": Spread(1, 0)}, "y", 0.1), "any"),
        (lambda: variability(XI, spreads(), samples=1), "samples = 1; allowed: at least 2"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in log")
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
