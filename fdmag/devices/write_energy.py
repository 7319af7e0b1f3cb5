"""Write energy over size at a fixed stability: what it costs to keep a bit as stable while it shrinks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.disc_barrier import coherent_diameter, disc_barrier
from fdmag.constants import BOLTZMANN
from fdmag.devices.checks import array_of, checked
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.devices.write_mechanisms import (
    COFEB,
    TUNGSTEN,
    Discs,
    FreeLayer,
    Mechanism,
    SpinTransferWrite,
    VoltageWrite,
)
from fdmag.errors import ParameterError

__all__ = ["WriteEnergyScaling", "write_energy_scaling"]


@dataclass(frozen=True)
class WriteEnergyScaling(Result):
    """Write energy of each mechanism at each diameter, all with the same stability.

    Attributes
    ----------
    diameter, thickness, K_eff, B_K, Delta
        Thickness and anisotropy at each diameter, its field, and the stability that results; NaN where there is none.
    coherent
        Whether the magnet turns as a whole (below 16/π sqrt(A/K_eff)).
    energy, drive, duration, feasible
        Of each mechanism; what drives it is a current density [A/m²] or an electric field [V/m].
    """

    diameter: NDArray = quantity("m", "diameter", "diameter")
    thickness: NDArray = quantity("m", "thickness of the free layer", "diameter")
    K_eff: NDArray = quantity("J/m^3", "effective anisotropy for this stability", "diameter")
    B_K: NDArray = quantity("T", "anisotropy field 2 K_eff/Ms", "diameter")
    Delta: NDArray = quantity("1", "stability factor", "diameter")
    coherent: NDArray = quantity("1", "whether the magnet turns as a whole", "diameter")
    mechanism: NDArray = quantity("1", "way of writing", "mechanism")
    energy: NDArray = quantity("J", "write energy", "mechanism", "diameter")
    drive: NDArray = quantity("A/m^2 or V/m", "current density or electric field", "mechanism", "diameter")
    duration: NDArray = quantity("s", "length of the pulse", "mechanism", "diameter")
    feasible: NDArray = quantity("1", "whether the drive is within its limit", "mechanism", "diameter")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw energy over diameter, dashed where the drive is beyond its limit."""
        ax = axes_for(ax, "diameter [nm]", "write energy [fJ]", f"write energy at Δ = {np.nanmax(self.Delta):.3g}")
        for k, name in enumerate(self.mechanism):
            energy = self.energy[k] * 1e15
            ax.plot(self.diameter * 1e9, energy, "--", color=COLOURS[k], linewidth=1)
            within = np.where(self.feasible[k], energy, np.nan)
            ax.plot(self.diameter * 1e9, within, "-", color=COLOURS[k], linewidth=2, label=str(name))
        ax.plot([], [], "--", color="black", linewidth=1, label="beyond the limit of its drive")
        ax.set(xscale="log", yscale="log")
        ax.legend(loc="lower left")
        return ax


def write_energy_scaling(
    diameter: ArrayLike,
    mechanisms: Sequence[Mechanism] = (SpinTransferWrite(), TUNGSTEN, VoltageWrite()),
    layer: FreeLayer = COFEB,
    Delta: float = 60.0,
) -> WriteEnergyScaling:
    """Return write energies at each diameter, K_eff or the thickness chosen so that the stability is Δ everywhere.

    With the thickness given, K_eff rises like 1/d². Then the energy by spin transfer does not depend on the diameter:
    I_c0 ∝ K_eff V does not, and the switching time falls like the area. By spin–orbit torque and by voltage it rises
    like 1/d², as their drives rise like K_eff: what is stable is hard to write.

    Parameters
    ----------
    diameter : array_like (n,) [m]
    mechanisms : sequence of SpinTransferWrite, SpinOrbitWrite, VoltageWrite
    layer : FreeLayer
    Delta : float
        With an attempt time of 1 ns one bit of 40 lasts for years; arrays need 60 and more.

    Raises
    ------
    ParameterError
        For a diameter or Δ that is not positive, or no mechanism.

    Source: closed forms of `fdmag.analytic.disc_barrier`, `spin_torque` and `write_energy`; the barrier is the lower of
    two limits, currents and times are those of a macrospin.

    >>> scaling = write_energy_scaling([10e-9, 20e-9])
    >>> print([f"{energy * 1e15:.1f} fJ" for energy in scaling.energy[0]])
    ['168.3 fJ', '168.3 fJ']
    """
    d = array_of("write energy", "diameter", diameter)
    checked("write energy", {"diameter": d, "Delta": Delta}, diameter="positive m", Delta="positive")
    if not mechanisms:
        raise ParameterError("write energy: no mechanism; give at least one")
    t, K = layer.at_stability(Delta, d)
    stable = np.isfinite(t)
    if not stable.any():
        raise ParameterError(f"write energy: no thickness gives Δ = {Delta:g} at any of these diameters; raise Ks")
    written = [each.write(Discs(d[stable], t[stable], K[stable], Delta, layer)) for each in mechanisms]

    def everywhere(values: list[NDArray]) -> NDArray:
        whole = np.full((len(mechanisms), d.size), False if values[0].dtype == bool else np.nan)
        whole[:, stable] = values
        return whole

    names = [each.name for each in mechanisms]
    labels = [f"{name} {names[: k + 1].count(name)}" if names.count(name) > 1 else name for k, name in enumerate(names)]
    stability, coherent = np.full_like(d, np.nan), np.zeros(d.shape, dtype=bool)
    stability[stable] = disc_barrier(d[stable], t[stable], layer.A, K[stable]) / (BOLTZMANN * layer.temperature)
    coherent[stable] = d[stable] <= coherent_diameter(layer.A, K[stable])
    columns = [everywhere(list(values)) for values in zip(*written, strict=True)]
    return WriteEnergyScaling(d, t, K, 2 * K / layer.Ms, stability, coherent, np.array(labels), *columns)
