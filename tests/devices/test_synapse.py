"""Synapses: known parameters are recovered within what is stated, and simulators' rules give the curves back."""

import json

import numpy as np
import pytest

from fdmag.analytic.pulse_response import nonlinearity_label, pulse_constant_of_label, pulse_response
from fdmag.devices.crossbar import aihwkit_piecewise, aihwkit_soft_bounds, neurosim, write_crossbar
from fdmag.devices.response_fit import fit_response
from fdmag.devices.synapse import distinguishable_levels, synapse_figures
from fdmag.errors import ParameterError
from tests.closeness import close

N, LOW, HIGH = 64, 10e-6, 50e-6
PULSES = np.arange(N + 1)


def up(A=30.0):
    return LOW + (HIGH - LOW) * pulse_response(PULSES, A, N)


def down(A=20.0):
    return HIGH - (HIGH - LOW) * pulse_response(PULSES, A, N)


def walk(G_limit, A, start, sigma, rng):
    """Sweep pulse by pulse, each update with its own error: the rule of NeuroSim."""
    G = [start]
    for _ in range(N):
        G.append(G[-1] + (1 - np.exp(-1 / A)) * (G_limit - G[-1]) + sigma * rng.normal())
    return np.array(G)


def test_curves_without_noise_are_recovered():
    figures = synapse_figures(up(), down())
    np.testing.assert_allclose(figures.potentiation.A, 30, rtol=1e-6)
    np.testing.assert_allclose(figures.depression.A, 20, rtol=1e-6)
    assert (figures.G_min, figures.G_max) == close((LOW, HIGH), rel=1e-9)
    assert figures.nonlinearity_p == close(nonlinearity_label(30, N), rel=1e-6)
    assert figures.levels == N + 1
    updates = synapse_figures(up(), down(), noise="update")
    np.testing.assert_allclose(updates.potentiation.A, 30, rtol=1e-9)
    assert updates.potentiation.end == close(HIGH, rel=1e-9)


def test_a_linear_response_has_no_curvature():
    for noise in ("read", "update"):
        fit = fit_response(np.linspace(LOW, HIGH, N + 1)[None], noise)
        assert fit.curvature == pytest.approx(0, abs=1e-6)
        assert fit.nonlinearity == pytest.approx(0, abs=1e-6)
        np.testing.assert_allclose(fit.at(PULSES), np.linspace(LOW, HIGH, N + 1), rtol=1e-6)


@pytest.mark.parametrize("A", [15.0, -40.0, 1e9])
def test_noisy_readings_are_fitted_within_the_stated_errors(A):
    """150 devices: errors over stated uncertainties have variance 1 and no bias."""
    rng = np.random.default_rng(5)
    pulls = []
    for _ in range(150):
        fit = fit_response(up(A)[None] + 1e-6 * rng.normal(size=(3, N + 1)), "read")
        pulls.append([(fit.curvature - N / A) / fit.sigma_curvature, (fit.end - HIGH) / fit.sigma_end,
                      (fit.nonlinearity - nonlinearity_label(A, N)) / fit.sigma_nonlinearity,
                      (fit.noise / 1e-6 - 1) * np.sqrt(2 * 192)])  # fmt: skip
    pulls = np.array(pulls)
    np.testing.assert_allclose(pulls.std(axis=0), 1, atol=4 / np.sqrt(300))
    np.testing.assert_allclose(pulls.mean(axis=0), 0, atol=4 / np.sqrt(150))


def test_noisy_updates_are_fitted_within_the_stated_errors():
    rng = np.random.default_rng(6)
    A, sigma = 20.0, 0.8e-6
    limit = LOW + (HIGH - LOW) / (1 - np.exp(-N / A))
    pulls = []
    for _ in range(150):
        fit = fit_response(np.array([walk(limit, A, LOW, sigma, rng) for _ in range(20)]), "update")
        pulls.append([(fit.curvature - N / A) / fit.sigma_curvature, (fit.end - HIGH) / fit.sigma_end,
                      (fit.noise / sigma - 1) * np.sqrt(2 * 20 * N)])  # fmt: skip
    pulls = np.array(pulls)
    np.testing.assert_allclose(pulls.std(axis=0), 1, atol=4 / np.sqrt(300))
    # the autoregression is biased by a few parts in the number of updates
    np.testing.assert_allclose(pulls.mean(axis=0), 0, atol=4 / np.sqrt(150) + 0.2)


def test_spreads_over_cycles_and_devices_are_told_apart():
    rng = np.random.default_rng(8)
    devices, cycles = 40, 10
    offset = 2e-6 * rng.normal(size=(devices, 1, 1))
    curves = [curve + offset + 1e-6 * rng.normal(size=(devices, cycles, N + 1)) for curve in (up(), down())]
    figures = synapse_figures(*curves)
    assert abs(figures.cycle_to_cycle - 1e-6) < 4 * figures.sigma_cycle_to_cycle
    assert abs(figures.device_to_device - 2e-6) < 4 * figures.sigma_device_to_device
    assert figures.sigma_device_to_device == close(2e-6 / np.sqrt(2 * 39), rel=0.4)
    alike = synapse_figures(*(curve - offset for curve in curves))
    assert alike.device_to_device < 0.1e-6  # not the 1 µS/sqrt(10) that is left of the cycles in a mean
    single = synapse_figures(curves[0][0, 0], curves[1][0, 0])
    assert np.isnan(single.cycle_to_cycle)
    assert np.isnan(single.device_to_device)


def test_spread_of_nonlinearities_over_devices():
    """Labels drawn with a standard deviation of 0.3, sweeps with noise: that of the fits does not count."""
    rng = np.random.default_rng(11)
    devices = 60
    sweeps = np.empty((2, devices, 2, N + 1))
    for k in range(devices):
        for sweep, label, ends in ((0, 2.0, (LOW, HIGH)), (1, 3.0, (HIGH, LOW))):
            A = pulse_constant_of_label(label + 0.3 * rng.normal(), N)
            sweeps[sweep, k] = ends[0] + (ends[1] - ends[0]) * pulse_response(PULSES, A, N)
    sweeps += 2e-6 * rng.normal(size=sweeps.shape)
    figures = synapse_figures(*sweeps)
    assert abs(figures.label_spread - 0.3) < 4 * figures.sigma_label_spread
    assert figures.sigma_label_spread == close(0.3 / np.sqrt(2 * 2 * 59), rel=0.5)
    assert neurosim(figures)["sigmaDtoD"] == figures.label_spread
    assert np.isnan(synapse_figures(up(), down()).label_spread)


def test_levels_keep_their_distance():
    """Levels 6 σ apart, read against thresholds halfway: of a million readings 0.27 % of the inner ones are wrong."""
    levels = distinguishable_levels(40e-6, 1e-6, 65)
    assert levels == 1 + int(40 / 6)
    rng = np.random.default_rng(1)
    centres = np.linspace(0, 40, levels)
    true = rng.integers(1, levels - 1, 10**6)
    read = np.rint((centres[true] + (40 / (levels - 1) / 6) * rng.normal(size=10**6)) / (40 / (levels - 1)))
    assert np.mean(read != true) == close(0.0027, rel=0.1)
    assert distinguishable_levels(40e-6, 1e-9, 65) == 65


def test_asymmetry():
    """A device that is undone pulse by pulse has none; two saturating curves are apart by up to the whole range."""
    assert synapse_figures(up(20), up(20)[::-1]).asymmetry == pytest.approx(0, abs=1e-6)
    x = np.linspace(0, 1, 100_001)
    gap = np.abs(pulse_response(x, 20 / N) - 1 + pulse_response(1 - x, 20 / N)).max()
    assert synapse_figures(up(20), down(20)).asymmetry == close(gap, rel=1e-5)


def test_energy_of_a_pulse():
    figures = synapse_figures(up(), down(), voltage=(0.5, -0.4), pulse=2e-9)
    assert figures.energy_p == close(0.25 * up()[:-1].mean() * 2e-9)
    assert figures.energy_d == close(0.16 * down()[:-1].mean() * 2e-9)
    assert np.isnan(synapse_figures(up(), down()).energy_p)


def test_neurosim_gets_the_curves_back():
    """Its rule for a pulse, applied N times from either end."""
    figures = synapse_figures(up(), down())
    p = neurosim(figures)
    assert p["NL_LTD"] < 0 < p["NL_LTP"]
    span = p["maxConductance"] - p["minConductance"]
    for A, sign, start, wanted in ((p["paramALTP"], 1, LOW, up()), (p["paramALTD"], -1, HIGH, down())):
        B = span / (1 - np.exp(-N / A))
        G = [start]
        for _ in range(N):
            x = -A * np.log(1 - (G[-1] - p["minConductance"]) / B)
            G.append(p["minConductance"] + B * (1 - np.exp(-(x + sign) / A)))
        np.testing.assert_allclose(G, wanted, rtol=1e-5)


@pytest.mark.parametrize("of", ["fit", "data"])
def test_aihwkit_gets_the_curves_back(of):
    """The documented rule of its piecewise device, from both ends."""
    p = aihwkit_piecewise(synapse_figures(up(), down()), nodes=21, of=of)
    grid = np.linspace(p["w_min"], p["w_max"], 21)
    for direction, values, wanted in ((1, p["piecewise_up"], up()), (-1, p["piecewise_down"], down())):
        w = [-float(direction)]
        for _ in range(N):
            step = direction * p["dw_min"] * np.interp(w[-1], grid, values)
            w.append(np.clip(w[-1] + step, p["w_min"], p["w_max"]))
        G = LOW + (np.array(w) + 1) / 2 * (HIGH - LOW)
        np.testing.assert_allclose(G, wanted, rtol=1e-6 if of == "fit" else 5e-3)


def test_aihwkit_soft_bounds():
    """w(p) = B (1 − e^{−alpha p}) + range_min, as its documentation has it."""
    p = aihwkit_soft_bounds(synapse_figures(up(25), down(25)))
    B = (p["range_max"] - p["range_min"]) / (1 - np.exp(-p["alpha"] * p["p_max"]))
    w = B * (1 - np.exp(-p["alpha"] * PULSES)) + p["range_min"]
    np.testing.assert_allclose(LOW + (w + 1) / 2 * (HIGH - LOW), up(25), rtol=1e-6)
    with pytest.raises(ParameterError, match="one for both"):
        aihwkit_soft_bounds(synapse_figures(up(), down()))
    with pytest.raises(ParameterError, match="that saturate"):
        aihwkit_soft_bounds(synapse_figures(up(-25), down(25)))


def test_files_for_simulators(tmp_path):
    rng = np.random.default_rng(2)
    figures = synapse_figures(up() + 1e-7 * rng.normal(size=(5, N + 1)), down() + 1e-7 * rng.normal(size=(5, N + 1)))
    for form in ("neurosim", "aihwkit_piecewise"):
        write_crossbar(tmp_path / f"{form}.json", figures, form)
        content = json.loads((tmp_path / f"{form}.json").read_text(encoding="utf-8"))
        assert set(content) == {"device", "parameters", "mapping", "figures", "made_with"}
        assert content["figures"]["potentiation"]["sigma_A"] > 0
    with pytest.raises(ParameterError, match='did you mean "neurosim"'):
        write_crossbar(tmp_path / "x.json", figures, "neurosin")


def test_plot_and_text():
    figures = synapse_figures(up(), down())
    assert figures.plot().get_ylabel() == "G [µS]"
    assert "asymmetry" in str(figures)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: synapse_figures(down(), up()), "potentiation has to rise"),
        (lambda: synapse_figures(up()[:4], down()), "3 pulses; allowed: at least 4"),
        (lambda: synapse_figures(-up(), down()), "negative or not finite"),
        (lambda: synapse_figures(np.tile(up(), (2, 1)), down()), "allowed: as many"),
        (lambda: synapse_figures(up(), down(), noise="raed"), 'did you mean "read"'),
        (lambda: synapse_figures(up(), down(), pulse=1e-9), "both its voltage and its length"),
        (lambda: synapse_figures(1.0, down()), r"shape \(\)"),
        (lambda: distinguishable_levels(-1, 1, 3), "span = -1 S"),
        (lambda: aihwkit_piecewise(synapse_figures(up(), down()), 64), "from 2 to 63"),
        (lambda: aihwkit_piecewise(synapse_figures(up(), down()), of="dta"), 'did you mean "data"'),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
