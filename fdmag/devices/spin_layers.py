"""Layers, interfaces and ends of a stack in which spins diffuse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.spin_diffusion import spin_diffusion_length
from fdmag.constants import ELEMENTARY_CHARGE
from fdmag.devices.checks import checked
from fdmag.errors import ParameterError

__all__ = ["End", "Interface", "Layer", "edge_currents", "interface_currents"]


@dataclass(frozen=True)
class Layer:
    """A layer across x, normal (β = 0) or ferromagnetic with m along or against the spin axis.

    Parameters
    ----------
    thickness : float [m]
        ``inf`` is allowed for the first and the last layer.
    conductivity : float [S/m]
        σ = σ↑ + σ↓.
    spin_diffusion_length : float [m]
    polarisation : float
        β = (σ↑ − σ↓)/σ; its sign turns with the magnetisation.
    spin_hall_angle : float
        θ_SH: a current density J along the layer drives the spin current θ_SH J across it.
    name : str
    """

    thickness: float
    conductivity: float
    spin_diffusion_length: float
    polarisation: float = 0.0
    spin_hall_angle: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        where = f"layer {self.name!r}" if self.name else "layer"
        checked(where, self, thickness="positive m", conductivity="positive S/m", polarisation="inside -1 to 1")
        checked(where, self, spin_diffusion_length="positive m", spin_hall_angle="finite")

    @classmethod
    def of_diffusion(
        cls, thickness: float, D: float, tau_sf: float, density_of_states: float, *, polarisation: float = 0.0,
        spin_hall_angle: float = 0.0, name: str = "",
    ) -> "Layer":  # fmt: skip
        """Return the layer with λ = sqrt(D τ_sf) and Einstein's σ = e² N D.

        Parameters
        ----------
        thickness : float [m]
        D : float [m²/s]
        tau_sf : float [s]
        density_of_states : float [1/(J m³)]
            At the Fermi level, both spins together.
        polarisation, spin_hall_angle, name
            As of the class.

        >>> copper = Layer.of_diffusion(1e-6, D=1.7e-2, tau_sf=12e-12, density_of_states=1.1e47)
        >>> print(f"{copper.spin_diffusion_length * 1e9:.0f} nm, {copper.conductivity:.1e} S/m")
        452 nm, 4.8e+07 S/m
        """
        length = float(spin_diffusion_length(D, tau_sf))
        return cls(thickness, ELEMENTARY_CHARGE**2 * density_of_states * D, length, polarisation, spin_hall_angle, name)

    @property
    def spin_conductance(self) -> float:
        """σ (1 − β²)/(2 λ) [S/m²], what a thick layer takes up per μ_s."""
        return self.conductivity * (1 - self.polarisation**2) / (2 * self.spin_diffusion_length)


@dataclass(frozen=True)
class Interface:
    """What lies between two layers.

    Parameters
    ----------
    conductance : float [S/m²]
        G = G↑ + G↓ per area; ``inf``: transparent.
    polarisation : float
        γ = (G↑ − G↓)/G.
    memory_loss : float
        δ: the interface takes up spin like a layer δ spin diffusion lengths thick; 1 − e^{−δ} is the probability of a
        spin flip.
    injected : float [A/m²]
        Spin current that a contact adds here.
    absorption : float [S/m²]
        Spin conductance of that contact: it takes away this times μ_s.
    """

    conductance: float = np.inf
    polarisation: float = 0.0
    memory_loss: float = 0.0
    injected: float = 0.0
    absorption: float = 0.0

    def __post_init__(self) -> None:
        checked("interface", self, conductance="positive S/m^2", polarisation="inside -1 to 1",
                memory_loss="at least 0", injected="finite A/m^2", absorption="at least 0 S/m^2")  # fmt: skip
        if np.isinf(self.absorption):
            raise ParameterError("interface: absorption = inf S/m^2; allowed: finite. End the stack at a perfect sink")
        if self.memory_loss > 0 and not np.isfinite(self.conductance):
            raise ParameterError(
                f"interface: memory_loss = {self.memory_loss:g} with a transparent interface; give its conductance"
            )
        contact = self.injected != 0 or self.absorption > 0
        if contact and np.isfinite(self.conductance):
            raise ParameterError(
                "interface: injected and absorption belong to a transparent interface, a contact on a wire; put a thin "
                "layer between the contact and the resistive interface"
            )


@dataclass(frozen=True)
class End:
    """What lies beyond the first or the last layer.

    Parameters
    ----------
    absorption : float [S/m²]
        Takes away this times μ_s: 0 at a free surface (the default), Re G↑↓ (per area and spin) at a magnet that is
        transverse to the spins, ``inf`` at a perfect sink.
    injected : float [A/m²]
        Spin current that enters the stack here.
    accumulation : float [V], optional
        Holds μ_s at this value instead.
    """

    absorption: float = 0.0
    injected: float = 0.0
    accumulation: float | None = None

    def __post_init__(self) -> None:
        checked("end", self, absorption="at least 0 S/m^2", injected="finite A/m^2")
        if self.accumulation is None and np.isinf(self.absorption):
            object.__setattr__(self, "accumulation", 0.0)


def edge_currents(layer: Layer) -> NDArray:
    """Return j_s without sources at the left and right edge, as rows over (μ_left, μ_right)."""
    ratio = layer.thickness / layer.spin_diffusion_length
    return layer.spin_conductance * _line(ratio)


def interface_currents(interface: Interface) -> NDArray:
    """Return j_s − γ j_e on the left and right side of an interface, as rows over (μ_left, μ_right)."""
    conductance = interface.conductance * (1 - interface.polarisation**2) / 2
    if interface.memory_loss == 0:
        return conductance * np.array([[1.0, -1.0], [1.0, -1.0]])
    return conductance * interface.memory_loss * _line(interface.memory_loss)


def _line(ratio: float) -> NDArray[np.float64]:
    """Return [[coth, −csch], [csch, −coth]] of a thickness in spin diffusion lengths."""
    decay = np.exp(-ratio)
    sinh2 = -np.expm1(-2 * ratio)
    coth, csch = (1 + decay**2) / sinh2, 2 * decay / sinh2
    return np.array([[coth, -csch], [csch, -coth]])
