"""Eigenmodes beside closed forms, and beside the whole matrix."""

import numpy as np
import pytest

from fdmag.analytic.ferromagnetic_resonance import kittel_ellipsoid, kittel_film_in_plane
from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.constants import GAMMA_E, MU_0
from fdmag.mesh import Mesh
from fdmag.modes import eigenmodes
from fdmag.parameter import PerReplica
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, InterfacialDMI, Slonczewski, UniaxialAnisotropy, Zeeman, ZhangLi

MS, A = 8e5, 1.3e-11


def film(alpha=0.0, **values):
    mesh = Mesh((2, 2, 1), (5e-9, 5e-9, 2e-9), (True, True, False))
    return Simulation(mesh, [Exchange(A=A), Demag(), Zeeman(B=(0.1, 0, 0))], Ms=MS, alpha=alpha, m=(1, 0, 0), **values)


def test_kittel_frequency_of_a_film():
    modes = eigenmodes(film(), 1)
    assert 2 * np.pi * modes.frequencies[0] == pytest.approx(float(kittel_film_in_plane(0.1, MS)), rel=1e-9)
    assert abs(modes.damping_rates[0]) < 1e-9 * modes.frequencies[0]


def test_kittel_frequency_of_a_prism():
    factors = prism_demagnetising_factors(160, 80, 5)[[2, 1, 0]]
    prism = Simulation(
        Mesh((1, 1, 1), (160e-9, 80e-9, 5e-9)), [Demag(), Zeeman(B=(0.05, 0, 0))], Ms=MS, alpha=0, m=(1, 0, 0)
    )
    expected = float(kittel_ellipsoid(0.05, MS, factors))
    assert 2 * np.pi * eigenmodes(prism, 1).frequencies[0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("alpha", [0.01, 0.5])
def test_damping_of_a_film_is_exact(alpha):
    """λ² + 2 Γ λ + ω0²/(1 + α²) = 0 with Γ = α γ (2 B + µ0 Ms)/2(1 + α²), any α."""
    modes = eigenmodes(film(alpha), 1)
    rate = alpha * GAMMA_E * (2 * 0.1 + MU_0 * MS) / 2 / (1 + alpha**2)
    omega = np.sqrt(float(kittel_film_in_plane(0.1, MS)) ** 2 / (1 + alpha**2) - rate**2)
    assert modes.damping_rates[0] == pytest.approx(rate, rel=1e-8)
    assert 2 * np.pi * modes.frequencies[0] == pytest.approx(omega, rel=1e-8)
    assert modes.linewidths[0] == pytest.approx(rate / np.pi, rel=1e-8)


def test_precession_is_counter_clockwise_and_its_ellipse_flat():
    """Seen from the tip of B, m turns counter-clockwise; the axis ratio is sqrt[B/(B + µ0 Ms)], flat in the film."""
    modes = eigenmodes(film(), 1)
    v = modes.profiles[0, :, 0, 0, 0]
    assert abs(v[1]) == pytest.approx(1, rel=1e-9)
    turn = (np.conj(v[1]) * v[2]).imag  # m_z follows m_y by a quarter of a period: v_z = −i c v_y
    assert turn == pytest.approx(-np.sqrt(0.1 / (0.1 + MU_0 * MS)), rel=1e-9)
    assert modes.ellipticities()[0] == pytest.approx(-turn, rel=1e-9)


def ring(terms=(), cells=64, m=(0, 0, 1), **values):
    mesh = Mesh((cells, 1, 1), (2e-9, 2e-9, 2e-9), (True, False, False))
    return Simulation(mesh, [Exchange(A=A), Zeeman(B=0.2 * np.array(m)), *terms], Ms=MS, alpha=0, m=m, **values)


@pytest.mark.parametrize("method", ["dense", "iterative"])
def test_exchange_waves_have_the_dispersion_of_the_lattice(method):
    """ω = γ [B + (2 A/Ms) (2 − 2 cos kh)/h²]; left- and right-running waves are degenerate, and both are found."""
    modes = eigenmodes(ring(), 9, method=method)
    k = 2 * np.pi * np.array([0, 1, 1, 2, 2, 3, 3, 4, 4]) / (64 * 2e-9)
    expected = GAMMA_E * (0.2 + 2 * A / MS * (2 - 2 * np.cos(2e-9 * k)) / (2e-9) ** 2) / 2 / np.pi
    np.testing.assert_allclose(modes.frequencies, expected, rtol=1e-9)


def test_dmi_favours_one_direction():
    """With interfacial D and m along +y, f(k) − f(−k) = −(2 γ D/π Ms) sin(kh)/h for waves along +x.

    In words: with D > 0, film normal +z and m along +y, a wave that runs towards −x has the higher frequency. From
    e = D (mz ∂x mx − mx ∂x mz) the field is (2 D/Ms) (∂x mz, 0, −∂x mx), and −γ m × B adds (2 γ D/Ms) ∂x v to dv/dt,
    which carries everything towards −x. The magnitude: J.-H. Moon et al., Phys. Rev. B 88, 184404 (2013).
    """
    D, h = 1e-3, 2e-9
    modes = eigenmodes(ring([InterfacialDMI(D=D)], m=(0, 1, 0), cells=32), 9, method="dense")
    by_wave = {}
    for frequency, profile in zip(modes.frequencies, modes.profiles[:, 0, 0, 0], strict=True):
        number = int(np.abs(np.fft.fft(profile)).argmax())  # exp(ikx − iωt) is exp(−ikx + iωt) conjugated
        by_wave[-(number if number < 16 else number - 32)] = frequency
    for number in (1, 2, 3):
        k = 2 * np.pi * number / (32 * h)
        expected = -2 * GAMMA_E * D / (np.pi * MS) * np.sin(k * h) / h
        assert by_wave[number] - by_wave[-number] == pytest.approx(expected, rel=1e-8)


def test_a_current_drags_spin_waves():
    """Doppler shift: ω(k) changes by u·k, u the spin drift velocity, here by −|u| sin(kh)/h of a wave against it."""
    J, P, h = 2e12, 0.5, 2e-9
    u = -GAMMA_E * 1.054571817e-34 * P * J / (2 * 1.602176634e-19 * MS)
    modes = eigenmodes(ring([ZhangLi(J=(J, 0, 0), P=P)], cells=32), 9, method="dense")
    for frequency, profile in zip(modes.frequencies, modes.profiles[:, 0, 0, 0], strict=True):
        number = int(np.abs(np.fft.fft(profile)).argmax())
        k = -2 * np.pi * (number if number < 16 else number - 32) / (32 * h)
        exchange = GAMMA_E * (0.2 + 2 * A / MS * (2 - 2 * np.cos(h * k)) / h**2)
        assert 2 * np.pi * frequency == pytest.approx(exchange + u * np.sin(k * h) / h, rel=1e-8)


def wall(cells, hard, alpha):
    """A Bloch wall in a wire with a hard axis across it, on cells of 1 nm; the wall width is 4.47 nm."""
    mesh = Mesh((cells, 1, 1), (1e-9, 1e-9, 1e-9))
    width = np.sqrt(1e-11 / 5e5)
    x = mesh.x.ravel() / width
    m = np.stack([0 * x, 1 / np.cosh(x), -np.tanh(x)]).reshape(3, 1, 1, -1)
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=5e5), UniaxialAnisotropy(Ku1=-hard, axis=(1, 0, 0))]
    simulation = Simulation(mesh, terms, Ms=MS, alpha=alpha, m=m)
    simulation.minimize(1e-8)
    return simulation


def profile_of_a_shift(cells):
    """|dm/dx| of a wall, sech(x/Δ), relative to the largest of the cells."""
    x = (np.arange(cells) + 0.5 - cells / 2) * 1e-9 / np.sqrt(1e-11 / 5e5)
    return 1 / np.cosh(x) * np.cosh(x).min()


@pytest.mark.parametrize("method", ["dense", "iterative"])
def test_a_wall_has_a_zero_mode_and_a_gap(method):
    """Displacement costs nothing but the lattice's pinning; the next mode is at the bottom of the spin waves.

    Without damping displacement and angle are one mode; all others start at γ (2/Ms) sqrt[K (K + K_h)].
    """
    modes = eigenmodes(wall(120, 2e5, 0.0), 3, method=method)
    gap = GAMMA_E * 2 / MS * np.sqrt(5e5 * 7e5) / 2 / np.pi
    assert abs(modes.eigenvalues[0]) < 1e-4 * 2 * np.pi * gap
    assert 0.99 * gap < modes.frequencies[1] < 1.02 * gap
    profile = np.linalg.norm(modes.profiles[0, :, 0, 0], axis=0)
    np.testing.assert_allclose(profile / profile.max(), profile_of_a_shift(120), atol=0.02)


@pytest.mark.parametrize("method", ["dense", "iterative"])
def test_a_damped_wall_returns_to_its_angle(method):
    """λ = −α γ 2 K_h/Ms/(1 + α²) beside the zero mode: both are real, and both are found."""
    modes = eigenmodes(wall(120, 2e5, 0.02), 3, method=method)
    rates = np.sort(modes.damping_rates[modes.frequencies == 0])
    assert abs(rates[0]) < 1e5
    assert rates[1] == pytest.approx(0.02 * GAMMA_E * 2 * 2e5 / MS / (1 + 0.02**2), rel=2e-3)


def test_degenerate_pairs_of_a_disc():
    """Exchange waves in a disc along its axis: γ [B + (2 A/Ms) (j/R)²], j the zeros of J_n'; n ≠ 0 comes twice.

    Members of a pair turn left and right; square cells keep those of odd n degenerate to rounding. The edge is a
    staircase of h/R = 0.06.
    """
    mesh = Mesh((33, 33, 1), (3e-9, 3e-9, 3e-9))
    disc = Simulation(mesh, [Exchange(A=A), Zeeman(B=(0, 0, 0.3))], Ms=MS, alpha=0, geometry=Cylinder(diameter=96e-9))
    modes = eigenmodes(disc, 6, method="iterative")
    radius = np.sqrt(modes.moving.sum() * 9e-18 / np.pi)
    zeros = np.array([0.0, 1.841184, 1.841184, 3.054237, 3.054237, 3.831706])
    waves = 2 * np.pi * modes.frequencies / GAMMA_E - 0.3
    np.testing.assert_allclose(waves[1:], 2 * A / MS * (zeros[1:] / radius) ** 2, rtol=0.05)
    assert waves[2] == pytest.approx(waves[1], rel=1e-8)
    assert abs(waves[0]) < 1e-9
    pair = modes.profiles[1:3, 0, 0].reshape(2, -1)
    assert np.linalg.svd(pair / np.linalg.norm(pair, axis=1, keepdims=True), compute_uv=False)[1] > 0.1


def test_iterative_like_dense_with_all_at_once():
    """An S-like state with stray field, anisotropy of fourth degree, a spin torque, frozen cells, and damping."""
    mesh = Mesh((20, 8, 2), (5e-9, 5e-9, 4e-9))
    frozen = np.zeros(mesh.shape)
    frozen[..., 0] = 1
    terms = [Exchange(A=A), Demag(), UniaxialAnisotropy(Ku1=2e4, Ku2=1e4, axis=(1, 0, 0)),
             Slonczewski(J=5e10, P=0.4, Lambda=1.5, p=(0.8, 0, 0.6))]  # fmt: skip
    magnet = Simulation(mesh, terms, Ms=MS, alpha=0.02, m=(1, 0.2, 0), frozen=frozen)
    magnet.relax(1e-7)
    dense, iterative = (eigenmodes(magnet, 6, method=method) for method in ("dense", "iterative"))
    np.testing.assert_allclose(iterative.eigenvalues, dense.eigenvalues, rtol=1e-8)
    assert not np.abs(dense.profiles[..., 0]).any()
    for ours, exact in zip(iterative.profiles, dense.profiles, strict=True):
        overlap = abs(np.vdot(ours, exact)) / (np.linalg.norm(ours) * np.linalg.norm(exact))
        assert overlap == pytest.approx(1, abs=1e-8)


def test_damping_by_the_power_it_takes():
    """To first order in α, Γ = α ω ∫ Ms |v|² / (2 ∫ Ms a b), of the undamped mode with semi-axes a ≥ b.

    From dE/dt = −(α Ms/γ) ∫ |dm/dt|² dV and the energy ω ∫ Ms a b/γ dV of the mode.
    """
    mesh = Mesh((20, 8, 1), (5e-9, 5e-9, 4e-9))
    magnet = Simulation(mesh, [Exchange(A=A), Demag()], Ms=MS, alpha=0, m=(1, 0.2, 0))
    magnet.minimize(1e-9)
    free = eigenmodes(magnet, 4)
    magnet.set("material.alpha", 1e-4)
    damped = eigenmodes(magnet, 4)
    a, b = free.semi_axes()
    squared = (np.abs(free.profiles) ** 2).sum(axis=(1, 2, 3, 4))
    expected = 1e-4 * 2 * np.pi * free.frequencies * squared / (2 * (a * b).sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(damped.damping_rates, expected, rtol=1e-5)


def test_every_replica_has_its_own_modes():
    fields = [0.05, 0.1, 0.2]
    mesh = Mesh((4, 1, 1), (5e-9, 5e-9, 5e-9))
    terms = [Exchange(A=A), Zeeman(B=PerReplica([(0, 0, B) for B in fields]))]
    batch = Simulation(mesh, terms, Ms=MS, alpha=PerReplica([0.01, 0.02, 0.03]))
    for replica, B in enumerate(fields):
        modes = eigenmodes(batch, 2, replica=replica)
        alpha = 0.01 * (replica + 1)
        assert modes.frequencies[0] == pytest.approx(GAMMA_E * B / (1 + alpha**2) / 2 / np.pi, rel=1e-9)
        assert modes.damping_rates[0] == pytest.approx(alpha * GAMMA_E * B / (1 + alpha**2), rel=1e-8)


def test_an_unstable_equilibrium_grows():
    """Against a field of 0.1 T: m along −B is an equilibrium, and λ = (±i + α) γ B/(1 + α²) leaves it."""
    spin = Simulation(Mesh((1, 1, 1), (5e-9,) * 3), [Zeeman(B=(0, 0, -0.1))], Ms=MS, alpha=0.1)
    modes = eigenmodes(spin, 1)
    assert modes.damping_rates[0] == pytest.approx(-0.1 * GAMMA_E * 0.1 / 1.01, rel=1e-9)
