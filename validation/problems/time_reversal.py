"""What torques do to time reversal and to the energy: a field-like one keeps both, a damping-like one neither."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.integrate import simpson

from fdmag.analytic.spin_torque import spin_torque_field
from fdmag.constants import GAMMA_E
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Slonczewski, UniaxialAnisotropy, Zeeman
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

MS, CURRENT, THICKNESS = 8e5, 2e11, 4e-9
P = np.array([0.48, 0.6, 0.64])
FIELD = np.array([0.05, -0.02, 0.1])  # T
EFFICIENCY = {"field-like": 0.2, "damping-like": 0.4}  # epsilon_prime, and P for Lambda = 1
MESH = Mesh((6, 5, 1), (4e-9, 4e-9, THICKNESS))
DURATION, EVERY, TOLERANCE = 0.05e-9, 0.25e-12, 1e-8
MIRROR = "turned over, m, p and the field run the motion backwards if it is even in time"
STEPS = "steps of both runs times the local error allowed in each, 1e-8, and a factor e as neighbouring paths part"


class TimeReversal(Problem):
    """A film with exchange, demag, anisotropy and field under either part of a torque, without Gilbert damping."""

    name = "time_reversal"
    title = "Field-like and damping-like torque, α = 0: time reversal, and what either does to the energy"

    def compute(self) -> Result:
        """Compare rates of states turned over, ends of runs that are turned over, and energies."""
        rows = [
            Row(f"{kind}: rate of change of the state turned over, with time, over that of the state", sign,
                _reversed_rate(kind), 1e-12, "τ = γ b m×p is even, γ a m×(m×p) is odd in (m, p)", "rounding")
            for kind, sign in (("field-like", 1), ("damping-like", -1))
        ]  # fmt: skip
        curves, scale = {}, MS * np.linalg.norm(FIELD) * MESH.cell_volume * MESH.n_cells
        for kind in EFFICIENCY:
            film = _film(kind)
            start = film.m
            t, energy, potential, power = _run(film)
            curves[f"{kind} torque: E"] = t, (energy - energy[0]) / scale
            bound = 2 * np.e * float(film.state.steps[0]) * TOLERANCE
            turned = 1 if kind == "field-like" else -1
            back = _film(kind, -1, -film.m, turned * CURRENT)
            back.run(DURATION, tolerance=TOLERANCE)
            how = "J held" if turned == 1 else "J turned over as well"
            rows.append(
                Row(f"{kind}: distance from the start after a run back, {how}", 0, np.abs(back.m + start).max(), bound,
                    MIRROR, STEPS)
            )  # fmt: skip
            if kind == "field-like":
                total = energy + potential
                curves["field-like torque: E + ∫ Ms b m·p dV"] = t, (total - total[0]) / scale
                rows.append(
                    Row("field-like: drift of E + ∫ Ms b m·p dV over the Zeeman energy", 0, np.ptp(total) / scale,
                        bound, "the field −b p is constant", "as the distance: local errors, times |m × B|")
                )  # fmt: skip
            else:
                gained = energy[-1] - energy[0]
                rows.append(
                    Row("damping-like: change of the energy over the work of the torque", 1,
                        gained / simpson(power, x=t), 1e-4, "γ ∫ Ms B·(m × B_torque) dV",
                        "Simpson's rule at 0.25 ps for motions of 5 ps and slower, (2π/20)⁴/180 = 5e-5")
                )  # fmt: skip
        return Result(rows, {"time_reversal": partial(_draw, curves)})


def _torque(kind: str, sign: int = 1, J: float = CURRENT) -> Slonczewski:
    """Return the torque with the polariser along sign × P."""
    if kind == "damping-like":
        return Slonczewski(J=J, P=EFFICIENCY[kind], p=sign * P)
    return Slonczewski(J=J, P=1e-30, epsilon_prime=EFFICIENCY[kind], p=sign * P)  # where P is 0 nothing acts


def _film(kind: str, sign: int = 1, m: NDArray | None = None, J: float = CURRENT) -> Simulation:
    if m is None:
        x, y = (axis / size for axis, size in zip((MESH.x, MESH.y), MESH.size[:2], strict=True))
        m = np.stack(np.broadcast_arrays(np.sin(3 * x + 0.5), np.cos(2 * y), 0.3 + 0.3 * np.cos(3 * y) + 0 * x))
    terms = [
        Exchange(A=13e-12), Demag(), UniaxialAnisotropy(Ku1=5e4, axis=(1, 1, 0)), Zeeman(B=sign * FIELD),
        _torque(kind, sign, J),
    ]  # fmt: skip
    return Simulation(MESH, terms, Ms=MS, alpha=0, m=m)


def _reversed_rate(kind: str) -> float:
    """Return d(−m)/d(−t) of the state turned over, projected on dm/dt of the state; of the torque alone."""
    m = np.random.default_rng(1).normal(size=(3, *MESH.shape))
    rates = [
        Simulation(MESH, [_torque(kind, sign)], Ms=MS, alpha=0, m=sign * m).dm_dt() for sign in (1, -1)
    ]  # fmt: skip
    return float(np.sum(rates[0] * rates[1]) / np.sum(rates[0] ** 2))


def _run(film: Simulation) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return t [s], energy, ∫ Ms b m·p dV [J], and the power of a damping-like torque [W]."""
    moment = MS * MESH.cell_volume
    a = float(spin_torque_field(CURRENT, EFFICIENCY["damping-like"], MS, THICKNESS))
    b = 2 * float(spin_torque_field(CURRENT, EFFICIENCY["field-like"], MS, THICKNESS))
    rows = []

    def record(now: Simulation) -> None:
        m = now.m[0].reshape(3, -1)
        B = (now.effective_field() - now.effective_field("slonczewski"))[0].reshape(3, -1)
        # B·(m × B_torque) with B_torque = −a m × p
        work = a * (P @ B - (B * m).sum(axis=0) * (P @ m))
        rows.append((now.t[0], now.energy()[0], moment * b * (P @ m).sum(), GAMMA_E * moment * work.sum()))

    film.run(DURATION, every=EVERY, callback=record, tolerance=TOLERANCE)
    t, energy, potential, power = np.array(rows).T
    return t, energy, potential, power


def _draw(curves: dict[str, tuple[NDArray, NDArray]], figure: Figure) -> None:
    axes = label(figure.add_subplot(), "t [ps]", "change of the energy / Zeeman energy", "α = 0")
    for colour, (kind, (t, energy)) in zip(COLOURS, curves.items(), strict=False):
        axes.plot(t * 1e12, energy, color=colour, label=kind)
    axes.legend()
