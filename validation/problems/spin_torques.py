"""Spin torques on a macrospin and a wall: critical current, switching time, threshold, fixed point, velocity."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.analytic.spin_torque import (
    critical_current,
    spin_drift_velocity,
    spin_orbit_threshold,
    spin_torque_field,
    switching_time,
    wall_velocity_of_current,
)
from fdmag.constants import GAMMA_E
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.quantities import evaluate
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfacialDMI, Slonczewski, SpinOrbitTorque, UniaxialAnisotropy, Zeeman, ZhangLi
from validation.plots import one_axes
from validation.problem import Problem, Result, Row

MS, B_K, ALPHA, P, DIAMETER, THICKNESS = 1e6, 0.3, 0.01, 0.6, 40e-9, 1.3e-9
ONE = Mesh((1, 1, 1), (2e-9, 2e-9, THICKNESS))
ANISOTROPY = UniaxialAnisotropy(Ku1=MS * B_K / 2)
AREA = np.pi / 4 * DIAMETER**2
SUN = "J. Z. Sun, Phys. Rev. B 62, 570 (2000)"
LEE = "K.-S. Lee et al., Appl. Phys. Lett. 102, 112410 (2013)"
THIAVILLE = "A. Thiaville et al., Europhys. Lett. 100, 57002 (2012)"
MOUGIN = "A. Mougin et al., Europhys. Lett. 78, 57007 (2007)"


class SpinTorques(Problem):
    """Worked numbers of perpendicular free layers, and a wall under a current."""

    name = "spin_torques"
    title = "Spin torques: critical current, switching times, spin–orbit threshold and fixed point, wall velocity"
    slow = True

    def compute(self) -> Result:
        """Compare with the closed forms."""
        t, mz, switching = _switching_times()
        rows = [
            *_critical_current(),
            *switching,
            *_precession(),
            *_thresholds(),
            *_fixed_point(),
            *_walls(),
            *_held_wall(),
            *_chiral_walls(),
        ]
        return Result(rows, {"spin_torques": partial(_draw, t, mz)})


def _critical_current() -> list[Row]:
    """Return the current at which the growth rate of a small tilt is zero."""
    exact = float(critical_current(0.5 * MS * B_K * AREA * THICKNESS, ALPHA, P))
    ratios = np.array([0.9, 1.1])
    magnet = Simulation(ONE, [ANISOTROPY, Slonczewski(J=PerReplica(ratios * exact / AREA), P=P)], Ms=MS, alpha=ALPHA,
                        m=(1e-3, 0, 1))  # fmt: skip
    magnet.run(2e-9, tolerance=1e-9)
    rates = np.log(np.hypot(*magnet.average_m()[:, :2].T) / 1e-3)
    ours = np.interp(0, rates, ratios) * exact
    return [
        Row("I_c0, where a tilt of 1 mrad neither grows nor decays", exact * 1e6, ours * 1e6, 1e-4 * exact * 1e6,
            SUN, "the tilt changes the rate by its square, 1e-6, and integration by 1e-9 a step", "µA")
    ]  # fmt: skip


def _switching_times() -> tuple[NDArray[np.float64], NDArray[np.float64], list[Row]]:
    i, theta0 = np.array([2.0, 3.0]), 1 / np.sqrt(120)
    critical = float(critical_current(0.5 * MS * B_K * THICKNESS, ALPHA, P))  # per area
    magnet = Simulation(ONE, [ANISOTROPY, Slonczewski(J=PerReplica(i * critical), P=P)], Ms=MS, alpha=ALPHA,
                        m=(np.sin(theta0), 0, np.cos(theta0)))  # fmt: skip
    t, mz = [], []

    def record(now: Simulation) -> None:
        t.append(now.t[0])
        mz.append(now.average_m()[:, 2])

    magnet.run(6e-9, every=5e-12, callback=record, tolerance=1e-8)
    times, heights = np.array(t), np.array(mz)
    unit = ALPHA * GAMMA_E * B_K / (1 + ALPHA**2)
    rows = []
    for replica, ratio in enumerate(i):
        exact = float(switching_time(ratio, theta0, ALPHA, B_K)) * unit
        ours = np.interp(0, -heights[:, replica], times) * unit
        rows.append(Row(f"reduced time to mz = 0 at i = {ratio:g}, θ0 = 1/sqrt(120)", exact, ours, 1e-4, SUN,
                        "rounding of the worked value to four decimals; outputs every 5 ps, interpolated"))  # fmt: skip
    return times, heights, rows


def _precession() -> list[Row]:
    """Return where an easy plane settles under a polariser along its axis, and how fast m then turns."""
    B_d, alpha, a, window = 0.8, 0.2, 0.08, 0.1e-9
    plane = UniaxialAnisotropy(Ku1=-MS * B_d / 2)
    J = a / float(spin_torque_field(1, P, MS, THICKNESS))
    magnet = Simulation(ONE, [plane, Slonczewski(J=J, P=P)], Ms=MS, alpha=alpha, m=(1, 0, -0.5))
    magnet.run(1e-9, tolerance=1e-8)
    angles = []

    def record(now: Simulation) -> None:
        mx, my, _ = now.average_m()[0]
        angles.append(np.arctan2(my, mx))

    magnet.run(window, every=1e-12, tolerance=1e-8, callback=record)
    turned = np.ptp(np.unwrap(angles)) / window / 2e9 / np.pi
    frequency = GAMMA_E * a / alpha / 2e9 / np.pi
    return [
        Row("easy plane, polariser across it: mz of the precession", -a / (alpha * B_d), magnet.average_m()[0, 2], 1e-6,
            "mz = −a/(α B_d): torque and damping cancel", "100 steps of a local error of 1e-8"),
        Row("easy plane, polariser across it: frequency", frequency, turned, 1e-5 * frequency, "γ a/(2π α)",
            "the error of mz over mz", "GHz"),
    ]  # fmt: skip


def _thresholds() -> list[Row]:
    """Find between which of a series of currents, 0.5 % apart, the state up is lost."""
    fields, steps = np.array([0, 0.02, 0.05]), np.arange(0.97, 1.0301, 0.005)
    exact = spin_orbit_threshold(B_K, fields, MS, 1e-9, 0.3)
    J = np.outer(exact, steps).ravel()
    B = np.repeat(fields, steps.size)
    terms = [
        ANISOTROPY,
        SpinOrbitTorque(J=Driven(PerReplica(J), lambda t: np.minimum(t / 6e-9, 1)), xi_DL=0.3, thickness=1e-9),
        Zeeman(B=PerReplica([(b, 0, 0) for b in B])),
    ]
    magnet = Simulation(ONE, terms, Ms=MS, alpha=0.5)
    magnet.run(12e-9, dt_max=20e-12)
    up = (magnet.average_m()[:, 2] > 0.4).reshape(fields.size, steps.size)
    rows = []
    for k, field in enumerate(fields):
        last = steps[up[k]].max(initial=0)
        published = exact[k] * 1e-12
        rows.append(Row(f"spin–orbit threshold at {field * 1e3:g} mT", published, (last + 0.0025) * published,
                        0.005 * published, LEE, "currents 0.5 % apart, raised over 6 ns", "TA/m²"))  # fmt: skip
    return rows


def _fixed_point() -> list[Row]:
    magnet = Simulation(ONE, [UniaxialAnisotropy(Ku1=2.4e5), SpinOrbitTorque(J=6.9e10, xi_DL=0.1, xi_FL=0.3,
                        thickness=1e-9)], Ms=1.2e6, alpha=0.1)  # fmt: skip
    magnet.relax(1e-9)
    worked = (0.0047305, -0.0141930, 0.999888)
    return [
        Row(f"spin–orbit fixed point m{axis}", value, ours, 6e-7, "m along B_K mz z − a m × y − b y", "digits given")
        for axis, value, ours in zip("xyz", worked, magnet.average_m()[0], strict=True)
    ]


def _walls() -> list[Row]:
    """Return the velocity of a wall that is free to turn."""
    A, Ku, Ms, P_track, J, alpha, duration = 16e-12, 6.25e4, 1.1e6, 0.5, 1e12, 0.1, 0.5e-9
    mesh = Mesh((160, 1, 1), (2e-9, 4e-9, 4e-9))
    xi = np.array([0, 0.1, 0.3])
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku), ZhangLi(J=(J, 0, 0), P=P_track, xi=PerReplica(xi))]
    magnet = Simulation(mesh, terms, Ms=Ms, alpha=alpha, m=wall(mesh, width=np.sqrt(A / Ku)))
    before = magnet.average_m()[:, 2]
    magnet.run(duration, tolerance=1e-7)
    ours = (magnet.average_m()[:, 2] - before) / 2 * mesh.size[0] / duration
    exact = wall_velocity_of_current(spin_drift_velocity(J, P_track, Ms), alpha, xi, precessing=True)
    return [
        Row(f"velocity of a free wall, α = {alpha}, xi = {xi[k]:g}", exact[k], ours[k], 5e-3 * abs(exact[k]), MOUGIN,
            "central differences, (h/Δ)²/4 with h/Δ = 1/8, and a quarter more", "m/s")
        for k in range(xi.size)
    ]  # fmt: skip


def _held_wall() -> list[Row]:
    """Return the velocity of a wall whose angle a hard axis across it holds."""
    A, Ku, hard, Ms, P_track, J, alpha, xi = 16e-12, 6.25e4, 5e4, 1.1e6, 0.5, 1e12, 0.3, 0.3
    mesh = Mesh((160, 1, 1), (2e-9, 4e-9, 4e-9))
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku), UniaxialAnisotropy(Ku1=-hard, axis=(1, 0, 0)),
             ZhangLi(J=(J, 0, 0), P=P_track, xi=xi)]  # fmt: skip
    magnet = Simulation(mesh, terms, Ms=Ms, alpha=alpha, m=wall(mesh, width=np.sqrt(A / Ku)))
    magnet.run(1.2e-9)
    before = magnet.average_m()[0, 2]
    magnet.run(0.4e-9)
    ours = (magnet.average_m()[0, 2] - before) / 2 * mesh.size[0] / 0.4e-9
    exact = float(wall_velocity_of_current(spin_drift_velocity(J, P_track, Ms), alpha, xi, precessing=False))
    return [
        Row("velocity of a wall below breakdown, α = xi = 0.3", exact, ours, 5e-3 * abs(exact), MOUGIN + ": u xi/α",
            "central differences, (h/Δ)²/4 with h/Δ = 1/8, and a quarter more", "m/s")
    ]  # fmt: skip


def _chiral_walls() -> list[Row]:
    """Return the velocities of Néel walls that DMI holds against a spin–orbit torque: opposite for opposite D."""
    A, Ku, Ms, D, alpha, thickness = 16e-12, 2.5e5, 1.1e6, 1e-4, 0.3, 2e-9
    width = np.sqrt(A / Ku)
    signs, B_SH, B_D = np.array([1, -1]), 2.5e-3, D / (Ms * width)
    mesh = Mesh((160, 1, 1), (2e-9, 4e-9, thickness), "y")
    xi = B_SH / float(spin_torque_field(1e11, 1, Ms, thickness))
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku), InterfacialDMI(D=PerReplica(D * signs), boundary="free"),
             SpinOrbitTorque(J=1e11, xi_DL=xi)]  # fmt: skip
    m = np.concatenate([wall(mesh, width=width, inside=(-sign, 0, 0)) for sign in signs])
    magnet = Simulation(mesh, terms, Ms=Ms, alpha=alpha, m=m)
    magnet.run(6e-9)
    exact = signs * GAMMA_E * width * np.pi / 2 * B_SH * B_D / np.hypot(B_SH, alpha * B_D)
    basis = "fields over B_K, 2.5 % for B_D, by which the wall departs from its profile at rest"
    return [
        Row(f"velocity of the Néel wall, D = {sign * 0.1:g} mJ/m², spin–orbit torque of 2.5 mT along +x", v, ours,
            0.025 * abs(v), THIAVILLE + ": γΔ(π/2) B_SH B_D/sqrt(B_SH² + α² B_D²)", basis, "m/s")
        for sign, v, ours in zip(signs, exact, evaluate(magnet, "wall_velocity.z"), strict=True)
    ]  # fmt: skip


def _draw(t: NDArray, mz: NDArray, figure: Figure) -> None:
    axes = one_axes(figure, "t [ns]", "mz", "switching above the critical current")
    for replica, ratio in enumerate((2, 3)):
        axes.plot(t * 1e9, mz[:, replica], label=f"I = {ratio} I_c0")
    axes.axhline(0, color="black", linewidth=0.5)
    axes.legend()
