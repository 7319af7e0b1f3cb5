"""A skyrmion under a current along the film, and under a spin–orbit torque: velocities of Thiele's equation."""

from functools import partial
from typing import NamedTuple

import numpy as np
import scipy
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.analytic.spin_torque import spin_drift_velocity, spin_torque_field
from fdmag.constants import GAMMA_E
from fdmag.initial import skyrmion
from fdmag.mesh import Mesh
from fdmag.quantities import evaluate
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfacialDMI, SpinOrbitTorque, UniaxialAnisotropy, ZhangLi
from validation.plots import COLOURS, one_axes
from validation.problem import Problem, Result, Row

A, K, MS, THICKNESS = 15e-12, 2.5e5, 6e5, 1e-9
D = 0.78 * 4 / np.pi * np.sqrt(A * K)
ALPHA, XI = 0.3, 0.8
J_FILM, P, J_METAL, XI_DL = -2e11, 0.5, 4e10, 0.1
WIDTH = np.sqrt(A / K)
CELLS = (3e-9, 2.4e-9)
LENGTH = 96e-9
SETTLE, DURATION = 0.25e-9, 0.05e-9
THIELE = "A. A. Thiele, Phys. Rev. Lett. 30, 230 (1973)"
SAMPAIO = "J. Sampaio et al., Nature Nanotechnol. 8, 839 (2013)"


class Profile(NamedTuple):
    """The skyrmion of the continuum, with its core along +z.

    Attributes
    ----------
    radius : [m]
    dissipation : 𝒟 = (1/4π) ∫ (∂x m)² dx dy
    torque : (1/4π) ∫ σ·(m × ∂x m) dx dy [m] with σ = y, for a wall that points to the domain along +z
    """

    radius: float
    dissipation: float
    torque: float


class SkyrmionMotion(Problem):
    """Thiele's equation with the charge Q: Q (v − u)_y = 𝒟 (α v − ξ u)_x + F_x, −Q (v − u)_x = 𝒟 (α v − ξ u)_y + F_y.

    It is what m × the equation of motion, dotted with ∂x m and ∂y m and integrated, leaves of a texture that moves as a
    whole. 𝒟 and F are those of the profile of the continuum.
    """

    name = "skyrmion_motion"
    slow = True
    title = "A skyrmion moves as Thiele's equation has it: current along the film, spin–orbit torque, both polarities"

    def compute(self) -> Result:
        """Compare velocities on two cell sizes, extrapolated, with those of the profile of the continuum."""
        exact = profile()
        u = float(spin_drift_velocity(J_FILM, P, MS))
        force = GAMMA_E * float(spin_torque_field(J_METAL, XI_DL, MS, THICKNESS)) * exact.torque
        cases = (
            ("current along the film", ZhangLi(J=(J_FILM, 0, 0), P=P, xi=XI), u, 0.0, THIELE),
            ("spin–orbit torque", SpinOrbitTorque(J=J_METAL, xi_DL=XI_DL), 0.0, force, SAMPAIO),
        )
        basis = "(h/Δ)⁴ of both cells, 0.014, times what the term of second order has, 0.3"
        rows: list[Row] = []
        drawn = []
        for told, torque, u_x, F_x, source in cases:
            found = [_moved(cell, torque) for cell in CELLS]
            if not rows:
                radius = float(_limit([radius for radius, _ in found]))
                rows.append(Row("radius of the skyrmion", exact.radius * 1e9, radius * 1e9, 0.005 * exact.radius * 1e9,
                                "radial boundary value problem of the continuum", basis, "nm"))  # fmt: skip
            for charge, ours in zip((1, -1), _limit([velocity for _, velocity in found]), strict=True):
                v = _velocity(charge, exact.dissipation, u_x, F_x)
                speed = float(np.hypot(*v))
                drawn.append((f"{told}, Q = {charge:+d}", v / speed, ours / speed))
                rows += [
                    Row(f"{told}, charge {charge:+d}: velocity along {axis}", theirs, mine, 0.005 * speed, source,
                        basis + ", of the speed", "m/s")
                    for axis, theirs, mine in zip("xy", v, ours, strict=True)
                ]  # fmt: skip
        return Result(rows, {"skyrmion_motion": partial(_draw, drawn)})


def profile() -> Profile:
    """Return the skyrmion of the radial boundary value problem, lengths in units of sqrt(A/K)."""
    d = D / np.sqrt(A * K)

    def slope(r: NDArray, y: NDArray) -> NDArray:
        sine, cosine = np.sin(y[0]), np.cos(y[0])
        return np.stack([y[1], -y[1] / r + sine * cosine / r**2 - d * sine**2 / r + sine * cosine])

    inner = 1e-3
    r = np.linspace(inner, 14, 2000)
    guess = np.stack([2 * np.arctan(np.sinh(1.3) / np.sinh(r)), -1 / np.cosh(r - 1.3)])
    found = scipy.integrate.solve_bvp(slope, lambda low, high: np.array([low[0] - np.pi - inner * low[1], high[0]]),
                                      r, guess, tol=1e-7, max_nodes=50000)  # fmt: skip
    r = np.linspace(inner, 14, 20001)
    theta, rate = found.sol(r)
    sine = np.sin(theta)
    radius = WIDTH * scipy.optimize.brentq(lambda r: found.sol(r)[0] - np.pi / 2, inner, 10)
    dissipation = 0.25 * np.trapezoid(r * rate**2 + sine**2 / r, r)
    torque = 0.25 * WIDTH * np.trapezoid(r * rate + sine * np.cos(theta), r)
    return Profile(radius, dissipation, torque)


def _velocity(charge: int, dissipation: float, u: float, force: float) -> NDArray[np.float64]:
    """Return v of Thiele's equation for u along x and F along x."""
    matrix = np.array([[-dissipation * ALPHA, charge], [-charge, -dissipation * ALPHA]])
    return np.linalg.solve(matrix, [force - dissipation * XI * u, -charge * u])


def _moved(cell: float, torque: ZhangLi | SpinOrbitTorque) -> tuple[float, NDArray[np.float64]]:
    """Return the radius at rest [m], and the velocities of a core along +z and one along −z (2, 2) [m/s]."""
    n = round(LENGTH / cell)
    mesh = Mesh((n, n, 1), (cell, cell, THICKNESS), "xy")
    m = np.concatenate([skyrmion(mesh, radius=10e-9, width=6e-9, polarity=p) for p in (1, -1)])
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=K), InterfacialDMI(D=D)]
    still = Simulation(mesh, terms, Ms=MS, m=m)
    still.minimize(1e-5)
    film = Simulation(mesh, [*terms, torque], Ms=MS, alpha=ALPHA, m=still.m)
    film.run(SETTLE)
    places = [np.stack([evaluate(film, f"topological_center.{axis}") for axis in "xy"], axis=1)]
    film.run(DURATION)
    places.append(np.stack([evaluate(film, f"topological_center.{axis}") for axis in "xy"], axis=1))
    return float(evaluate(still, "skyrmion_radius")[0]), (places[1] - places[0]) / DURATION


def _limit(of_cells: list) -> NDArray[np.float64]:
    """Return what two cell sizes tend to with an error of second order."""
    coarse, fine = np.square(CELLS)
    return np.asarray((coarse * np.asarray(of_cells[1]) - fine * np.asarray(of_cells[0])) / (coarse - fine))


def _draw(cases: list[tuple[str, NDArray, NDArray]], figure: Figure) -> None:
    axes = one_axes(figure, "v_x over the speed", "v_y over the speed", "direction of a skyrmion")
    for number, (told, exact, ours) in enumerate(cases):
        axes.plot([0, exact[0]], [0, exact[1]], color=COLOURS[number], label=told)
        axes.plot(*ours, "o", color=COLOURS[number], fillstyle="none")
    axes.set_aspect("equal")
    axes.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.05, 0.5))
