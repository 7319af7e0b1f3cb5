"""Eigenmodes of the linearised equation of motion beside closed forms, and thresholds of currents."""

from functools import partial

import numpy as np

from fdmag.analytic import ferromagnetic_resonance as kittel
from fdmag.constants import ELEMENTARY_CHARGE, GAMMA_E, HBAR, MU_0
from fdmag.mesh import Mesh
from fdmag.modes import eigenmodes, threshold
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, InterfacialDMI, Slonczewski, Term, UniaxialAnisotropy, Zeeman
from validation.problem import Problem, Result, Row

A, MS, B, ALPHA = 13e-12, 8e5, 0.2, 0.02
CELLS, H = 32, 2e-9
LINEAR = "linear algebra: rounding and 1e-10 of the iteration"


class Eigenmodes(Problem):
    """Films, rings of spins, a wall, and currents that destabilise a magnet."""

    name = "eigenmodes"
    title = "Eigenmodes and thresholds: films, spin waves with DMI, a domain wall, spin torques"

    def compute(self) -> Result:
        """Compare frequencies, damping rates and thresholds."""
        return Result([*_film(), *_waves(), *_wall(), *_thresholds()])


def _film() -> list[Row]:
    mesh = Mesh((2, 2, 1), (5e-9, 5e-9, 2e-9), periodic=(True, True, False))
    film = Simulation(mesh, [Exchange(A=A), Demag(), Zeeman(B=(B, 0, 0))], Ms=MS, alpha=ALPHA, m=(1, 0, 0))
    modes = eigenmodes(film, 1)
    rate = ALPHA * GAMMA_E * (2 * B + MU_0 * MS) / 2 / (1 + ALPHA**2)
    undamped = float(kittel.kittel_film_in_plane(B, MS))
    exact = np.sqrt(undamped**2 / (1 + ALPHA**2) - rate**2) / 2e9 / np.pi
    source = "C. Kittel, Phys. Rev. 73, 155 (1948), with damping: λ² + 2 Γ λ + ω0²/(1 + α²) = 0"
    row = partial(Row, source=source, basis=LINEAR)
    return [
        row("film, 0.2 T, α = 0.02: frequency", exact, modes.frequencies[0] / 1e9, 1e-8 * exact, unit="GHz"),
        row("film: damping rate α γ (2 B + µ0 Ms)/2(1 + α²)", rate * 1e-9, modes.damping_rates[0] * 1e-9,
            1e-8 * rate * 1e-9, unit="1/ns"),
    ]  # fmt: skip


def _waves() -> list[Row]:
    mesh = Mesh((CELLS, 1, 1), (H, H, H), periodic=(True, False, False))

    def modes(*terms: Term) -> tuple[np.ndarray, np.ndarray]:
        ring = Simulation(mesh, [Exchange(A=A), Zeeman(B=(0, B, 0)), *terms], Ms=MS, alpha=0, m=(0, 1, 0))
        found = eigenmodes(ring, 7)
        number = np.abs(np.fft.fft(found.profiles[:, 0, 0, 0], axis=1)).argmax(axis=1)
        return found.frequencies / 1e9, -((number + CELLS // 2) % CELLS - CELLS // 2)  # v exp(iωt): k is −number

    k = 2 * np.pi * 3 / (CELLS * H)
    exact = GAMMA_E * (B + 2 * A / MS * (2 - 2 * np.cos(k * H)) / H**2) / 2e9 / np.pi
    plain, _ = modes()
    source = "C. Herring, C. Kittel, Phys. Rev. 81, 869 (1951), k² of the lattice"
    rows = [
        Row(f"spin wave of 3 lengths, {which} of its pair", exact, plain[place], 1e-8 * exact, source, LINEAR, "GHz")
        for which, place in (("first", 5), ("second", 6))
    ]
    D = 5e-4
    frequency, number = modes(InterfacialDMI(D=D))
    shift = frequency[number == 1][0] - frequency[number == -1][0]
    k = 2 * np.pi / (CELLS * H)
    exact = -2 * GAMMA_E * D / (np.pi * MS) * np.sin(k * H) / H / 1e9
    source = "J.-H. Moon et al., Phys. Rev. B 88, 184404 (2013), k of the lattice; m along +y, D > 0"
    return [*rows, Row("f(+k) − f(−k) with interfacial DMI", exact, shift, 1e-8 * abs(exact), source, LINEAR, "GHz")]


def _wall() -> list[Row]:
    K, hard, A_wall = 5e5, 2e5, 1e-11
    mesh = Mesh((120, 1, 1), (1e-9, 1e-9, 1e-9))
    x = mesh.x.ravel() / np.sqrt(A_wall / K)
    m = np.stack([0 * x, 1 / np.cosh(x), -np.tanh(x)]).reshape(3, 1, 1, -1)
    terms = [Exchange(A=A_wall), UniaxialAnisotropy(Ku1=K), UniaxialAnisotropy(Ku1=-hard, axis=(1, 0, 0))]
    wall = Simulation(mesh, terms, Ms=MS, alpha=ALPHA, m=m)
    wall.minimize(1e-8)
    still = np.sort(eigenmodes(wall, 2).damping_rates) * 1e-9
    back = ALPHA * GAMMA_E * 2 * hard / MS / (1 + ALPHA**2) * 1e-9
    source = "N. L. Schryer and L. R. Walker, J. Appl. Phys. 45, 5406 (1974), linearised"
    return [
        Row("Bloch wall: |λ| of its displacement", 0, abs(still[0]), 1e-4, source, "pinning by cells of Δ/4.5", "1/ns"),
        Row("Bloch wall: return to its angle, α γ 2 K_h/Ms", back, still[1], 2e-3 * back, source,
            "(h/Δ)²/24, the change of the wall's profile", "1/ns"),
    ]  # fmt: skip


def _thresholds() -> list[Row]:
    thickness, P = 1.3e-9, 0.6
    spin = Simulation(
        Mesh((1, 1, 1), (2e-9, 2e-9, thickness)), [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=P)],
        Ms=1e6, alpha=0.01,
    )  # fmt: skip
    ours = threshold(spin, "slonczewski.J", 0, 5e10).value * np.pi * (20e-9) ** 2 * 1e6
    barrier = 1.5e5 * thickness * np.pi * (20e-9) ** 2
    exact = 4 * ELEMENTARY_CHARGE * 0.01 * barrier / (HBAR * P) * 1e6
    sun = "J. Z. Sun, Phys. Rev. B 62, 570 (2000)"
    found = "relative precision asked of the root, 1e-6 of the interval"
    rows = [Row("perpendicular pillar of 40 nm: I_c0 = 4 e α E_b/(ħ P)", exact, ours, 1e-4, sun, found, "µA")]
    mesh = Mesh((2, 2, 1), (5e-9, 5e-9, 2e-9), periodic=(True, True, False))
    torque = Slonczewski(J=0, P=0.4, p=(1, 0, 0))
    film = Simulation(mesh, [Exchange(A=A), Demag(), Zeeman(B=(0.05, 0, 0)), torque], Ms=MS, alpha=ALPHA, m=(1, 0, 0))
    ours = threshold(film, "slonczewski.J", 0, 1e12).value * 1e-9
    exact = ALPHA * (0.05 + MU_0 * MS / 2) * 2 * ELEMENTARY_CHARGE * MS * 2e-9 / (HBAR * 0.4) * 1e-9
    name = "film in its plane: J_c of the field α (B + µ0 Ms/2)"
    return [*rows, Row(name, exact, ours, 1e-5 * exact, sun, found, "GA/m²")]
