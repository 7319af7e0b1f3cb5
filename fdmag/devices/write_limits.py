"""How small a stable bit may be and still be written: the trade-off between stability and writability as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fdmag.devices.result import Axes, quantity
from fdmag.devices.write_energy import WriteEnergyScaling, write_energy_scaling
from fdmag.devices.write_mechanisms import (
    COFEB,
    TUNGSTEN,
    Discs,
    FreeLayer,
    Mechanism,
    SpinOrbitWrite,
    SpinTransferWrite,
    VoltageWrite,
)
from fdmag.errors import ParameterError

__all__ = ["WriteLimits", "smallest_writable", "write_limits"]

KINDS: dict[str, type[Mechanism]] = {
    "spin_transfer": SpinTransferWrite,
    "spin_orbit": SpinOrbitWrite,
    "voltage": VoltageWrite,
}
HALVINGS = 60


@dataclass(frozen=True)
class WriteLimits(WriteEnergyScaling):
    """Write energies over the diameter, and where each mechanism ends; NaN for one that is not asked for.

    Attributes
    ----------
    smallest_spin_transfer, smallest_spin_orbit, smallest_voltage
        Smallest diameter, not below the first one asked for, at which a bit of this stability is written with a drive
        within its limit; NaN if there is none.
    energy_spin_transfer, energy_spin_orbit, energy_voltage
        What writing costs there.
    """

    smallest_spin_transfer: float = quantity("m", "smallest diameter written by spin transfer")
    smallest_spin_orbit: float = quantity("m", "smallest diameter written by spin–orbit torque")
    smallest_voltage: float = quantity("m", "smallest diameter written by voltage")
    energy_spin_transfer: float = quantity("J", "energy by spin transfer at its smallest diameter")
    energy_spin_orbit: float = quantity("J", "energy by spin–orbit torque at its smallest diameter")
    energy_voltage: float = quantity("J", "energy by voltage at its smallest diameter")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw energy over diameter, dashed where the drive is beyond its limit, a dot at the smallest bit."""
        ax = super().plot(ax)
        for kind in KINDS:
            d, energy = getattr(self, f"smallest_{kind}"), getattr(self, f"energy_{kind}")
            ax.plot(d * 1e9, energy * 1e15, "o", color="black", markersize=4)
            if np.isfinite(d):
                ax.annotate(f"{d * 1e9:.0f} nm", (d * 1e9, energy * 1e15), (4, 5), textcoords="offset points",
                            fontsize="small", color="black")  # fmt: skip
        return ax


def smallest_writable(
    mechanism: Mechanism, diameter: ArrayLike, layer: FreeLayer = COFEB, Delta: float = 60.0
) -> tuple[float, float]:
    """Return the smallest diameter [m] at which a bit of stability Δ is written within the limit, and its energy [J].

    Parameters
    ----------
    mechanism : SpinTransferWrite, SpinOrbitWrite or VoltageWrite
    diameter : array_like (n,) [m]
        Rising; what is looked at. Between the last one that fails and the first one that does not the limit is found
        by halving.
    layer, Delta
        As of `fdmag.devices.write_energy.write_energy_scaling`.

    With the thickness given, spin transfer at twice I_c0 = 4 e α Δ k_B T/(ħ P) keeps J RA ≤ 1 V down to
    sqrt[2 I_c0 RA/(π/4 V)]:

    >>> d, energy = smallest_writable(SpinTransferWrite(), [10e-9, 100e-9])
    >>> print(f"{d * 1e9:.2f} nm, {energy * 1e15:.1f} fJ")
    29.42 nm, 168.3 fJ
    """
    sizes = np.asarray(diameter, dtype=float)

    def tried(d: float) -> tuple[bool, float]:
        t, K = layer.at_stability(Delta, np.array([d]))
        if not np.isfinite(t[0]):
            return False, np.nan
        energy, _, _, feasible = mechanism.write(Discs(np.array([d]), t, K, Delta, layer))
        return bool(feasible[0]), float(energy[0])

    able = next((k for k, d in enumerate(sizes.tolist()) if tried(d)[0]), None)
    if able is None:
        return np.nan, np.nan
    high = float(sizes[able])
    if able > 0:
        low = float(sizes[able - 1])
        for _ in range(HALVINGS):
            middle = (low * high) ** 0.5
            low, high = (low, middle) if tried(middle)[0] else (middle, high)
    return high, tried(high)[1]


def write_limits(
    diameter: ArrayLike,
    mechanisms: Sequence[Mechanism] = (SpinTransferWrite(), TUNGSTEN, VoltageWrite()),
    layer: FreeLayer = COFEB,
    Delta: float = 60.0,
) -> WriteLimits:
    """Return write energies at each diameter, and the smallest bit that each mechanism writes.

    Parameters
    ----------
    diameter, mechanisms, layer, Delta
        As of `fdmag.devices.write_energy.write_energy_scaling`; at most one mechanism of each kind.

    Raises
    ------
    ParameterError
        As there; and for diameters that do not rise, or two mechanisms of one kind.

    >>> print(f"{write_limits([10e-9, 30e-9, 100e-9]).smallest_voltage * 1e9:.1f} nm")
    45.9 nm
    """
    scaling = write_energy_scaling(diameter, mechanisms, layer, Delta)
    if np.any(np.diff(scaling.diameter) <= 0):
        raise ParameterError("write energy: the diameters do not rise; give them in rising order")
    found: dict[str, Any] = {}
    for name, kind in KINDS.items():
        these = [each for each in mechanisms if isinstance(each, kind)]
        if len(these) > 1:
            raise ParameterError(f"write energy: {len(these)} mechanisms are {kind.__name__}; give at most one of each")
        pair = smallest_writable(these[0], scaling.diameter, layer, Delta) if these else (np.nan, np.nan)
        found[f"smallest_{name}"], found[f"energy_{name}"] = pair
    return WriteLimits(**{each.name: getattr(scaling, each.name) for each in fields(scaling)}, **found)
