"""Spectra and peaks beside signals of known frequency and decay, and beside Kittel's formulas."""

import numpy as np
import pytest

from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.modes import eigenmodes
from fdmag.output.table import Table
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.spectrum import Samples, ring_down
from fdmag.terms import Exchange, Thermal, Zeeman
from tests.closeness import close

T = np.arange(2000) * 10e-12


def decaying(*lines, noise=0.0, seed=0):
    """Samples with the mean m = a exp(−Γ t) (cos, sin/2, 0) along x and y, summed over (f, Γ, a)."""
    m = np.zeros((T.size, 3))
    m[:, 2] = 1
    for f, rate, a in lines:
        envelope = a * np.exp(-rate * T)
        m[:, 0] += envelope * np.cos(2 * np.pi * f * T + 0.3)
        m[:, 1] += 0.5 * envelope * np.sin(2 * np.pi * f * T + 0.3)
    return Samples.of(T, m + noise * np.random.default_rng(seed).normal(size=m.shape))


@pytest.mark.parametrize("window", ["hann", "boxcar", "blackman"])
@pytest.mark.parametrize("rate", [6e8, 3e7])
def test_a_damped_oscillation_comes_back_whatever_the_window(window, rate):
    """Also one that has lost no more than half of its amplitude when the samples end."""
    (peak,) = decaying((8.2571e9, rate, 1e-3)).spectrum(window).peaks(1)
    assert peak.frequency == close(8.2571e9, rel=1e-6)
    assert peak.damping_rate == close(rate, rel=1e-4)
    assert peak.amplitude == close(1e-3 * np.sqrt(1.25), rel=1e-3)


def test_two_lines_do_not_pull_on_each_other():
    """Less than 1e-4 of the width of the weaker one, which stands in the tail of the stronger."""
    first, second = decaying((8.25e9, 6e8, 1e-3), (11.24e9, 7e8, 3e-4)).spectrum().peaks()
    assert first.frequency == pytest.approx(8.25e9, abs=1e-4 * 6e8 / np.pi)
    assert second.frequency == pytest.approx(11.24e9, abs=1e-4 * 7e8 / np.pi)
    assert second.damping_rate == close(7e8, rel=1e-3)


def test_errors_are_those_of_repeated_measurements():
    """Over 60 sets of noise the deviations divided by the error told have a standard deviation of 1 ± 3/sqrt(120)."""
    found = []
    for seed in range(60):
        (peak,) = decaying((8.2571e9, 6e8, 1e-3), noise=2e-5, seed=seed).spectrum().peaks(1)
        found.append([
            (peak.frequency - 8.2571e9) / peak.frequency_error,
            (peak.linewidth - 6e8 / np.pi) / peak.linewidth_error,
            (peak.amplitude - 1e-3 * np.sqrt(1.25)) / peak.amplitude_error,
        ])  # fmt: skip
    np.testing.assert_allclose(np.std(found, axis=0), 1, atol=3 / np.sqrt(120))


@pytest.mark.parametrize("window", ["hann", "boxcar"])
def test_amplitudes_are_those_of_a_steady_oscillation(window):
    f = 200 / (T.size * 10e-12)
    m = np.stack([1e-3 * np.cos(2 * np.pi * f * T), 0 * T, 1 + 0 * T], axis=1)
    spectrum = Samples.of(T, m).spectrum(window)
    assert spectrum.frequencies[200] == close(f)
    assert spectrum.average[200, 0] == close(1e-3, rel=1e-9)


def test_maps_and_peaks_of_waves_without_net_moment(device):
    """A standing exchange wave: nothing of it in the mean of m, all of it in the cells, with a node in the middle."""
    mesh = Mesh((24, 1, 1), (2e-9, 2e-9, 2e-9))
    wave = 1e-2 * np.cos(np.pi * (np.arange(24) + 0.5) / 24)
    m = np.stack([wave, 0 * wave, 1 + 0 * wave]).reshape(3, 1, 1, 24)
    wire = Simulation(mesh, [Exchange(A=1.3e-11), Zeeman(B=(0, 0, 0.2))], Ms=8e5, alpha=0.01, m=m)
    spectrum = ring_down(wire, 3e-9, every=15e-12).spectrum()
    (peak,) = spectrum.peaks(1)
    k_squared = (2 - 2 * np.cos(np.pi / 24)) / (2e-9) ** 2
    omega = GAMMA_E * (0.2 + 2 * 1.3e-11 / 8e5 * k_squared)
    assert peak.frequency == close(omega / 2 / np.pi / (1 + 0.01**2), rel=1e-4)
    assert peak.damping_rate == close(0.01 * omega / (1 + 0.01**2), rel=1e-3)
    assert peak.amplitude == close(1e-2, rel=1e-2)  # rms over cells and both components
    assert np.abs(spectrum.average[:, :2]).max() < 1e-9
    profile = spectrum.map(peak.frequency)[0, 0, 0]
    shape = (profile * np.exp(-1j * np.angle(profile[0]))).real
    np.testing.assert_allclose(shape / shape[0], wave / wave[0], atol=2e-3)
    wire.m = (0, 0, 1)
    modes = eigenmodes(wire, 2)
    assert modes.frequencies[1] == close(peak.frequency, rel=1e-4)


def test_every_replica_has_its_own_spectrum():
    fields = [0.2, 0.3]
    spins = Simulation(Mesh((1, 1, 1), (5e-9,) * 3), [Zeeman(B=PerReplica([(0, 0, B) for B in fields]))], Ms=8e5,
                       alpha=0.01, m=(0.01, 0, 1))  # fmt: skip
    samples = ring_down(spins, 4e-9, every=20e-12)
    for replica, B in enumerate(fields):
        (peak,) = samples.spectrum(replica=replica).peaks(1)
        assert peak.frequency == close(GAMMA_E * B / 2 / np.pi, rel=2e-4)
    with pytest.raises(ParameterError, match="replica = 2; allowed: 0 to 1"):
        samples.spectrum(replica=2)


def test_samples_from_the_table_of_a_run(tmp_path):
    """Of the mean m, or of one of several magnets."""
    samples, left = decaying((8.25e9, 6e8, 1e-3)), decaying((5.5e9, 6e8, 1e-3))
    units = {"t": "s", "stage": "1", "replica": None, "mx": "1", "my": "1", "mz": "1"}
    units |= dict.fromkeys(("m.left.x", "m.left.y", "m.left.z"), "1")
    with Table(tmp_path / "table.csv", units) as table:
        columns = np.concatenate([samples.average[:, 0].T, left.average[:, 0].T])
        table.append({"t": T, "stage": np.full(T.size, 2), "replica": np.zeros(T.size, int),
                      **dict(zip(list(units)[3:], columns, strict=True))})  # fmt: skip
    (peak,) = Samples.from_table(tmp_path / "table.csv").spectrum().peaks(1)
    assert peak.frequency == close(8.25e9, rel=1e-6)
    (peak,) = Samples.from_table(tmp_path / "table.csv", of="m.left").spectrum().peaks(1)
    assert peak.frequency == close(5.5e9, rel=1e-6)
    with pytest.raises(ParameterError, match=r"no column 'm\.right\.x'"):
        Samples.from_table(tmp_path / "table.csv", of="m.right")


def test_a_spectrum_of_noise_takes_the_steps_of_a_noisy_run():
    """A part of a step in the noise for an error that a ring-down without noise needs would take hours."""
    spin = Simulation(Mesh((1, 1, 1), (20e-9, 20e-9, 2e-9)), [Zeeman(B=(0, 0, 0.3)), Thermal(T=300, seed=1)], Ms=1e6,
                      alpha=0.1, device="host")  # fmt: skip
    ring_down(spin, 0.1e-9, every=5e-12)
    assert spin.state.steps[0] < 1000


def test_a_table_in_which_replicas_stop_is_no_spectrum_of_all(tmp_path):
    units = {"t": "s", "stage": "1", "replica": None, "mx": "1", "my": "1", "mz": "1"}
    with Table(tmp_path / "table.csv", units) as table:
        table.append({"t": [0, 0, 1], "stage": 0, "replica": [0, 1, 1], "mx": 1, "my": 0, "mz": 0})
    with pytest.raises(ParameterError, match="unequal numbers of rows"):
        Samples.from_table(tmp_path / "table.csv")


def test_what_makes_no_spectrum_is_refused():
    spin = Simulation(Mesh((1, 1, 1), (5e-9,) * 3), [], Ms=8e5, device="numpy")
    with pytest.raises(ParameterError, match="every = 1e-10 s in 1e-09 s; allowed: at most"):
        ring_down(spin, 1e-9, every=1e-10)
    with pytest.raises(ParameterError, match='window "hanning2"'):
        decaying((8e9, 6e8, 1e-3)).spectrum("hanning2")
    with pytest.raises(ParameterError, match="rising intervals"):
        Samples.of(T**2, np.zeros((T.size, 3)))
    with pytest.raises(ParameterError, match="cells=True"):
        decaying((8e9, 6e8, 1e-3)).spectrum().map(8e9)


def test_nothing_rings():
    assert Samples.of(T, np.tile([0.0, 0.0, 1.0], (T.size, 1))).spectrum().peaks() == []


def test_pictures_show_frequencies_with_units():
    pytest.importorskip("matplotlib")
    figure = decaying((8.25e9, 6e8, 1e-3)).spectrum().plot(highest=15e9)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "frequency [GHz]"
    assert axes.get_xlim()[1] < 17
    assert "8.25" in [text.get_text() for text in axes.texts]
