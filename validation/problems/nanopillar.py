"""Pillars written by currents: the macrospin's numbers while they are uniform, and a published pillar of 20 nm."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_stability import EscapeRates, escape_rates, stability
from fdmag.devices.pillar_switching import switching_times
from fdmag.devices.pillar_threshold import critical_current
from fdmag.devices.pillar_write_errors import write_errors
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, SpinOrbitTorque, Thermal, TunnelTorque, UniaxialAnisotropy, Zeeman
from validation.problem import Problem, Result, Row

EDGE = np.sqrt(np.pi / 4) * 40e-9
SUN = "J. Z. Sun, Phys. Rev. B 62, 570 (2000)"
LEE = "K.-S. Lee et al., Appl. Phys. Lett. 102, 112410 (2013)"
ASKED = "asked: 1 %"


class NanopillarMacrospin(Problem):
    """A free layer of one cell: 40 nm, 1.3 nm, 1 MA/m, B_K = 0.3 T, P = 0.6, α = 0.01."""

    name = "nanopillar"
    slow = True
    title = "A uniform pillar: critical current, switching times, spin–orbit threshold, stability, write errors"

    def compute(self) -> Result:
        """Compare with the closed forms."""
        found = _escapes()
        return Result([*_spin_transfer(), *_voltage(), *_spin_orbit(), *_stability(found), _write_error()],
                      {"nanopillar": partial(_draw, found)})  # fmt: skip


def _layer(batch: int, *, theta: float = 0.02, alpha: float = 0.01, T: float = 0.0) -> Simulation:
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6), Thermal(T=T, seed=4)]
    m = (np.sin(theta), 0, np.cos(theta))
    mesh = Mesh((1, 1, 1), (EDGE, EDGE, 1.3e-9))
    return Simulation(mesh, terms, Ms=1e6, alpha=alpha, m=m, batch=batch)


def _spin_transfer() -> list[Row]:
    pillar = Nanopillar(_layer(7, theta=0.02))
    J_c = pillar.limit().J_c
    bisected = critical_current(pillar, 0.6 * J_c, 1.5 * J_c, 4e-9, criterion="growth", tolerance=2e-3)
    near = switching_times(Nanopillar(_layer(4), threshold=0.99), np.array([1.5, 2, 3, 5]) * J_c, 40e-9)
    far = switching_times(Nanopillar(_layer(2, theta=1 / np.sqrt(120))), np.array([2, 3]) * J_c, 12e-9)
    reduced = far.time * 0.01 * 1.76085963023e11 * 0.3 / (1 + 0.01**2)
    return [
        Row("I_c0 by bisection, growth of the tilt", 24.82, bisected.I_c[0] * 1e6, 0.2482, SUN, ASKED, "µA"),
        Row("I_c0 by extrapolation of 1/τ, from 1° to 8°", 24.82, near.I_c * 1e6, 0.2482, SUN, ASKED, "µA"),
        Row("τ to the equator from θ0 = 1/sqrt(120), i = 2", 2.6262, reduced[0], 0.0262, SUN, ASKED),
        Row("the same, i = 3", 1.4063, reduced[1], 0.0141, SUN, ASKED),
    ]


def _voltage() -> list[Row]:
    """The same layer below a barrier of 5 Ω µm² with TMR = 150 %, whose antiparallel resistance falls with the bias."""
    found = []
    for up, V_h, what, exact in ((1, 0.0, "P", 98.752), (-1, 0.0, "AP, TMR = 150 %", -246.881),
                                 (-1, 0.5, "AP with V_h = 0.5 V", -233.673)):  # fmt: skip
        terms = [UniaxialAnisotropy(Ku1=1.5e5), TunnelTorque(voltage=0.0, RA_P=5e-12, TMR=1.5, V_h=V_h, P=0.6)]
        layer = Simulation(Mesh((1, 1, 1), (EDGE, EDGE, 1.3e-9)), terms, Ms=1e6, alpha=0.01, m=(0.02, 0, up), batch=7)
        pillar = Nanopillar(layer, term="tunnel_torque", tolerance=1e-7)
        bisected = critical_current(pillar, 0.8 * exact * 1e-3, 1.2 * exact * 1e-3, 4e-9, criterion="growth",
                                    tolerance=2e-3)  # fmt: skip
        found.append(Row(f"V_c by bisection, from {what}", exact, bisected.V_c[0] * 1e3, 0.01 * abs(exact),
                         f"J(V) P(V)/P = J_c0 = 2 α e Ms t B_K/(ħ P), {SUN}", ASKED, "mV"))  # fmt: skip
    return found


def _spin_orbit() -> list[Row]:
    B = PerReplica([[0, 0, 0], [0.02, 0, 0], [0.05, 0, 0]])
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Zeeman(B=B), SpinOrbitTorque(J=0, xi_DL=0.3)]
    layer = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, 1e-9)), terms, Ms=1e6, alpha=0.5)
    pillar = Nanopillar(layer, term="spin_orbit_torque", threshold=0.5)
    found = critical_current(pillar, 1.1e12, 1.6e12, 1e-9, rise=2e-9, tolerance=4e-3)
    return [
        Row(f"J_c of a spin–orbit torque with {field} mT along the current", exact, J * 1e-12, 0.01 * exact, LEE, ASKED,
            "10¹² A/m²")
        for field, exact, J in zip((0, 20, 50), (1.5193, 1.3778, 1.1724), found.J_c, strict=True)
    ]  # fmt: skip


def _escapes() -> EscapeRates:
    pillar = Nanopillar(_layer(600, theta=0.0, alpha=0.1, T=300.0), dt=2e-12)
    T = 300 * pillar.limit().stability(300.0) / np.array([3.0, 4.5, 6.0])
    return escape_rates(pillar, T, 15e-9, samples=200, settle=0.5e-9)


def _stability(escapes: EscapeRates) -> list[Row]:
    found = stability(Nanopillar(_layer(1, theta=0.0)), images=9)
    closed = "E_b = Ms V B_K/2 over k_B T, 300 K"
    return [
        Row("Δ by K_eff V", 59.16, found.uniform, 0.05, closed, "digits of the worked number"),
        Row("Δ by the string method", 59.16, found.path, 0.59, closed, ASKED),
        Row("Δ by Arrhenius' law from Δ = 3, 4.5, 6", 59.16, escapes.Delta, 4 * escapes.sigma_Delta, closed,
            f"4 standard errors of {escapes.escapes.sum():.0f} escapes"),
        Row("retention of Δ = 40 at τ0 = 1 ns", 7.46, 1e-9 * np.exp(40) / (365.25 * 86400), 0.01,
            "L. Néel, Ann. Géophys. 5, 99 (1949)", "digits", "years"),
        Row("Δ that 1 Mb needs for 1e-4 in ten years", 63.37, found.required, 0.05,
            "ln[bits t/(τ0 ln 1/(1 − 1e-4))]", "digits of the worked number"),
    ]  # fmt: skip


def _write_error() -> Row:
    pillar = Nanopillar(_layer(500, theta=0.0, alpha=0.1, T=300.0), dt=1e-12)
    found = write_errors(pillar, [2 * pillar.limit().J_c], [0.4e-9], settle=0.2e-9, samples=500)
    return Row("write error rate at 2 I_c0, counted at the end of the pulse", found.limit[0, 0], found.error[0, 0],
               4 * found.sigma[0, 0], "Fokker–Planck equation of the macrospin, fdmag.analytic.fokker_planck",
               "4 standard errors of 500 trajectories")  # fmt: skip


def _draw(found: EscapeRates, figure: Figure) -> None:
    times, rates = figure.subplots(1, 2)
    pillar = Nanopillar(_layer(8, theta=1 / np.sqrt(120)))
    J: NDArray = np.linspace(1.4, 6, 8) * pillar.limit().J_c
    switching_times(pillar, J, 25e-9).plot(times)
    found.plot(rates)
