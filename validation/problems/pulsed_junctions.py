"""Junctions that pulses write: chances by Fokker–Planck, independent grains, half a turn, spread of thresholds."""

import numpy as np
from matplotlib.figure import Figure

from fdmag.analytic.spin_torque import spin_hall_efficiency, spin_orbit_threshold
from fdmag.constants import BOLTZMANN
from fdmag.devices.binary_synapse import BinarySynapse
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.multilevel_mtj import ConductanceLevels, MultilevelMTJ
from fdmag.devices.spread import Spread
from fdmag.devices.threshold_spread import ThresholdSpread
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import InterfaceAnisotropy, Slonczewski, SpinOrbitTorque, Thermal, UniaxialAnisotropy, Zeeman
from validation.problem import Problem, Result, Row

BUTLER = "Fokker–Planck equation: W. H. Butler et al., IEEE Trans. Magn. 48, 4684 (2012)"
LEE = "closed form of K.-S. Lee et al., Appl. Phys. Lett. 102, 112410 (2013)"
MTJ = TunnelJunction(RA_P=10e-12, TMR=1.0)
TRIALS = 300


class PulsedJunctions(Problem):
    """Binary and multilevel synapses, voltage-controlled writing, and the spread of the switching current."""

    name = "pulsed_junctions"
    title = "Junctions written by pulses: binary, multilevel, by voltage; spread of the threshold"
    slow = True

    def compute(self) -> Result:
        """Count, and compare with the closed forms."""
        levels, grains = _multilevel()
        rows = [*_binary(), *grains, _voltage(), *_spread()]

        def draw(figure: Figure) -> None:
            levels.plot(figure.add_subplot())

        return Result(rows, {"multilevel_mtj": draw})


def _binary() -> list[Row]:
    mesh = Mesh((1, 1, 1), (20e-9, 20e-9, 2e-9))
    terms = [UniaxialAnisotropy(Ku1=150e3), Slonczewski(J=0.0, P=0.5),
             Thermal(T=150e3 * mesh.cell_volume / BOLTZMANN / 30, seed=2)]  # fmt: skip
    cells = Simulation(mesh, terms, Ms=1e6, alpha=0.1, batch=2 * TRIALS)
    synapse = BinarySynapse(cells, JunctionDevice(cells, MTJ), [0.55e12, 0.73e12], [0.4e-9], rest=0.2e-9, settle=0.2e-9,
                            limit="fokker_planck")  # fmt: skip
    synapse.operate(dt=2e-12)
    found = synapse.result()
    return [
        Row(f"share of {TRIALS} pulses of 0.4 ns that switch at {i} I_c0, Δ = 30", limit, P,
            float(3.5 * np.sqrt(limit * (1 - limit) / TRIALS)), BUTLER, "3.5 standard errors of what is counted")
        for i, limit, P in zip((1.5, 2.0), found.limit[:, 0], found.probability[:, 0], strict=True)
    ]  # fmt: skip


def _multilevel() -> tuple[ConductanceLevels, list[Row]]:
    mesh = Mesh((12, 12, 1), (15e-9, 15e-9, 2e-9))
    K = 250e3 * (1 + 0.16 * np.random.default_rng(7).standard_normal(mesh.shape))
    terms = [UniaxialAnisotropy(Ku1=K), Thermal(T=300.0, seed=3), Slonczewski(J=0.0, P=0.5)]
    layer = Simulation(mesh, terms, Ms=1e6, alpha=0.1, batch=4)
    device = MultilevelMTJ(layer, JunctionDevice(layer, MTJ), [0.8e12, 0.9e12, 1e12], width=0.3e-9, gap=0.15e-9,
                           rest=0.2e-9, limit="grains")  # fmt: skip
    device.operate(dt=1e-12)
    found = device.result()
    source = f"mean over 144 grains of their own {BUTLER}"
    return found, [
        Row(f"share of grains switched after pulse {n} of rising current, four cycles", found.limit_share[n],
            float(found.share[..., n].mean()), float(3.5 * found.sigma_limit_share[n] / 2), source,
            "3.5 standard errors of independent grains, sqrt[Σ s (1 − s)]/N, over two for four cycles")
        for n in (1, 2, 3)
    ]  # fmt: skip


def _voltage() -> Row:
    half = np.pi * (1 + 0.02**2) / (1.76085963023e11 * 25e-3)
    t = half * np.concatenate([np.linspace(0.42, 0.58, 9), [1.0], np.linspace(1.4, 1.6, 9)])
    terms = [InterfaceAnisotropy(Ks=0.15e-3, xi=1e-13, t_ox=1e-9, voltage=0.0), Zeeman(B=(25e-3, 0, 0)),
             Thermal(T=300.0, seed=1)]  # fmt: skip
    cells = Simulation(Mesh((1, 1, 1), (50e-9, 50e-9, 1.1e-9)), terms, Ms=1e6, alpha=0.02, batch=t.size * 40)
    cells.relax()
    synapse = BinarySynapse(cells, JunctionDevice(cells, MTJ), [-1.5], t, drive="interface_anisotropy.voltage",
                            rest=0.2e-9, limit="half_turn")  # fmt: skip
    synapse.operate(dt=2e-12)
    return Row("length of the voltage pulse that switches best, read at its end", half * 1e9,
               synapse.result().best_duration * 1e9, 0.01 * half * 1e9,
               "half a turn π (1 + α²)/(γ B): Y. Shiota et al., Nature Mater. 11, 39 (2012)",
               "1 %: 40 pulses of each length at the edges, where it rises over 5 % of the length", "ns")  # fmt: skip


def _spread() -> list[Row]:
    spreads = {
        "spin_orbit_torque.theta_SH": Spread.relative(0.3, 0.02),
        "spin_orbit_torque.lambda_sf": Spread.relative(2e-9, 0.02),
        "uniaxial_anisotropy.Ku1": Spread.relative(150e3, 0.01),
    }
    terms = [UniaxialAnisotropy(Ku1=150e3), Zeeman(B=(20e-3, 0, 0)),
             SpinOrbitTorque(J=0.0, theta_SH=0.3, t_HM=4e-9, lambda_sf=2e-9)]  # fmt: skip
    magnets = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, 1e-9)), terms, Ms=1e6, alpha=0.5, batch=20)
    magnets.relax()
    wafer = ThresholdSpread(magnets, spreads, low=1.5e12, high=2.3e12, rise=2e-9, hold=2e-9, below=0.4, halvings=11,
                            limit=0.04, parameter="spin_orbit_torque.theta_SH")  # fmt: skip
    wafer.operate(dt_max=20e-12)
    found = wafer.result()

    def exact(theta: float = 0.3, length: float = 2e-9, Ku: float = 150e3) -> float:
        return float(
            spin_orbit_threshold(2 * Ku / 1e6, 20e-3, 1e6, 1e-9, float(spin_hall_efficiency(theta, 4e-9, length)))
        )

    effects = [0.02, 0.02 * np.log(exact(length=2.002e-9) / exact(length=1.998e-9)) / 0.002,
               0.01 * np.log(exact(Ku=150.15e3) / exact(Ku=149.85e3)) / 0.002]  # fmt: skip
    tolerable = np.sqrt(0.04**2 - effects[1] ** 2 - effects[2] ** 2)
    return [
        Row("spin–orbit switching current in 20 mT, by halving", exact() * 1e-12, found.nominal * 1e-12, 0.0008, LEE,
            "resolution of 4e-4, and the time that the current takes", "TA/m²"),
        Row("CV of it, linearised by simulated sensitivities", float(np.linalg.norm(effects)) * 100,
            found.CV_linear * 100, 0.02, f"derivatives of the {LEE}; JCGM 100:2008",
            "resolution of the thresholds, 0.3 % of each", "%"),
        Row("CV of ρ that keeps CV of it ≤ 4 %", tolerable * 100, found.CV_tolerable * 100, 0.04,
            "the same, θ_SH = σ_SH ρ", "the same", "%"),
    ]  # fmt: skip
