"""The macrospin that a pillar would be if it were uniform: what its own energies and torques say, and what follows."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.fokker_planck import write_error_rate
from fdmag.analytic.spin_torque import spin_orbit_threshold, spin_torque_field, switching_time
from fdmag.constants import BOLTZMANN
from fdmag.devices.driven_result import DENSITY, PER_DRIVE, DriveKind, DrivenResult
from fdmag.devices.result import DRIVE_UNIT, quantity
from fdmag.errors import ParameterError
from fdmag.simulation import Simulation

__all__ = ["MacrospinLimit", "macrospin_limit"]

TILT = 0.05
"""Angle to the axis [rad] at which the curvature is read off: exact for K1."""
NEAR = 0.01
"""The same of the torque, whose size may go as the cosine: exact to 1e-4 of its change."""
ROUND = 1e-3
"""Part by which anisotropy fields and torques of x and y may differ before the axial formulas no longer hold."""


@dataclass(frozen=True)
class MacrospinLimit(DrivenResult):
    """A uniform free layer with the energies of the pillar: its own demagnetising factors, all anisotropies, the field.

    Attributes
    ----------
    B_x, B_y
        2 K/Ms of a tilt from the axis towards the two directions across it: the anisotropy field B_K, twice.
    B_axis, B_across
        Applied field along the axis, and along the direction that a spin–orbit torque of J > 0 pulls the start to.
    barrier
        Of a uniform rotation by the easier of both directions, without the applied field.
    axial, equatorial, across
        Damping-like field over the drive: of a polariser along the axis, near it and at the equator, and of spins
        across it; NaN where it depends on the drive, as that of a junction whose polarisation falls with the bias.
    along
        Field along the axis that comes with the torque at the start, over the drive: its field-like part.
    up
        1 or −1: along which end of the axis m starts.
    drive_c
        J_c, I_c or V_c. Above it the start is lost at T = 0: the linear instability of a polariser along the axis, or
        where a slowly raised spin–orbit torque leaves no equilibrium. Its sign is that which writes, with a field
        across the axis that of J along whose pull the field is. NaN where there are both, or none.
    I_c
        The current at it, J_c times the area; under a voltage that through the junction of m along the axis.

    Sources: J. Z. Sun, Phys. Rev. B 62, 570 (2000), α [(B_x + B_y)/2 + B]; K.-S. Lee et al., Appl. Phys. Lett. 102,
    112410 (2013).
    """

    moment: float = quantity("J/T", "moment Ms V")
    area: float = quantity("m^2", "area that the current crosses")
    alpha: float = quantity("1", "Gilbert damping")
    gamma: float = quantity("rad/(s T)", "gyromagnetic ratio")
    B_x: float = quantity("T", "anisotropy field towards the first direction across the axis")
    B_y: float = quantity("T", "anisotropy field towards the second direction across the axis")
    B_axis: float = quantity("T", "applied field along the axis")
    B_across: float = quantity("T", "applied field along the pull of a spin-orbit torque")
    barrier: float = quantity("J", "barrier of a uniform rotation")
    axial: float = quantity(PER_DRIVE, "damping-like field over drive, polariser along the axis")
    equatorial: float = quantity(PER_DRIVE, "damping-like field over drive at the equator, polariser along the axis")
    across: float = quantity(PER_DRIVE, "damping-like field over drive, spins across the axis")
    along: float = quantity(PER_DRIVE, "field along the axis over drive")
    up: float = quantity("1", "end of the axis that m starts at")
    T: float = quantity("K", "temperature")
    drive_c: float = quantity(DRIVE_UNIT, "critical drive")
    I_c: float = quantity("A", "critical current")

    @property
    def B_K(self) -> float:
        """Mean anisotropy field [T]."""
        return (self.B_x + self.B_y) / 2

    @property
    def symmetric(self) -> bool:
        """Whether energy and torque go as sin² and sin of the angle to the axis, as the closed forms of times need."""
        energy = max(abs(self.B_x - self.B_y), abs(2 * self.barrier / self.moment - self.B_K))
        torque = max(abs(self.across), abs(self.equatorial - self.axial))
        if np.isnan(self.axial):
            return False
        return energy < ROUND * abs(self.B_K) and torque < ROUND * abs(self.axial)

    def stability(self, T: float) -> float:
        """Return Δ = E_b/(k_B T), T above 0 K."""
        return self.barrier / (BOLTZMANN * T)

    def overdrive(self, drive: ArrayLike) -> NDArray[np.float64]:
        """Return a/(α B_K), above 0 where the torque drives m away from its start; 1 + `h` is critical."""
        torque = self.axial - self.alpha * self.along
        return self.up * torque * np.asarray(drive, dtype=float) / (self.alpha * self.B_K)

    @property
    def h(self) -> float:
        """Applied field along the start over B_K: above 0 it holds m."""
        return self.up * self.B_axis / self.B_K

    def critical_drive(self, B_axis: ArrayLike) -> NDArray[np.float64]:
        """Return `drive_c` of a polariser along the axis in other fields along it [T]; NaN without one."""
        if self.axial == 0:
            return np.full(np.shape(B_axis), np.nan)
        torque = self.up * (self.axial - self.alpha * self.along)
        return self.alpha * (self.B_K + self.up * np.asarray(B_axis, dtype=float)) / torque

    def switching_times(self, drive: ArrayLike, theta0: float, threshold: float = 0.0) -> NDArray[np.float64]:
        """Return the time [s] from θ0 [rad] to |m_z| = ``threshold`` at T = 0; NaN up to the critical current."""
        i = self.overdrive(drive) - self.h
        able = (i > 1) & self.symmetric & (0 < theta0 < np.pi / 2) & (0 <= threshold < np.cos(theta0))
        if not np.any(able):
            return np.full(i.shape, np.nan)
        safe = np.where(able, i, 2.0)
        first, last = (
            switching_time(safe, angle, self.alpha, self.B_K, self.gamma) for angle in (theta0, np.arccos(threshold))
        )
        return np.where(able, first - last, np.nan)

    def not_switched(
        self, t: ArrayLike, drive: ArrayLike, T: float, *, absorbing: bool, threshold: float = 0.0
    ) -> NDArray[np.float64]:
        """Return the probability (drive, t) not to be switched after a pulse that begins in equilibrium.

        By the Fokker–Planck equation. With ``absorbing`` the first passage of m through ``threshold`` counts, else the
        end of the pulse.
        """
        times, i = np.atleast_1d(np.asarray(t, dtype=float)), np.atleast_1d(self.overdrive(drive))
        if not (self.symmetric and T > 0 and abs(self.h) < 1):
            return np.full((i.size, times.size), np.nan)
        return write_error_rate(
            times, i, self.stability(T), self.alpha, self.B_K, h=self.h, gamma=self.gamma, absorbing=absorbing,
            threshold=threshold,
        )  # fmt: skip

    def mean_passage(self, drive: ArrayLike, T: float, threshold: float = 0.0) -> NDArray[np.float64]:
        """Return the mean time [s] of the first passage from equilibrium: the integral of `not_switched` over time."""
        found = []
        for each in np.atleast_1d(np.asarray(drive, dtype=float)):
            end = 4 / (self.alpha * self.gamma * self.B_K)
            left = np.ones(1)
            for _ in range(40):
                times = np.linspace(0, end, 401)
                left = self.not_switched(times, each, T, absorbing=True, threshold=threshold)[0]
                if not left[-1] > 1e-5:
                    break
                end *= 1.6
            else:
                left = np.full(401, np.nan)
            found.append(float(np.trapezoid(left, times)))
        return np.array(found)

    def excess(self, drive: float) -> float:
        """Return by how much [T] a polariser along the axis drives m away from its start: above 0 it is unstable."""
        return self.up * (self.axial - self.alpha * self.along) * drive - self.alpha * (
            self.B_K + self.up * self.B_axis
        )

    def drive_for_time(self, t: ArrayLike, theta0: float) -> NDArray[np.float64]:
        """Return the drive with which `switching_times` is t [s]; NaN where the formulas do not hold."""
        found = []
        for each in np.atleast_1d(np.asarray(t, dtype=float)):
            if not (self.symmetric and 0 < theta0 < np.pi / 2):
                found.append(np.nan)
                continue

            def excess(x: float, goal: float = float(each)) -> float:
                i = 1 + np.exp(x)
                return float(np.log(switching_time(i, theta0, self.alpha, self.B_K, self.gamma) / goal))

            i = 1 + np.exp(scipy.optimize.brentq(excess, -12.0, 14.0))
            found.append((i + self.h) / float(self.overdrive(1.0)))
        return np.array(found)


def macrospin_limit(
    simulation: Simulation, term: str, area: float, unit: float, replica: int = 0, driven_by: DriveKind = DENSITY
) -> MacrospinLimit:
    """Return the macrospin that a replica would be if its m were uniform, now.

    Parameters
    ----------
    simulation : Simulation
        Its easy axis is z; its m tells where it starts, and is as it was afterwards. It is driven by ``unit``.
    term : str
        Whose torque counts.
    area : float [m²]
        That the current crosses.
    unit : float
        The drive now, for the torques.
    replica : int
    driven_by : DriveKind
        A voltage leaves I_c NaN: the macrospin does not know of the resistance.

    Raises
    ------
    ParameterError
        If m is not along z on the whole.
    """
    magnet, kept = simulation.magnet, simulation.m
    start = float(simulation.average_m()[replica, 2])
    if abs(start) < 0.5:
        raise ParameterError(
            f"pillar: m_z = {start:.3g} at the start; allowed: below −0.5 or above 0.5, along the axis z"
        )
    up = np.sign(start)
    Ms = np.broadcast_to(magnet.material.Ms.base[:, 0], (len(magnet.material.Ms.base), *simulation.mesh.shape))
    Ms = Ms[replica if len(Ms) > 1 else 0]
    moment = float(Ms.sum()) * simulation.mesh.cell_volume

    def of(parameter: NDArray) -> float:
        values = parameter[replica if len(parameter) > 1 else 0, 0]
        return float(np.sum(np.broadcast_to(values, Ms.shape) * Ms) / Ms.sum())

    def energy(*direction: float) -> float:
        simulation.m = np.array(direction)
        return float(simulation.energy()[replica])

    def torque_field(*direction: float) -> NDArray[np.float64]:
        simulation.m = np.array(direction)
        B = simulation.effective_field(term)[replica]
        return np.sum(B * Ms, axis=(1, 2, 3)) / Ms.sum()

    s, c = np.sin(TILT), np.cos(TILT)
    try:
        along, against = energy(0, 0, 1), energy(0, 0, -1)
        bottom = (along + against) / 2
        equator, fields, applied = [], [], []
        for x, y in ((1, 0), (0, 1)):
            there, back = energy(x, y, 0), energy(-x, -y, 0)
            equator.append((there + back) / 2 - bottom)
            applied.append((back - there) / (2 * moment))
            tilted = (energy(s * x, s * y, c) + energy(-s * x, -s * y, -c)) / 2
            fields.append(2 * (tilted - bottom) / (moment * s**2))
        pull = (torque_field(0, 0, 1) - torque_field(0, 0, -1)) / 2 / unit
        field_like = float(torque_field(0, 0, up)[2]) / unit
        # −a m × p of p = z for m = (s, 0, c) is (0, a s, 0)
        s, c = np.sin(NEAR), np.cos(NEAR)
        turn = (torque_field(s, 0, up * c) - torque_field(-s, 0, up * c)) / (2 * unit * s)
        equatorial = (torque_field(1, 0, 0) - torque_field(-1, 0, 0)) / (2 * unit)
    finally:
        simulation.m = kept
    axial, across = float(turn[1]), float(np.hypot(pull[0], pull[1]))
    along_pull = up * float(pull[0] * applied[0] + pull[1] * applied[1]) / across if across > 0 else 0.0
    T = max((float(of(term.T.base)) for term in simulation.terms.values() if term.name == "thermal"), default=0.0)  # type: ignore[attr-defined]
    alpha, B_axis = of(magnet.material.alpha.base), (against - along) / (2 * moment)
    B_K, largest = sum(fields) / 2, max(abs(axial), across)
    drive_c = np.nan
    if largest > 0 and across < ROUND * largest:
        drive_c = alpha * (B_K + up * B_axis) / (up * (axial - alpha * field_like))
    elif largest > 0 and abs(axial) < ROUND * largest and abs(along_pull) <= B_K:
        field = spin_orbit_threshold(B_K, abs(along_pull), 1.0, 1.0, 1.0) * spin_torque_field(1.0, 1.0, 1.0, 1.0)
        opposed = along_pull < -1e-9 * B_K  # below is the rounding of energies
        drive_c = float(field) / across * (-1 if opposed else 1)
    return MacrospinLimit(
        moment, area, alpha, of(magnet.material.gamma.base), fields[0], fields[1], B_axis, along_pull, min(equator),
        axial, float(equatorial[1]), across, field_like, float(up), T, float(drive_c),
        float(drive_c) * {"J": area, "I": 1.0}.get(driven_by.symbol, np.nan), driven_by=driven_by,
    )  # fmt: skip
