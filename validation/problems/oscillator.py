"""Spin-torque oscillators: exact macrospins, thresholds, Slavin and Tiberkevich's model, thermal linewidths."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fdmag.analytic.oscillator import perpendicular_polariser_oscillator
from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.devices import SpinTorqueOscillator
from fdmag.devices.oscillator_curve import OscillatorCurve
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, Thermal, UniaxialAnisotropy, Zeeman
from validation.problem import Problem, Result, Row

MS, P, T_FILM, B_K = 8e5, 0.4, 2e-9, 1.0
PER_J = HBAR * P / (2 * ELEMENTARY_CHARGE * MS * T_FILM)  # a/J
ZHU = "X. Zhu, J.-G. Zhu, IEEE Trans. Magn. 42, 2670 (2006); exact for a macrospin"
SLAVIN = "A. Slavin, V. Tiberkevich, IEEE Trans. Magn. 45, 1875 (2009), with the coefficients of this macrospin"
KIM = "J.-V. Kim, V. Tiberkevich, A. N. Slavin, Phys. Rev. Lett. 100, 017207 (2008)"
NEAR = "fitted up to p = 0.02, where the loss is not quite a straight line of p"
ERRORS = "4 standard errors of the fit"
GHZ = 2e9 * np.pi


class Oscillator(Problem):
    """Films with an easy plane: across their polariser, saturated along it, and in their plane."""

    name = "oscillator"
    title = "Spin-torque oscillators: frequency, threshold, nonlinear shift and damping, linewidth"
    slow = True

    def compute(self) -> Result:
        """Compare the figures of devices with exact ones."""
        curve, rows = _easy_plane()
        rows += [*_saturated(), *_in_plane(), *_thermal()]
        return Result(rows, {"oscillator": partial(_draw, curve)})


def _film(
    J: np.ndarray, m: tuple[float, ...], alpha: float, *terms: Zeeman, axis: tuple[float, ...] = (0, 0, 1)
) -> Simulation:
    mesh = Mesh((1, 1, 1), (50e-9, 50e-9, T_FILM))
    torque = Slonczewski(J=0, P=P, p=axis)
    return Simulation(
        mesh, [UniaxialAnisotropy(Ku1=-MS * B_K / 2), torque, *terms], Ms=MS, alpha=alpha, m=m, batch=len(J)
    )


def _easy_plane() -> tuple[OscillatorCurve, list[Row]]:
    alpha, a = 0.05, np.array([-0.02, 0.005, 0.01, 0.02, 0.03])
    film = _film(a, (1, 0, 0), alpha)
    oscillator = SpinTorqueOscillator(film, 0.6e-9, 2.5e-9, sample_every=3e-12, J=a / PER_J, axis=(0, 0, 1))
    oscillator.operate(tolerance=1e-6)
    curve = oscillator.result()
    cosine, f = perpendicular_polariser_oscillator(a, alpha, B_K)
    basis = "what is left of the way to the steady state, and errors of integration"
    rows = []
    for k in (0, 3, 4):
        name = f"easy plane, perpendicular polariser, a = {a[k] * 1e3:g} mT"
        rows += [
            Row(f"cos θ; {name}", cosine[k], 1 - 2 * curve.power[k], 2e-4, ZHU, basis),
            Row(f"f; {name}", abs(f[k]) * 1e-9, curve.frequency[k] * 1e-9, 1e-3, ZHU, basis, "GHz"),
        ]
    spectrum = "both from the same samples, by whole turns and by a fit to the spectrum"
    rows.append(Row("f from the spectrum, a = 20 mT", abs(f[3]) * 1e-9, curve.line_frequency[3] * 1e-9, 2e-3, ZHU,
                    spectrum, "GHz"))  # fmt: skip
    return curve, rows


def _saturated() -> list[Row]:
    """A film saturated along its normal by B: growth (1 − p) γ [a − α (B0 + 2 B_k p)]/(1 + α²), B0 = B − B_k."""
    alpha, B = 0.15, 1.5
    B0 = B - B_K
    J_th = alpha * B0 / PER_J
    J = J_th * np.array([0.9, 1.03, 1.05, 1.07, 1.09])
    oscillator = SpinTorqueOscillator(
        _film(J, (0, 0, 1), alpha, Zeeman(B=(0, 0, B))), 0.5e-9, 4e-9, sample_every=3e-12, J=J, tilt=0.08,
        threshold_between=(0, 2 * J_th), fit_power=0.02,
    )  # fmt: skip
    oscillator.operate()
    found = oscillator.result()
    loss = GAMMA_E * alpha * B0 / (1 + alpha**2)
    row = partial(Row, source=SLAVIN)
    modes, orbits, exact = (J * 1e-9 for J in (found.threshold, found.growth_threshold, J_th))
    f0, shift, turns = GAMMA_E * B0 / GHZ, 2 * GAMMA_E * B_K / GHZ, "errors of turns that still grow"
    return [
        row("J_th of eigenmodes; film saturated along its normal", exact, modes, 1e-5 * exact,
            basis="tolerance of the search, 1e-6 of 2 J_th", unit="GA/m²"),
        row("J_th of growing orbits, Γ₊ = Γ₋", exact, orbits, 2e-3 * exact, basis=NEAR, unit="GA/m²"),
        row("Γ_G of growing orbits", loss * 1e-9, found.damping_rate * 1e-9, 1e-11 * loss, basis=NEAR, unit="1/ns"),
        row("Q of growing orbits, 2 B_k/B0 − 1", 2 * B_K / B0 - 1, found.nonlinear_damping, 0.15, basis=NEAR),
        row("f0 of f = f0 + (N/2π) p", f0, found.f0 * 1e-9, 1e-3 * f0, basis=turns, unit="GHz"),
        row("N/2π", shift, found.shift * 1e-9, 0.01 * shift, basis=turns, unit="GHz"),
        row("p0 at 1.09 J_th", 0.09 * B0 / (2 * B_K), found.power[-1], 1e-4, basis="exp(−9.5) of the way is left"),
    ]  # fmt: skip


def _in_plane() -> list[Row]:
    """A film magnetised in its plane along field and polariser: orbits 3.3 times as wide as high."""
    alpha, B = 0.02, 0.1
    J_th = alpha * (B + B_K / 2) / PER_J
    J = J_th * np.array([0.8, 0.95, 1.05, 1.15])
    film = _film(J, (1, 0, 0), alpha, Zeeman(B=(B, 0, 0)), axis=(1, 0, 0))
    oscillator = SpinTorqueOscillator(
        film, 0.5e-9, 3e-9, sample_every=3e-12, J=J, tilt=0.01, fit_power=2e-3, threshold_between=(0, 3 * J_th)
    )
    oscillator.operate()
    found = oscillator.result()
    return [
        Row("J_th of eigenmodes; film magnetised in its plane", J_th * 1e-9, found.threshold * 1e-9, 2e-3 * J_th * 1e-9,
            "a = α (B + B_k/2): J. C. Slonczewski, J. Magn. Magn. Mater. 159, L1 (1996)", "terms of order α²", "GA/m²"),
        Row("J_th of growing orbits there", found.threshold * 1e-9, found.growth_threshold * 1e-9,
            0.02 * found.threshold * 1e-9, "that of eigenmodes: two ways that share no line of code",
            "2 per cent, asked of both ways", "GA/m²"),
    ]  # fmt: skip


def _thermal() -> list[Row]:
    alpha, a, T, duration, count = 0.1, 0.03, 300.0, 8e-9, 80
    mesh = Mesh((1, 1, 1), (100e-9, 100e-9, T_FILM))
    terms = [UniaxialAnisotropy(Ku1=-MS * B_K / 2), Slonczewski(J=a / PER_J, P=P), Thermal(T=T, seed=11)]
    film = Simulation(mesh, terms, Ms=MS, alpha=alpha, m=(1, 0, -0.314), batch=count)
    oscillator = SpinTorqueOscillator(
        film, duration, 0.2e-9, sample_every=5e-12, axis=(0, 0, -1), repetitions=True
    )  # fmt: skip
    oscillator.operate(dt=1e-12)
    found = oscillator.result()
    D = alpha * GAMMA_E * BOLTZMANN * T / ((1 + alpha**2) * MS * mesh.cell_volume)
    sine2 = 1 - (a / (alpha * B_K)) ** 2
    exact = (1 + 1 / alpha**2) * 2 * D / sine2 / (2 * np.pi)
    rate = GAMMA_E * alpha * B_K * sine2 / (1 + alpha**2) / 2
    f = GAMMA_E * a / alpha / GHZ
    spread = np.sqrt(exact / (2 * np.pi * duration) / count) * 1e-9
    return [
        Row("linewidth at 300 K, from noise of the frequency; ν = −10", exact * 1e-6, found.linewidth[0] * 1e-6,
            4 * found.sigma_linewidth[0] * 1e-6, KIM, ERRORS, "MHz"),
        Row("linewidth at 300 K, from the spectrum", exact * 1e-6, found.line_linewidth[0] * 1e-6,
            2.5 * found.sigma_line_linewidth[0] * 1e-6, KIM, "2.5 standard errors, which are too large", "MHz"),
        Row("Γ_p at 300 K, from noise of the frequency", rate * 1e-9, found.relaxation[0] * 1e-9,
            4 * found.sigma_relaxation[0] * 1e-9, KIM, ERRORS, "1/ns"),
        Row("f at 300 K", f, found.frequency.mean() * 1e-9, 4 * spread + 1e-3 * f, ZHU,
            "4 standard errors, and the mean shift by noise of p, of the order of D/Γ_p", "GHz"),
    ]  # fmt: skip


def _draw(curve: OscillatorCurve, figure: Figure) -> None:
    curve.plot(figure.add_subplot())
