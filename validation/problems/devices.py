"""Devices: junctions, spin diffusion, synapses, write currents and spreads against published forms and numbers."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fdmag.analytic.pulse_response import pulse_constant_of_label
from fdmag.analytic.spin_diffusion import nonlocal_spin_signal, spin_valve_resistance_change
from fdmag.analytic.spin_torque import spin_hall_efficiency
from fdmag.devices.disc_figures import spin_hall_figure
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.spin_diffusion import SpinDiffusion
from fdmag.devices.spin_layers import End, Interface, Layer
from fdmag.devices.spread import Spread
from fdmag.devices.tolerance import tolerable_spread
from fdmag.devices.track_readout import TrackReadout
from fdmag.devices.write_energy import write_energy_scaling
from fdmag.devices.write_mechanisms import COFEB, SpinTransferWrite
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, UniaxialAnisotropy
from validation.problem import Problem, Result, Row

EXACT = "exact solution of a linear system against a closed form: rounding"
SUN = "J. Z. Sun, Phys. Rev. B 62, 570 (2000)"


class Devices(Problem):
    """What is asked of devices, each number once."""

    name = "devices"
    title = "Devices: tunnel junctions, spin diffusion, write pulses, synapses, variability"

    def compute(self) -> Result:
        """Compare with the published forms."""
        rows = [*_junction(), *_spin_diffusion(), _write_pulse(), *_synapse(), *_variability()]
        return Result(rows, {"devices": _draw})


def _junction() -> list[Row]:
    TMR = float(TunnelJunction.of_polarisations(5e-12, 0.6, 0.4).tmr())
    mesh = Mesh((200, 10, 1), (1e-9, 2e-9, 1e-9))
    track = Simulation(mesh, [], Ms=8e5, m=wall(mesh, position=-42e-9, width=8e-9))
    junction = TunnelJunction(5e-12, 1.5)
    R, _ = junction.read(track, 0.1, (0, 0, 1), np.broadcast_to(np.abs(mesh.x) < 50e-9, mesh.shape))
    exact = float(TrackReadout(junction, -50e-9, 50e-9, 20e-9, 8e-9).conductance(-42e-9))
    return [
        Row("TMR of electrodes with P = 0.6 and 0.4", 0.632, TMR, 5e-4, "M. Jullière, Phys. Lett. A 54, 225 (1975)",
            "three digits of the worked number"),
        Row("conductance over a wall 8 nm inside a junction of 100 nm", exact * 1e6, 1e6 / R[0], 2e-4 * exact * 1e6,
            "mean of tanh((q − x)/Δ) over the junction", "sum over cells for the integral, (h/Δ)²/24", "µS"),
    ]  # fmt: skip


def _spin_diffusion() -> list[Row]:
    film = SpinDiffusion([Layer(3e-9, 2e6, 1.5e-9, spin_hall_angle=0.1)], right=End(absorption=np.inf))
    efficiency, exact = film.solve(current_along=1e12).at(-1)[1] / 1e12, float(spin_hall_efficiency(0.1, 3e-9, 1.5e-9))
    cobalt, copper = Layer(np.inf, 1 / 75e-9, 60e-9, 0.46), Layer(50e-9, 1 / 6e-9, 450e-9)
    valve = SpinDiffusion([cobalt, copper, cobalt])
    low, high = (stack.solve(current_across=1e10).resistance_area for stack in (valve, valve.reversed(2)))
    change = float(spin_valve_resistance_change(50e-9, 6e-9, 450e-9, 75e-9, 60e-9, 0.46)) * 1e15
    signal, published = _lateral(), float(nonlocal_spin_signal(400e-9, 500e-9, 2.0, (CONTACT, CONTACT)))
    return [
        Row("ξ_DL of a film of 2 λ on a perfect sink, θ_SH = 0.1", exact, efficiency, 1e-11,
            "L. Liu et al., Phys. Rev. Lett. 106, 036601 (2011)", EXACT),
        Row("ΔR A of thick cobalt with 50 nm of copper", change, (high - low) * 1e15, 1e-8,
            "T. Valet, A. Fert, Phys. Rev. B 48, 7099 (1993)", EXACT, "fΩ m²"),
        Row("non-local signal over 400 nm with resistive contacts", published * 1e3, signal * 1e3, 1e-8,
            "S. Takahashi, S. Maekawa, Phys. Rev. B 67, 052409 (2003)", EXACT, "mΩ"),
    ]  # fmt: skip


CONTACT = (3.0, 0.4, 0.3, 0.6)
"""R_i [Ω], P, R_F [Ω], p."""


def _lateral() -> float:
    R_i, P, R_F, p = CONTACT
    g_i, g_F, area, current = (1 - P**2) / (2 * R_i), (1 - p**2) / (2 * R_F), 1e-14, 1e-3
    leak = 1 / (1 / g_i + 1 / g_F)
    drive = leak * (P / g_i + p / g_F)
    wire = partial(Layer, conductivity=500e-9 / 2.0 / area, spin_diffusion_length=500e-9)
    contacts = [Interface(injected=drive * current / area, absorption=leak / area), Interface(absorption=leak / area)]
    return drive * SpinDiffusion([wire(np.inf), wire(400e-9), wire(np.inf)], contacts).solve().at(2)[0] / current


def _write_pulse() -> Row:
    """Return where a macrospin is after the pulse that the write energy is paid for."""
    scaling = write_energy_scaling([30e-9], [SpinTransferWrite()])
    tilt = 1 / np.sqrt(120)
    terms = [UniaxialAnisotropy(Ku1=scaling.K_eff[0]), Slonczewski(J=scaling.drive[0, 0], P=0.6)]
    magnet = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, COFEB.thickness)), terms, Ms=COFEB.Ms, alpha=COFEB.alpha,
                        m=(np.sin(tilt), 0, np.cos(tilt)))  # fmt: skip
    magnet.run(scaling.duration[0, 0], tolerance=1e-8)
    return Row("mz at the end of the pulse of a write at Δ = 60, 2 I_c0", 0, magnet.average_m()[0, 2], 1e-4, SUN,
               "integration, 1e-8 a step, over the slope at the equator")  # fmt: skip


def _synapse() -> list[Row]:
    manual = "table of the nonlinearity label, user manual of MLP+NeuroSim V3.0"
    return [
        Row(f"A of a sweep for the nonlinearity label {label:g}", A, pulse_constant_of_label(label, 1.0), 5.1e-7,
            manual, "digits of the table")
        for label, A in ((0.1, 12.625807), (1.0, 1.251653))
    ]  # fmt: skip


def _variability() -> list[Row]:
    xi = partial(spin_hall_figure, t_HM=4e-9, spin_hall_conductivity=1.5e5)
    spreads = {"rho": Spread(200e-8, 0.0), "lambda_sf": Spread.relative(2e-9, 0.05)}
    answer = tolerable_spread(xi, spreads, "rho", 0.04)
    exact = np.sqrt(0.04**2 - (0.05 * 2 / np.cosh(2) * np.tanh(2) / (1 - 1 / np.cosh(2))) ** 2)
    gum = "propagation of uncertainty, JCGM 100:2008, with the derivatives in closed form"
    return [
        Row("spread of ρ for CV(ξ_DL) ≤ 4 % with 5 % of λ, linearised", exact * 100, answer.CV_linear * 100, 1e-4, gum,
            "numerical derivatives", "%"),
        Row("the same by Monte Carlo", exact * 100, answer.CV * 100, 400 * answer.sigma_CV + 5 * exact, gum,
            "four standard errors, and what is not linear: 5 % of it, as is the spread of λ", "%"),
    ]  # fmt: skip


def _draw(figure: Figure) -> None:
    axes = figure.add_subplot()
    write_energy_scaling(np.geomspace(10e-9, 100e-9, 91)).plot(axes)
