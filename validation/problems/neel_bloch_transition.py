"""The DMI at which a Bloch wall has turned into a Néel wall."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import brentq

from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfacialDMI, UniaxialAnisotropy
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

A, K, HARD, MS = 16e-12, 1e6, 2e5, 1.1e6  # hard axis across the wall: it stands for the stray field of a Néel wall
WIDTH = np.sqrt(A / (K + HARD))  # of a Néel wall, 3.65 nm
LENGTH = 100e-9  # the tail of the wall is exp(-13) at the ends
RATIOS = np.array([0.0, 0.3, 0.6, 0.9, 0.95, 0.98, 1.02, 1.1])
ROHART = "S. Rohart, A. Thiaville, Phys. Rev. B 88, 184422 (2013)"


class NeelBlochTransition(Problem):
    """Values of D are replicas; a wall starts half-way between both types and is relaxed."""

    name = "neel_bloch_transition"
    title = "From the Bloch to the Néel wall by interfacial DMI: the critical D"

    def compute(self) -> Result:
        """Compare the critical D with where the exact Néel wall loses its stability."""
        exact = critical_dmi(HARD / (K + HARD))
        D = RATIOS * exact * np.sqrt(A * (K + HARD))
        coarse, fine = (_relaxed(D, n) for n in (3, 6))
        found = [_critical(D, out) for out, _ in (coarse, fine)]
        ours = (4 * found[1] - found[0]) / 3
        unit = np.sqrt(A * (K + HARD))
        energy = 4 * np.sqrt(A * (K + HARD)) - np.pi * D
        differences = [found - found[0] for _, found in (coarse, fine)]
        extrapolated = (4 * differences[1] - differences[0]) / 3
        bloch = 4 * np.sqrt(A * K)
        stability = "Néel wall turned by ψ/sin θ: −ψ'' + (1 − 2 sech² u + δ sech u) ψ = κ ψ, δ = D/sqrt(A (K + K⊥))"
        return Result(
            [
                Row("critical D, extrapolated from 3 and 6 cells per Δ", exact * unit * 1e3, ours * 1e3,
                    0.005 * exact * unit * 1e3, stability,
                    "(m across the wall)² is taken as linear in D from 0.9 to 0.98 of it", "mJ/m²"),
                Row("the same, by the closed form for weak K⊥", 4 * WIDTH * HARD / np.pi * 1e3, ours * 1e3,
                    HARD / (K + HARD) / 12 * exact * unit * 1e3, ROHART + ": π D = 4 Δ K⊥ for a wall turned as a whole",
                    "of second order in K⊥: the exact problem deviates by 0.04 K⊥/(K + K⊥), here twice that", "mJ/m²"),
                Row("Bloch wall, D = 0: m across the wall", 0, fine[0][0], 1e-5, "no DMI, no Néel part",
                    "final torque, 1 µT, over that of the hard axis, 0.36 T"),
                Row("Néel wall at 1.1 of the critical D: m along it", 0, np.sqrt(max(0, 1 - fine[0][-1] ** 2)), 1e-2,
                    "above the critical D it is a Néel wall altogether", "sqrt of what rounding leaves of 1 − m²"),
                Row("energy of that Néel wall below that of the Bloch wall at D = 0",
                    (energy[-1] - bloch) * 1e3, extrapolated[-1] * 1e3, 4e-3 * bloch * 1e3,
                    ROHART + ": 4 sqrt(A (K + K⊥)) − π |D|",
                    "what extrapolation leaves, (h/Δ)² of both multiplied, 1/324", "mJ/m²"),
            ],
            {"neel_bloch_transition": partial(_draw, RATIOS, coarse[0], fine[0])},
        )  # fmt: skip


def critical_dmi(kappa: float) -> float:
    """Return D/sqrt(A (K + K⊥)) at which the Néel wall turns unstable, with κ = K⊥/(K + K⊥).

    The Néel wall θ' = sin θ/Δ is an exact solution for any D. Turned by a small φ(x) = ψ/sin θ out of the plane, it has
    the energy ∫ A ψ'² + (A/Δ²) [1 − 2 sech²(x/Δ)] ψ² + (D/Δ) sech(x/Δ) ψ² − K⊥ ψ² dx above that at rest, from
    e = A (θ'² + sin²θ φ'²) + K sin²θ + K⊥ sin²θ cos²φ − D (cos φ θ' − sin θ cos θ sin φ φ').
    """
    h = 0.1
    index = np.arange(-200, 201)
    u, apart = h * index, index[:, None] - index
    parity = np.where(apart % 2, -1.0, 1.0)
    # by sinc functions, of which the second derivative is known: exact to rounding for ψ that decays as exp(−|u|)
    minus_second = np.where(apart == 0, np.pi**2 / 3, 2 * parity / np.where(apart == 0, 1, apart) ** 2) / h**2

    def lowest(delta: float) -> float:
        potential = 1 - 2 / np.cosh(u) ** 2 + delta / np.cosh(u)
        return float(eigh(minus_second + np.diag(potential), eigvals_only=True, subset_by_index=(0, 0))[0]) - kappa

    return float(brentq(lowest, 0, 3, xtol=1e-9))


def _relaxed(D: NDArray[np.float64], cells_per_width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the part of the in-plane m across the wall, in its middle, and the energies per area [J/m²]."""
    size = WIDTH / cells_per_width
    mesh = Mesh((round(LENGTH / size), 1, 1), (size,) * 3, "yz")
    terms = [
        Exchange(A=A), UniaxialAnisotropy(Ku1=K), UniaxialAnisotropy(Ku1=-HARD, axis=(1, 0, 0)),
        InterfacialDMI(D=PerReplica(D), boundary="free"),
    ]  # fmt: skip
    m = wall(mesh, width=WIDTH, before=(0, 0, -1), inside=(1, 1, 0), after=(0, 0, 1))
    ends = np.abs(mesh.x) > (LENGTH - size) / 2 - size / 4  # held, so that they do not tilt
    magnet = Simulation(mesh, terms, Ms=MS, m=m, frozen=np.broadcast_to(ends, mesh.shape) * 1.0)
    magnet.minimize(1e-6)
    state = magnet.m[:, :, 0, 0]
    largest = np.argmax(np.hypot(state[:, 0], state[:, 1]), axis=1)
    rows = np.arange(len(D))
    across = state[rows, 0, largest] / np.hypot(state[rows, 0, largest], state[rows, 1, largest])
    return across, magnet.energy() / size**2


def _critical(D: NDArray[np.float64], across: NDArray[np.float64]) -> float:
    """Return where the square of the Bloch part is 0: linear in D near there, as at any pitchfork."""
    near = (RATIOS > 0.85) & (RATIOS < 1)
    slope, offset = np.polyfit(D[near], 1 - across[near] ** 2, 1)
    return float(-offset / slope)


def _draw(ratios: NDArray, coarse: NDArray, fine: NDArray, figure: Figure) -> None:
    axes = label(figure.add_subplot(), "D / critical D", "m across the wall in its middle", "K⊥ = K/5")
    fine_ratios = np.linspace(0, 1, 50)
    axes.plot([*fine_ratios, 1.1], [*fine_ratios, 1], color=COLOURS[0], label="turned as a whole: D / critical D")
    axes.plot(ratios, coarse, "o", color=COLOURS[1], label="fdmag, 3 cells per Δ")
    axes.plot(ratios, fine, "x", color=COLOURS[2], label="fdmag, 6 cells per Δ")
    axes.legend()
