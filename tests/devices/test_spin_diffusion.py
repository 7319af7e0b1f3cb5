"""Spin diffusion: closed forms, conservation at interfaces, and finite differences."""

import numpy as np
import pytest
from scipy.integrate import solve_bvp

from fdmag.analytic.spin_diffusion import (
    diffusivity_of_conductivity,
    nonlocal_spin_signal,
    spin_accumulation,
    spin_diffusion_length,
    spin_valve_resistance_change,
)
from fdmag.analytic.spin_orbit import backflow_factor
from fdmag.analytic.spin_torque import spin_hall_efficiency
from fdmag.constants import ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.devices.spin_diffusion import End, Interface, Layer, SpinDiffusion
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import SpinOrbitTorque
from tests.closeness import close

SINK = End(absorption=np.inf)
COBALT = {"conductivity": 1 / 75e-9, "spin_diffusion_length": 60e-9, "polarisation": 0.46}
COPPER = {"conductivity": 1 / 6e-9, "spin_diffusion_length": 450e-9}


def test_decay_from_an_injector():
    """Held at one end of a wire that is very long: exp(−x/λ), to rounding; the current is σ μ/(2λ)."""
    wire = Layer(40 * 500e-9, 5e7, 500e-9)
    profile = SpinDiffusion([wire], left=End(accumulation=1e-6)).solve(points=401)
    np.testing.assert_allclose(profile.mu_s, spin_accumulation(profile.x, 1e-6, 500e-9), rtol=1e-12, atol=1e-23)
    np.testing.assert_allclose(profile.j_s[:200], 5e7 / (2 * 500e-9) * profile.mu_s[:200], rtol=1e-9)
    injected = SpinDiffusion([wire], left=End(injected=5e7 / (2 * 500e-9) * 1e-6)).solve()
    assert injected.mu_s[0] == close(1e-6, rel=1e-12)


def test_a_finite_wire_with_a_free_end():
    """cosh((t − x)/λ)/cosh(t/λ): no spin current leaves."""
    profile = SpinDiffusion([Layer(700e-9, 5e7, 500e-9)], left=End(accumulation=1e-6)).solve()
    np.testing.assert_allclose(profile.mu_s, 1e-6 * np.cosh((700e-9 - profile.x) / 500e-9) / np.cosh(1.4), rtol=1e-12)
    assert abs(profile.j_s[-1]) < 1e-12 * profile.j_s[0]


@pytest.mark.parametrize("t", [0.1e-9, 1e-9, 3e-9, 30e-9])
def test_spin_hall_efficiency_of_a_film(t):
    film = Layer(t, 2e6, 1.5e-9, spin_hall_angle=0.1)
    profile = SpinDiffusion([film], right=SINK).solve(current_along=1e12)
    assert profile.at(-1)[1] / 1e12 == close(spin_hall_efficiency(0.1, t, 1.5e-9), rel=1e-11)
    mixing = SpinDiffusion([film], right=End(absorption=1e15)).solve(current_along=1e12)
    wanted = spin_hall_efficiency(0.1, t, 1.5e-9) * backflow_factor(t, 1.5e-9, 1 / 2e6, 1e15)
    assert mixing.at(-1)[1] / 1e12 == close(wanted, rel=1e-11)


def test_spin_hall_accumulation_of_a_free_film():
    """Zhang: µ_s = −(2 λ θ J/σ) sinh((t/2 − x)/λ)/cosh(t/2λ), of opposite sign at the two surfaces."""
    t, length, sigma, angle = 8e-9, 1.5e-9, 2e6, 0.1
    profile = SpinDiffusion([Layer(t, sigma, length, spin_hall_angle=angle)]).solve(current_along=1e12)
    wanted = -2 * length * angle * 1e12 / sigma * np.sinh((t / 2 - profile.x) / length) / np.cosh(t / 2 / length)
    np.testing.assert_allclose(profile.mu_s, wanted, rtol=1e-10, atol=1e-12 * np.abs(wanted).max())
    assert profile.mu_s[-1] > 0 > profile.mu_s[0]  # up spins drift towards +x and pile up there


def spin_valve(t_N, **interface):
    layers = [Layer(np.inf, **COBALT), Layer(t_N, **COPPER), Layer(np.inf, **COBALT)]
    return SpinDiffusion(layers, [Interface(**interface)] * 2 if interface else None)


@pytest.mark.parametrize("t_N", [2e-9, 50e-9, 2e-6])
def test_valet_fert_spin_valve(t_N):
    valve = spin_valve(t_N)
    low, high = (stack.solve(current_across=1e10).resistance_area for stack in (valve, valve.reversed(2)))
    wanted = spin_valve_resistance_change(t_N, 6e-9, 450e-9, 75e-9, 60e-9, 0.46)
    assert high - low == close(wanted, rel=1e-9)
    assert valve.reversed(0).solve(current_across=1e10).resistance_area == close(high, rel=1e-12)


def test_two_current_model_without_spin_flips():
    """Layers much thinner than λ: up and down spins are two chains of resistors in parallel."""
    layers = [Layer(t, s, 1.0, b) for t, s, b in ((5e-9, 1e7, 0.4), (3e-9, 5e7, 0.0), (4e-9, 2e7, 0.6))]
    interfaces = [Interface(2e15, 0.5), Interface(1e15, 0.7)]
    stack = SpinDiffusion(layers, interfaces, left=SINK, right=SINK)
    for now, signs in ((stack, (1, 1)), (stack.reversed(2), (1, -1))):
        channels = []
        for spin in (1, -1):
            R = [2 * t / s / (1 + spin * b) for t, s, b in
                 ((5e-9, 1e7, 0.4 * signs[0]), (3e-9, 5e7, 0.0), (4e-9, 2e7, 0.6 * signs[1]))]  # fmt: skip
            R += [2 / 2e15 / (1 + spin * 0.5 * signs[0]), 2 / 1e15 / (1 + spin * 0.7 * signs[1])]
            channels.append(sum(R))
        parallel = 1 / (1 / channels[0] + 1 / channels[1])
        profile = now.solve(current_across=1e11)
        assert profile.resistance_area == close(parallel, rel=1e-9)
        np.testing.assert_allclose(profile.j_s, -1e11 * (channels[1] - channels[0]) / sum(channels), rtol=1e-6)


def test_resistance_does_not_depend_on_the_current():
    stack = spin_valve(10e-9, conductance=1e15, polarisation=0.7, memory_loss=0.25)
    areas = [stack.solve(current_across=J).resistance_area for J in (1e6, -3e11)]
    assert areas[0] == close(areas[1], rel=1e-12)
    assert np.isnan(stack.solve().resistance_area)


def test_spin_current_is_conserved_across_interfaces_without_loss():
    stack = SpinDiffusion(
        [Layer(6e-9, 1e7, 5e-9, 0.5, name="F"), Layer(20e-9, 5e7, 200e-9), Layer(5e-9, 2e6, 1.5e-9, 0.0, 0.2)],
        [Interface(1e15, 0.6), Interface()],
        right=SINK,
    )
    profile = stack.solve(current_across=2e10, current_along=(0, 0, 1e12))
    for edge in (1, 2):
        assert profile.at(edge, "left")[1] == close(profile.at(edge, "right")[1], rel=1e-12)
    assert profile.at(2, "left")[0] == close(profile.at(2, "right")[0], rel=1e-12)
    # in each layer what is lost is the integral of σ (1 − β²) µ_s/(2 λ²)
    for k, layer in enumerate(stack.layers):
        rows = profile.layer == k
        lost = np.trapezoid(profile.mu_s[rows], profile.x[rows]) * layer.spin_conductance / layer.spin_diffusion_length
        entered = profile.j_s[rows][0] - profile.j_s[rows][-1]
        assert entered == close(lost, rel=2e-3)


def test_memory_loss_is_that_of_a_layer_of_so_many_diffusion_lengths():
    """An interface with δ, and a layer of thickness δ λ with the same resistance and polarisation."""
    G, gamma, delta = 1e15, 0.6, 0.3
    left, right = Layer(6e-9, 1e7, 5e-9, 0.5), Layer(20e-9, 5e7, 200e-9)
    abrupt = SpinDiffusion([left, right], [Interface(G, gamma, delta)], right=SINK).solve(current_across=1e10)
    t = 1e-12
    extended = SpinDiffusion([left, Layer(t, G * t, t / delta, gamma), right], right=SINK).solve(current_across=1e10)
    assert abrupt.at(1, "left") == close(extended.at(1, "left"), rel=1e-9)
    assert abrupt.at(1, "right") == close(extended.at(2, "right"), rel=1e-9)
    assert abrupt.resistance_area == close(extended.resistance_area, rel=1e-9)
    # thick neighbours at µ = 0 on the far side: of what enters a share passes that is sech δ
    sink = SpinDiffusion([left, Layer(1e-15, 1e9, 1.0)], [Interface(G, 0.0, delta)], right=SINK).solve(
        current_across=1e9
    )
    assert sink.at(1, "right")[1] / sink.at(1, "left")[1] == close(1 / np.cosh(delta), rel=1e-6)


def lateral(length, contacts, area=1e-14, lambda_N=500e-9, R_N=2.0, current=1e-3):
    """Return V(P) − V(AP) over I of a long wire: the contacts add and take away spin at two places."""
    wire = {"conductivity": lambda_N / R_N / area, "spin_diffusion_length": lambda_N}
    drive, leak = [], []
    for R_i, P, R_F, p in contacts:
        g_i, g_F = (1 - P**2) / (2 * R_i), (1 - p**2) / (2 * R_F)
        leak.append(1 / (1 / g_i + 1 / g_F))
        drive.append(leak[-1] * (P / g_i + p / g_F))
    layers = [Layer(np.inf, **wire), Layer(length, **wire), Layer(np.inf, **wire)]
    joints = [Interface(injected=drive[0] * current / area, absorption=leak[0] / area),
              Interface(absorption=leak[1] / area)]  # fmt: skip
    profile = SpinDiffusion(layers, joints).solve(points=3)
    return drive[1] * profile.at(2)[0] / current


TUNNEL, OHMIC = (1e5, 0.3, 0.05, 0.5), (1e-9, 0.0, 0.05, 0.5)


@pytest.mark.parametrize("contacts", [(TUNNEL, TUNNEL), (OHMIC, OHMIC), (TUNNEL, OHMIC), ((3.0, 0.4, 0.3, 0.6), OHMIC)])
def test_nonlocal_signal(contacts):
    """The wire with contacts gives the published formula, from tunnel to transparent contacts."""
    for length in (50e-9, 500e-9, 2e-6):
        wanted = nonlocal_spin_signal(length, 500e-9, 2.0, contacts)
        assert lateral(length, contacts) == close(wanted, rel=1e-6)


def test_nonlocal_signal_decays_with_the_distance():
    ratio = lateral(2e-6, (TUNNEL, TUNNEL)) / lateral(1e-6, (TUNNEL, TUNNEL))
    assert ratio == close(np.exp(-2), rel=1e-4)
    assert nonlocal_spin_signal(1e-6, 500e-9, 2.0, (TUNNEL, TUNNEL)) == close(0.09 * 2 * np.exp(-2), rel=1e-3)


def test_against_a_general_boundary_value_solver():
    """Two layers with everything at once, by scipy's collocation on µ_s and j_s."""
    F, N = Layer(8e-9, 1e7, 5e-9, 0.5), Layer(6e-9, 2e6, 1.5e-9, spin_hall_angle=0.15)
    interface = Interface(5e14, 0.6, 0.4)
    J_c, J = 2e11, 1e12
    profile = SpinDiffusion([F, N], [interface], End(absorption=3e14), End(absorption=1e15)).solve(J_c, (0, J))
    unit = 1e-3  # V, and A/m² times 1e-15
    g = interface.conductance * (1 - 0.36) / 2
    ctanh, csch = 1 / np.tanh(0.4), 1 / np.sinh(0.4)

    def slopes(s, y):
        """Both layers over s from 0 to 1: µ1, j1, µ2, j2 in units of mV and TA/m²."""
        mu1, j1, mu2, j2 = y * np.array([[unit], [1e12], [unit], [1e12]])
        d1 = (0.5 * -J_c - j1) / (F.conductivity * 0.75 / 2)
        d2 = (0.15 * J - j2) / (N.conductivity / 2)
        l1 = -F.conductivity * 0.75 / 2 / F.spin_diffusion_length**2 * mu1
        l2 = -N.conductivity / 2 / N.spin_diffusion_length**2 * mu2
        return np.array([d1 * 8e-9 / unit, l1 * 8e-9 / 1e12, d2 * 6e-9 / unit, l2 * 6e-9 / 1e12])

    def ends(a, b):
        scale = np.array([unit, 1e12, unit, 1e12])
        (mu1a, j1a, mu2a, j2a), (mu1b, j1b, mu2b, j2b) = a * scale, b * scale
        lost = g * 0.4
        return np.array([
            (j1a + 3e14 * mu1a) / 1e12,
            (j2b - 1e15 * mu2b) / 1e12,
            (j1b - 0.6 * -J_c - lost * (ctanh * mu1b - csch * mu2a)) / 1e12,
            (j2a - 0.6 * -J_c - lost * (csch * mu1b - ctanh * mu2a)) / 1e12,
        ])  # fmt: skip

    s = np.linspace(0, 1, 101)
    found = solve_bvp(slopes, ends, s, np.zeros((4, 101)), tol=1e-10, max_nodes=50000)
    assert found.success
    mu1, j1, mu2, j2 = found.sol(s)
    np.testing.assert_allclose(profile.mu_s, np.concatenate([mu1, mu2]) * unit, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(profile.j_s, np.concatenate([j1, j2]) * 1e12, rtol=1e-6, atol=1e3)


@pytest.mark.parametrize("high", [0, 1])
def test_spins_diffuse_from_high_to_low_accumulation(high):
    """Up-spin electrons diffuse from where μ_s is high to where it is low; j_s > 0 means that they move towards +x.

    In a wire held at its two ends it is the slope of μ_s that decides, and a uniform μ_s moves nothing.
    """
    ends = [End(accumulation=1e-6 if side == high else 0.0) for side in (0, 1)]
    profile = SpinDiffusion([Layer(100e-9, **COPPER)], left=ends[0], right=ends[1]).solve(points=101)
    assert np.all(profile.j_s > 0 if high == 0 else profile.j_s < 0)
    slope = np.gradient(profile.mu_s, profile.x)[1:-1]
    np.testing.assert_allclose(profile.j_s[1:-1], -COPPER["conductivity"] / 2 * slope, rtol=1e-3)


def test_a_current_carries_the_spins_of_the_ferromagnet_that_its_electrons_come_from():
    """Electrons that leave a ferromagnet bring its majority spins. J < 0: they move along +x, from it into copper."""
    layers = [Layer(np.inf, **COBALT), Layer(np.inf, **COPPER)]
    towards = SpinDiffusion(layers).solve(current_across=-1e11)
    assert towards.at(1)[0] > 0 < towards.at(1)[1]
    assert towards.j_s[0] == close(0.46e11, rel=1e-2)  # deep in the ferromagnet
    away = SpinDiffusion(layers).solve(current_across=1e11)
    assert away.at(1)[0] < 0


def test_the_spin_current_that_is_absorbed_is_the_torque_of_the_term():
    """dm/dt = γ ħ/(2 e Ms t) j_s [u − (u·m) m] with u = −normal × J, against a simulated spin–orbit torque."""
    t_HM, length, angle, J, Ms, t = 4e-9, 1.5e-9, 0.3, 1e12, 1e6, 1e-9
    metal = Layer(t_HM, 5e5, length, spin_hall_angle=angle)
    j_s = SpinDiffusion([metal], right=SINK).solve(current_along=J).at(-1)[1]
    m = np.array([0.6, 0.0, 0.8])
    up = -np.cross([0, 0, 1], [1, 0, 0])
    wanted = GAMMA_E * HBAR / (2 * ELEMENTARY_CHARGE * Ms * t) * j_s * (up - up @ m * m)
    torque = SpinOrbitTorque(J=J, theta_SH=angle, t_HM=t_HM, lambda_sf=length)
    magnet = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, t)), [torque], Ms=Ms, alpha=0.0, m=m)
    magnet.run(1e-16)
    turned = (magnet.m[0, :, 0, 0, 0] - m) / 1e-16
    np.testing.assert_allclose(turned, wanted, atol=1e-3 * np.abs(wanted).max())


def test_lengths():
    assert spin_diffusion_length(4e-3, 1e-12) == close(np.sqrt(4e-15))
    # free electrons: D = v²τ/3 with σ = n e² τ/m and N = 3 n/(2 E_F) = 3 n/(m v²)
    n, v, m, tau = 8.5e28, 1.57e6, 9.109e-31, 25e-15
    diffusivity = diffusivity_of_conductivity(n * ELEMENTARY_CHARGE**2 * tau / m, 3 * n / (m * v**2))
    assert diffusivity == close(v**2 * tau / 3, rel=1e-12)
    layer = Layer.of_diffusion(1e-6, D=diffusivity, tau_sf=10e-12, density_of_states=3 * n / (m * v**2))
    assert layer.conductivity == close(n * ELEMENTARY_CHARGE**2 * tau / m)
    assert layer.spin_diffusion_length == close(np.sqrt(diffusivity * 10e-12))
    with pytest.raises(ParameterError, match="above 0"):
        spin_diffusion_length(-1, 1)


def test_results_as_dataset_and_plot():
    xarray = pytest.importorskip("xarray")
    profile = spin_valve(10e-9).solve(current_across=1e10)
    data = profile.to_xarray()
    assert isinstance(data, xarray.Dataset)
    assert data["mu_s"].attrs == {"units": "V", "long_name": "spin accumulation (µ↑ − µ↓)/e"}
    assert data["mu_s"].dims == ("x",)
    axes = profile.plot()
    assert axes.get_xlabel() == "x [nm]"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Layer(0, 1e7, 1e-9), "thickness = 0 m; allowed: above 0"),
        (lambda: Layer(1e-9, 1e7, 1e-9, 1.0, name="Co"), "layer 'Co': polarisation = 1; allowed: above -1 and below 1"),
        (lambda: Interface(memory_loss=0.3), "give its conductance"),
        (lambda: Interface(1e15, absorption=1e12), "transparent interface"),
        (lambda: Interface(absorption=np.inf), "End the stack"),
        (lambda: SpinDiffusion([]), "no layers"),
        (lambda: SpinDiffusion([Layer(1e-9, 1e7, 1e-9)] * 2, []), "0 interfaces for 2 layers; allowed: 1"),
        (lambda: SpinDiffusion([Layer(np.inf, 1e7, 1e-9)]), "infinitely thick"),
        (lambda: SpinDiffusion([Layer(np.inf, 1e7, 1e-9), Layer(1e-9, 1e7, 1e-9)], left=SINK), "left: an infinitely"),
        (lambda: spin_valve(1e-9).reversed(1), "no ferromagnet"),
        (lambda: spin_valve(1e-9).solve().at(9), "edge = 9; allowed: 0 to 3"),
        (lambda: spin_valve(1e-9).solve().at(1, "lft"), 'did you mean "left"'),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
