"""Oscillators in a simulation: exact macrospins, thresholds by two ways, linewidths, and what a device must keep."""

import numpy as np
import pytest

from fdmag.analytic.oscillator import perpendicular_polariser_oscillator
from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.devices import SpinTorqueOscillator
from fdmag.errors import ParameterError
from fdmag.initial import vortex
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Slonczewski, Thermal, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MS, P, THICK = 8e5, 0.4, 2e-9
PER_J = HBAR * P / (2 * ELEMENTARY_CHARGE * MS * THICK)
"""a over J [T m²/A]."""
B_K = 1.0
CELL = Mesh((1, 1, 1), (50e-9, 50e-9, THICK))
PLANE = UniaxialAnisotropy(Ku1=-MS * B_K / 2)


def macrospin(*terms, alpha, batch, m=(0, 0, 1), mesh=CELL, J=0.0, **more):
    return Simulation(mesh, [*terms, Slonczewski(J=J, P=P, **more)], Ms=MS, alpha=alpha, m=m, batch=batch)


def test_film_with_a_perpendicular_polariser_is_exact(device):
    """J > 0 with the reference below, p = +z, drives m below the plane, and it turns counter-clockwise seen from +z."""
    alpha, a = 0.1, np.array([-0.04, 0.02, 0.06])
    film = macrospin(PLANE, alpha=alpha, batch=3, m=(1, 0, 0))
    oscillator = SpinTorqueOscillator(film, 0.6e-9, 2e-9, sample_every=3e-12, J=a / PER_J, axis=(0, 0, 1))
    oscillator.operate(tolerance=1e-7)
    found = oscillator.result()
    cosine, f = perpendicular_polariser_oscillator(a, alpha, B_K)
    np.testing.assert_allclose(found.frequency, np.abs(f), rtol=1e-5)
    np.testing.assert_allclose(found.line_frequency, np.abs(f), rtol=1e-4)
    np.testing.assert_allclose(found.power, (1 - cosine) / 2, rtol=1e-5)
    np.testing.assert_allclose(found.balance, np.abs(f), rtol=1e-6)
    np.testing.assert_allclose(found.rate, np.abs(f), rtol=1e-5)
    np.testing.assert_allclose(found.current, a / PER_J * 2.5e-15)
    senses = [orbit.sense for orbit in oscillator._samples().orbits]
    assert senses == [-1, 1, 1]


def test_balance_holds_with_an_asymmetric_torque():
    """Lambda = 1.5: a depends on cos θ = −a(cos θ)/(α B_k), and f = γ a(cos θ)/(2π α) at the angle where m settles."""
    film = macrospin(PLANE, alpha=0.05, batch=1, m=(1, 0, 0), Lambda=1.5)
    oscillator = SpinTorqueOscillator(film, 0.3e-9, 2.5e-9, sample_every=2e-12, J=0.01 / PER_J, axis=(0, 0, 1))
    oscillator.operate(tolerance=1e-7)
    found = oscillator.result()
    cosine = 1 - 2 * found.power[0]
    a = 0.01 * 2 * 1.5**2 / ((1.5**2 + 1) + (1.5**2 - 1) * cosine)
    assert cosine == close(-a / (0.05 * B_K), rel=1e-5)
    assert found.balance[0] == close(GAMMA_E * a / (2 * np.pi * 0.05), rel=1e-5)
    assert found.frequency[0] == close(found.balance[0], rel=1e-5)


def saturated(alpha, ratios, B=1.5, **more):
    """A film saturated along its normal, with J over the threshold a = α B0, B0 = B − B_k; and B0, J_th."""
    B0 = B - B_K
    J = alpha * B0 / PER_J
    film = macrospin(PLANE, Zeeman(B=(0, 0, B)), alpha=alpha, batch=len(ratios))
    return film, np.asarray(ratios) * J, B0, J


def test_model_of_slavin_and_tiberkevich_of_a_saturated_film(device):
    """Growth is (1 − p) γ [a − α (B0 + 2 B_k p)]/(1 + α²) and 2π f = γ (B0 + 2 B_k p): N, Γ_G, J_th and Q follow."""
    alpha = 0.15
    film, J, B0, threshold = saturated(alpha, [0.9, 1.03, 1.05, 1.07, 1.09])
    oscillator = SpinTorqueOscillator(
        film, 0.5e-9, 4e-9, sample_every=3e-12, J=J, tilt=0.08, threshold_between=(0, 2 * threshold), fit_power=0.02
    )
    oscillator.operate()
    found = oscillator.result()
    assert found.threshold == close(threshold, rel=1e-5)
    assert found.threshold_frequency == close(GAMMA_E * B0 / (2 * np.pi), rel=1e-4)
    assert found.growth_threshold == close(threshold, rel=2e-3)
    assert found.damping_rate == close(GAMMA_E * alpha * B0 / (1 + alpha**2), rel=0.01)
    assert found.nonlinear_damping == close(2 * B_K / B0 - 1, rel=0.05)  # up to p = 0.02, where Q p² adds 0.03
    assert found.f0 == close(GAMMA_E * B0 / (2 * np.pi), rel=1e-3)
    assert found.shift == close(GAMMA_E * 2 * B_K / (2 * np.pi), rel=0.01)
    assert found.power[-1] == close(0.09 * B0 / (2 * B_K), rel=0.02)
    assert found.rate[0] == 0
    balance, shift = oscillator.balance(), oscillator.frequency_shift()
    assert balance.threshold == found.growth_threshold
    assert shift.f0 == found.f0
    model = balance.oscillator(shift.f0, shift.shift, energy=1e-18)
    np.testing.assert_allclose(model.power(J[1:] / balance.threshold)[-1], found.power[-1], rtol=0.03)


def test_threshold_of_modes_is_that_of_growing_orbits_on_an_ellipse():
    """A film magnetised in its plane along the field and the polariser: a_th = α (B + B_k/2), orbits 1 to 3.3 flat."""
    alpha, B = 0.02, 0.1
    exact = alpha * (B + B_K / 2) / PER_J
    film = macrospin(PLANE, Zeeman(B=(B, 0, 0)), alpha=alpha, batch=4, m=(1, 0, 0), p=(1, 0, 0))
    oscillator = SpinTorqueOscillator(
        film, 0.5e-9, 3e-9, sample_every=3e-12, J=exact * np.array([0.8, 0.95, 1.05, 1.15]), tilt=0.01, fit_power=2e-3,
        threshold_between=(0, 3 * exact),
    )  # fmt: skip
    oscillator.operate()
    found = oscillator.result()
    assert found.threshold == close(exact, rel=2e-3)
    assert found.growth_threshold == close(found.threshold, rel=0.02)
    assert found.threshold_frequency == close(GAMMA_E * np.sqrt(B * (B + B_K)) / (2 * np.pi), rel=2e-3)


@pytest.mark.slow
def test_threshold_of_modes_is_that_of_growing_orbits_in_a_disc():
    """A disc of many cells, whose orbits are not uniform: no closed form, two ways that share no line. About 12 s."""
    mesh = Mesh((12, 12, 1), (5e-9, 5e-9, 3e-9))
    terms = [Exchange(A=13e-12), Demag(), Zeeman(B=(0, 0, 1.2)), Slonczewski(J=0, P=P)]
    disc = Simulation(mesh, terms, Ms=MS, alpha=0.05, geometry=Cylinder(60e-9), batch=4)
    disc.relax(1e-6)
    oscillator = SpinTorqueOscillator(disc, 0.5e-9, 1.5e-9, sample_every=3e-12, tilt=0.03, fit_power=0.01)
    threshold = oscillator.threshold(0, 2e12)
    oscillator.J = threshold.J * np.array([0.85, 0.95, 1.05, 1.15])
    oscillator.operate()
    found = oscillator.result()
    assert found.growth_threshold == close(threshold.J, rel=0.02)
    np.testing.assert_allclose(found.frequency[1:3], threshold.frequency, rtol=0.01)


@pytest.mark.slow
def test_threshold_of_a_vortex():
    """The core of a vortex turns in a disc: |c|² for its power, and both ways to its threshold. About 12 s."""
    mesh = Mesh((16, 16, 1), (5e-9, 5e-9, 10e-9))
    terms = [Exchange(A=13e-12), Demag(), Slonczewski(J=0, P=P)]
    disc = Simulation(mesh, terms, Ms=MS, alpha=0.05, geometry=Cylinder(80e-9), m=vortex(mesh), batch=4)
    disc.relax(1e-6)
    oscillator = SpinTorqueOscillator(
        disc, 2e-9, 4e-9, sample_every=15e-12, axis=(0, 0, 1), power="amplitude", tilt=0.02, fit_power=0.003
    )
    threshold = oscillator.threshold(0, 2e12)
    oscillator.J = threshold.J * np.array([0.7, 0.9, 1.1, 1.3])
    oscillator.operate()
    found = oscillator.result()
    assert found.growth_threshold == close(threshold.J, rel=0.02)
    assert found.frequency[1] == close(threshold.frequency, rel=0.01)
    assert np.all(np.diff(found.power) > 0)


def test_linewidth_of_a_thermal_oscillator():
    """cos θ turns with 2π f' = −γ B_k/(1 + α²) per unit and relaxes with γ α B_k sin²θ/(1 + α²): ν = −1/α."""
    alpha, a, T = 0.1, 0.03, 300.0
    mesh = Mesh((1, 1, 1), (100e-9, 100e-9, THICK))
    film = Simulation(
        mesh,
        [PLANE, Slonczewski(J=a / PER_J, P=P), Thermal(T=T, seed=7)],
        Ms=MS,
        alpha=alpha,
        m=(1, 0, -0.314),
        batch=100,
    )
    oscillator = SpinTorqueOscillator(film, 2e-9, 0.2e-9, sample_every=5e-12, axis=(0, 0, -1), repetitions=True)
    oscillator.operate(dt=1e-12)
    found = oscillator.result()
    D = alpha * GAMMA_E * BOLTZMANN * T / ((1 + alpha**2) * MS * mesh.cell_volume)
    sine2 = 1 - (a / (alpha * B_K)) ** 2
    exact = (1 + 1 / alpha**2) * 2 * D / sine2 / (2 * np.pi)
    relaxation = GAMMA_E * alpha * B_K * sine2 / (1 + alpha**2) / 2
    assert abs(found.linewidth[0] - exact) < 3.5 * found.sigma_linewidth[0] < 0.4 * exact
    assert abs(found.relaxation[0] - relaxation) < 3.5 * found.sigma_relaxation[0] < relaxation
    assert np.ptp(found.linewidth) == 0
    assert np.isnan(found.growth_threshold)
    f = GAMMA_E * a / (2 * np.pi * alpha)
    assert abs(found.frequency.mean() - f) < 4 * np.sqrt(exact / (2 * np.pi * 2e-9) / 100) + 1e-3 * f
    np.testing.assert_allclose(found.sigma_frequency.mean(), found.frequency.std(), rtol=0.3)
    with pytest.raises(ParameterError, match="noise hides"):
        oscillator.balance()
    spectrum = oscillator.spectrum()
    place = spectrum.density.mean(axis=0).argmax()
    assert abs(spectrum.f[place] - f) < 2 / (2e-9)


def test_replicas_are_what_they_are_alone(device):
    def run(J):
        film, _, _, _ = saturated(0.1, J)
        oscillator = SpinTorqueOscillator(film, 0.3e-9, 0.3e-9, sample_every=3e-12, J=J, tilt=0.2)
        oscillator.operate()
        return oscillator.result()

    J = np.array([6.5e11, 8e11, 9e11])
    together, alone = run(J), run(J[1:2])
    for name in ("frequency", "line_frequency", "power", "balance", "rate"):
        assert getattr(together, name)[1] == getattr(alone, name)[0]


def test_free_layer_above_a_frozen_reference():
    """The mean over a region, with the reference in the mesh, is what a fixed polariser makes of a mesh without it."""
    mesh = Mesh((1, 1, 3), (50e-9, 50e-9, THICK))
    layers = {"pinned": np.array([True, False, False]), "free": np.array([False, False, True])}
    regions = {name: np.broadcast_to(where[:, None, None], mesh.shape) for name, where in layers.items()}
    stack = Simulation(
        mesh,
        [PLANE, Slonczewski(J=0, P={"free": P, "pinned": 0.0, "default": 0.0}, reference="pinned")],
        Ms={"pinned": MS, "free": MS, "default": 0.0},
        frozen={"pinned": 1.0, "free": 0.0, "default": 0.0},
        alpha=0.05,
        m=np.where(layers["free"][:, None, None], 1.0, 0.0) * np.array([1.0, 0, 0])[:, None, None, None]
        + np.where(layers["pinned"][:, None, None], 1.0, 0.0) * np.array([0, 0, 1.0])[:, None, None, None],
        regions=regions,
    )
    found = []
    for film, region in ((stack, "free"), (macrospin(PLANE, alpha=0.05, batch=1, m=(1, 0, 0)), None)):
        oscillator = SpinTorqueOscillator(
            film, 0.3e-9, 0.5e-9, sample_every=4e-12, J=0.02 / PER_J, axis=(0, 0, 1), region=region
        )
        oscillator.operate(tolerance=1e-7)
        found.append(oscillator.result())
    for name in ("frequency", "power", "balance", "current"):
        assert getattr(found[0], name)[0] == close(getattr(found[1], name)[0], rel=1e-5)


def test_currents_of_the_term_are_told_and_kept():
    film = macrospin(PLANE, alpha=0.1, batch=2, m=(1, 0, -0.3), J=PerReplica([3e11, 4e11]))
    oscillator = SpinTorqueOscillator(film, 0.2e-9, 0.2e-9, sample_every=2e-12, axis=(0, 0, -1))
    oscillator.operate()
    np.testing.assert_array_equal(oscillator.result().J, [3e11, 4e11])
    with pytest.raises(ParameterError, match="write J = 0 there"):
        oscillator.threshold(0, 1e12)
    with pytest.raises(ParameterError, match="write J = 0 there"):  # one current would be scaled by the other
        SpinTorqueOscillator(film, 0.2e-9, sample_every=2e-12, J=[1e11, 2e11])


def test_threshold_leaves_state_and_current():
    film, J, _, threshold = saturated(0.1, [0.5, 1.2])
    oscillator = SpinTorqueOscillator(film, 0.2e-9, sample_every=2e-12, J=J, tilt=0.1)
    oscillator.operate()
    before, m = oscillator.result(), film.m
    oscillator.threshold(0, 2 * threshold)
    np.testing.assert_allclose(film.m, m, atol=1e-15)
    np.testing.assert_array_equal(oscillator.result().J, before.J)


def test_wrong_arguments():
    film = macrospin(PLANE, alpha=0.1, batch=2)

    def make(duration=1e-9, **given):
        return SpinTorqueOscillator(film, duration, **{"sample_every": 1e-12, **given})

    for given, message in [
        ({"duration": 0.0}, "duration = 0 s; allowed: above 0"),
        ({"sample_every": 5e-11}, "allowed: at most 1.5625e-11 s"),
        ({"term": "exchange"}, 'term = "exchange" has no current; terms that have: slonczewski'),
        ({"J": [1e11, 2e11, 3e11]}, r"J has shape \(3,\); allowed: a number, or one per replica \(2\)"),
        ({"power": "amplitud"}, "did you mean"),
        ({"axis": (0, 0, 0)}, "a vector"),
        ({"threshold_between": (1e11,)}, "two current densities"),
        ({"fires_at": 1.5}, "from 0 to 1"),
    ]:
        with pytest.raises(ParameterError, match=message):
            make(**given)
    with pytest.raises(ParameterError, match="nothing measured yet"):
        make().result()
