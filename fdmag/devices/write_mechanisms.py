"""Ways of writing a perpendicular free layer: what drives each, how long, and what it costs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.disc_barrier import anisotropy_for_stability, thickness_for_stability
from fdmag.analytic.spin_torque import critical_current, spin_orbit_threshold, switching_time
from fdmag.analytic.write_energy import (
    capacitive_write_energy,
    critical_electric_field,
    spin_orbit_write_energy,
    spin_transfer_write_energy,
)
from fdmag.constants import MU_0
from fdmag.devices.checks import checked
from fdmag.errors import ParameterError

__all__ = [
    "COFEB",
    "TANTALUM",
    "TUNGSTEN",
    "Discs",
    "FreeLayer",
    "Mechanism",
    "SpinOrbitWrite",
    "SpinTransferWrite",
    "VoltageWrite",
    "Write",
]


@dataclass(frozen=True)
class FreeLayer:
    """A perpendicular free layer whose anisotropy, or thickness, is chosen for its stability.

    Parameters
    ----------
    Ms : float [A/m]
    thickness : float [m]
        Does not count if Ks is given.
    A : float [J/m]
        Exchange stiffness.
    alpha : float
    temperature : float [K]
    Ks : float [J/m²], optional
        Interface anisotropy. With it the thickness is chosen, K_eff = Ks/t − µ0 Ms²/2; without, K_eff is.
    """

    Ms: float
    thickness: float
    A: float
    alpha: float
    temperature: float = 300.0
    Ks: float | None = None

    def __post_init__(self) -> None:
        checked("free layer", self, Ms="positive A/m", thickness="positive m", A="positive J/m", alpha="positive")
        checked("free layer", self, temperature="positive K")
        if self.Ks is not None:
            checked("free layer", self, Ks="positive J/m²")

    def at_stability(self, Delta: float, d: NDArray) -> tuple[NDArray, NDArray]:
        """Return thickness [m] and K_eff [J/m³] at each diameter; NaN where no thickness is stable enough."""
        if self.Ks is None:
            thickness = np.full_like(d, self.thickness)
            return thickness, anisotropy_for_stability(Delta, d, thickness, self.A, self.temperature)
        thickness = thickness_for_stability(Delta, d, self.Ks, self.Ms, self.A, self.temperature)
        return thickness, self.Ks / thickness - MU_0 * self.Ms**2 / 2


COFEB = FreeLayer(Ms=1.26e6, thickness=1.3e-9, A=20e-12, alpha=0.027)
"""CoFeB on MgO, 1.3 nm: µ0 Ms = 1.58 T and α = 0.027 of S. Ikeda et al., Nature Mater. 9, 721 (2010); A as is usual."""


class Discs(NamedTuple):
    """Discs of the same stability: diameter, thickness [m], K_eff [J/m³], Δ, and what they are made of."""

    d: NDArray[np.float64]
    t: NDArray[np.float64]
    K_eff: NDArray[np.float64]
    Delta: float
    layer: FreeLayer

    @property
    def area(self) -> NDArray[np.float64]:
        """π d²/4 [m²]."""
        return np.pi / 4 * self.d**2

    @property
    def B_K(self) -> NDArray[np.float64]:
        """Anisotropy field [T]."""
        return 2 * self.K_eff / self.layer.Ms


class Write(NamedTuple):
    """One mechanism at each diameter: energy [J], what drives it, duration [s], whether it is within its limit."""

    energy: NDArray[np.float64]
    drive: NDArray[np.float64]
    duration: NDArray[np.float64]
    feasible: NDArray[np.bool_]


class Mechanism(ABC):
    """A way of writing, with a name for plots."""

    name: str

    @abstractmethod
    def write(self, discs: Discs) -> Write:
        """Return what writing costs."""


@dataclass(frozen=True)
class SpinTransferWrite(Mechanism):
    """A current through the junction, ``overdrive`` times the critical one, for the macrospin's switching time.

    I_c0 = 4 e α K_eff V/(ħ P): that of the whole volume, also above the coherent diameter, where the barrier is lower
    (H. Sato et al., Appl. Phys. Lett. 99, 042501 (2011)). The time starts at θ0 = 1/sqrt(2Δ) and ends at the equator.

    Parameters
    ----------
    P : float
    RA : float [Ω m²]
    overdrive : float
        I/I_c0, above 1.
    max_voltage : float [V]
        J RA above this is marked as not feasible: the barrier breaks down.
    """

    P: float = 0.6
    RA: float = 5e-12
    overdrive: float = 2.0
    max_voltage: float = 1.0
    name: str = "spin transfer"

    def __post_init__(self) -> None:
        checked("spin-transfer write", self, P="positive", RA="positive Ω m²", max_voltage="positive V")
        if not self.overdrive > 1:
            raise ParameterError(f"spin-transfer write: overdrive = {self.overdrive:g}; allowed: above 1")

    def write(self, discs: Discs) -> Write:
        """Return energy, J [A/m²], time, and whether J RA is within ``max_voltage``."""
        alpha = discs.layer.alpha
        J = self.overdrive * critical_current(discs.K_eff * discs.t, alpha, self.P)
        in_unit_field = float(switching_time(self.overdrive, 1 / np.sqrt(2 * discs.Delta), alpha, 1.0))
        duration = in_unit_field / discs.B_K
        return Write(spin_transfer_write_energy(J, self.RA, duration, discs.area), J, duration,
                     np.asarray(self.max_voltage >= J * self.RA))  # fmt: skip


@dataclass(frozen=True)
class SpinOrbitWrite(Mechanism):
    """A current along a heavy metal below the magnet, ``overdrive`` times the macrospin's threshold.

    Parameters
    ----------
    efficiency : float
        ξ_DL.
    resistivity : float [Ω m]
    t_HM : float [m]
    B_x : float [T]
        Field along the current, or what replaces it.
    pulse : float [s]
        Its length; above threshold a macrospin turns in a fraction of a nanosecond.
    overdrive : float
    strip : float
        Area of the strip that carries the current, over d².
    max_current_density : float [A/m²]
        Above this it is marked as not feasible: electromigration. So is a B_x that alone holds m in the plane.
    """

    efficiency: float = 0.33
    resistivity: float = 200e-8
    t_HM: float = 5e-9
    B_x: float = 20e-3
    pulse: float = 1e-9
    overdrive: float = 1.2
    strip: float = 3.0
    max_current_density: float = 5e12
    name: str = "spin–orbit"

    def __post_init__(self) -> None:
        checked("spin–orbit write", self, efficiency="positive", resistivity="positive Ω m", t_HM="positive m",
                B_x="at least 0 T", pulse="positive s", strip="positive")  # fmt: skip
        checked("spin–orbit write", self, overdrive="positive", max_current_density="positive A/m²")

    def write(self, discs: Discs) -> Write:
        """Return energy, J [A/m²] in the metal, time, and whether J is within its limit."""
        Ms, B_x = discs.layer.Ms, np.minimum(self.B_x, discs.B_K)
        # the threshold is in proportion to the thickness
        J = self.overdrive * spin_orbit_threshold(discs.B_K, B_x, Ms, 1.0, self.efficiency) * discs.t
        energy = spin_orbit_write_energy(J, self.resistivity, self.t_HM, self.pulse, self.strip * discs.d**2)
        within = (self.max_current_density >= J) & (self.B_x < discs.B_K)
        return Write(energy, J, np.full_like(discs.d, self.pulse), np.asarray(within))


TUNGSTEN = SpinOrbitWrite(efficiency=0.33, resistivity=200e-8, t_HM=5e-9, name="spin–orbit, β-W")
"""β-W: |ξ| = 0.33 ± 0.06 of C.-F. Pai et al., Appl. Phys. Lett. 101, 122404 (2012); a resistivity of the β phase."""
TANTALUM = SpinOrbitWrite(efficiency=0.15, resistivity=190e-8, t_HM=8e-9, name="spin–orbit, β-Ta")
"""β-Ta, 8 nm: 0.15 ± 0.03 of L. Liu et al., Science 336, 555 (2012); a resistivity of the β phase."""


@dataclass(frozen=True)
class VoltageWrite(Mechanism):
    """A voltage across a dielectric that takes all of the anisotropy away, and charges a capacitor.

    Parameters
    ----------
    coefficient : float [J/(V m)]
        Magnetoelectric coefficient, change of anisotropy energy per area and field.
    relative_permittivity : float
    t_ME : float [m]
        Thickness of the dielectric.
    pulse : float [s]
        Half a turn about a field in the plane; it does not enter the energy.
    max_field : float [V/m]
        Above this it is marked as not feasible: the dielectric breaks down.
    """

    coefficient: float = 100e-15
    relative_permittivity: float = 9.8
    t_ME: float = 2e-9
    pulse: float = 0.5e-9
    max_field: float = 1.5e9
    name: str = "voltage"

    def __post_init__(self) -> None:
        checked("voltage write", self, coefficient="positive J/(V m)", relative_permittivity="positive",
                t_ME="positive m", pulse="positive s", max_field="positive V/m")  # fmt: skip

    def write(self, discs: Discs) -> Write:
        """Return energy, field [V/m], time, and whether the field is within its limit."""
        E = critical_electric_field(discs.K_eff, discs.t, self.coefficient)
        energy = capacitive_write_energy(E, self.relative_permittivity, self.t_ME, discs.area)
        return Write(energy, E, np.full_like(discs.d, self.pulse), np.asarray(self.max_field >= E))
