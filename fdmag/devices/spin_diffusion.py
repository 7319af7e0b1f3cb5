"""Spin diffusion through a stack of layers: exact exponentials in each, matched at the interfaces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.devices.spin_layers import End, Interface, Layer, edge_currents, interface_currents
from fdmag.errors import ParameterError, did_you_mean

__all__ = ["End", "Interface", "Layer", "SpinDiffusion", "SpinProfile"]


@dataclass(frozen=True)
class SpinProfile(Result):
    """Spin accumulation and spin current across a stack.

    Attributes
    ----------
    x, mu_s, j_s
        Points of every layer, its edges included, so that each interface appears twice.
    edges
        x of the interfaces and ends.
    resistance_area
        What the current across meets, with all spin-dependent contributions; of a stack with thick outer layers only
        its finite part is counted. NaN without a current across.
    efficiency
        ξ: j_s into what lies behind the last layer, over a current along all layers. NaN without one.
    """

    x: NDArray = quantity("m", "position across the stack", "x")
    mu_s: NDArray = quantity("V", "spin accumulation (µ↑ − µ↓)/e", "x")
    j_s: NDArray = quantity("A/m^2", "spin current along x", "x")
    layer: NDArray = quantity("1", "number of the layer", "x")
    edges: NDArray = quantity("m", "interfaces and ends", "edges")
    resistance_area: float = quantity("ohm m^2", "resistance times area", default=np.nan)
    efficiency: float = quantity("1", "spin current behind the last layer over the current along", default=np.nan)

    def at(self, edge: int, side: str = "left") -> tuple[float, float]:
        """Return (μ_s [V], j_s [A/m²]) on one side of edge number ``edge``: 0 is the start, −1 the end.

        Raises
        ------
        ParameterError
                For an unknown side or edge.
        """
        if side not in ("left", "right"):
            raise ParameterError(f'side = {side!r}; allowed: "left", "right"{did_you_mean(side, ["left", "right"])}')
        last = len(self.edges) - 1
        if not -last - 1 <= edge <= last:
            raise ParameterError(f"edge = {edge}; allowed: 0 to {last}, or negative from the end")
        edge %= last + 1
        before = edge == last or (side == "left" and edge > 0)
        rows = np.flatnonzero(self.layer == (edge - 1 if before else edge))
        row = rows[-1 if before else 0]
        return float(self.mu_s[row]), float(self.j_s[row])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw μ_s and j_s over x; returns the axes of μ_s."""
        ax = axes_for(ax, "x [nm]", "µ_s [µV]", "spin diffusion")
        ax.plot(self.x * 1e9, self.mu_s * 1e6, color=COLOURS[0], label="µ_s")
        other = ax.twinx()
        other.plot(self.x * 1e9, self.j_s, color=COLOURS[1], linestyle="--", label="j_s")
        other.set_ylabel("j_s [A/m²]")
        for edge in self.edges[np.isfinite(self.edges)]:
            ax.axvline(edge * 1e9, color="black", linewidth=0.5, alpha=0.5)
        ax.legend(handles=[*ax.get_lines()[:1], *other.get_lines()], loc="best")
        return ax


@dataclass(frozen=True)
class SpinDiffusion:
    """Stationary spin diffusion, D μ_s'' = μ_s/τ_sf with λ² = D τ_sf, across layers stacked along x.

    In each layer μ_s is a sum of exp(±x/λ), and j_s = −σ (1 − β²)/2 dμ_s/dx + β j_e + θ_SH J. Interfaces obey
    j_s = γ j_e + G (1 − γ²)/2 Δμ_s. The unknowns are the two values of μ_s at the edges of each layer.

    **Signs.** μ_s = (µ↑ − µ↓)/e in volts; j_s > 0 means that up-spin electrons move towards +x, or down-spin electrons
    towards −x, written as a charge current density: the angular momentum is ħ/(2e) j_s. *Up-spin electrons diffuse
    from where μ_s is high to where it is low.* j_e = −J_c is the flow of electrons across the stack. Spins are along
    one axis, and ferromagnets lie along it, with the moments of up spins along m for β > 0. For a positive spin Hall
    angle and J along a film whose normal is +x, up means a moment along −normal × J, the direction that the torque of
    `fdmag.terms.SpinOrbitTorque` pulls m to.

    Parameters
    ----------
    layers : sequence of Layer
    interfaces : sequence of Interface, optional
        One less than layers; by default transparent.
    left, right : End

    Raises
    ------
    ParameterError
        For a wrong number of interfaces, an infinite layer in the middle or an end at one.

    Source: T. Valet, A. Fert, Phys. Rev. B 48, 7099 (1993); S. Zhang, Phys. Rev. Lett. 85, 393 (2000), for the spin
    Hall source; J. Bass, W. P. Pratt, J. Phys.: Condens. Matter 19, 183201 (2007), for the loss at interfaces.
    Valid where layers are thicker than the mean free path.

    Examples
    --------
    The spin Hall effect of a film on a perfect sink gives θ_SH [1 − sech(t/λ)]:

    >>> film = Layer(3e-9, 2e6, 1.5e-9, spin_hall_angle=0.1)
    >>> profile = SpinDiffusion([film], right=End(absorption=np.inf)).solve(current_along=1e12)
    >>> print(f"{profile.at(-1)[1] / 1e12:.5f}")
    0.07342
    """

    layers: Sequence[Layer]
    interfaces: Sequence[Interface] | None = None
    left: End = End()
    right: End = End()

    def __post_init__(self) -> None:
        layers = tuple(self.layers)
        if not layers:
            raise ParameterError("spin diffusion: no layers; give at least one")
        interfaces = tuple(self.interfaces) if self.interfaces is not None else (Interface(),) * (len(layers) - 1)
        if len(interfaces) != len(layers) - 1:
            raise ParameterError(
                f"spin diffusion: {len(interfaces)} interfaces for {len(layers)} layers; allowed: {len(layers) - 1}"
            )
        infinite = [np.isinf(layer.thickness) for layer in layers]
        if any(infinite[1:-1]) or infinite == [True]:
            raise ParameterError("spin diffusion: only the first and last of several layers may be infinitely thick")
        for end, thick, name in ((self.left, infinite[0], "left"), (self.right, infinite[-1], "right")):
            if thick and end != End():
                raise ParameterError(f"spin diffusion: {name}: an infinitely thick layer has no end; leave it out")
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "interfaces", interfaces)

    def reversed(self, layer: int) -> "SpinDiffusion":
        """Return the stack with the magnetisation of one layer reversed: its β and the γ of its interfaces turn sign.

        Raises
        ------
        ParameterError
            If there is no such layer, or it is not polarised.
        """
        if not -len(self.layers) <= layer < len(self.layers):
            raise ParameterError(f"layer = {layer}; allowed: 0 to {len(self.layers) - 1}, or negative from the end")
        layer %= len(self.layers)
        if self.layers[layer].polarisation == 0:
            raise ParameterError(f"layer {layer} has polarisation 0: it is no ferromagnet")
        layers, interfaces = list(self.layers), list(self._interfaces)
        layers[layer] = replace(layers[layer], polarisation=-layers[layer].polarisation)
        for k in (layer - 1, layer):
            if 0 <= k < len(interfaces):
                interfaces[k] = replace(interfaces[k], polarisation=-interfaces[k].polarisation)
        return replace(self, layers=layers, interfaces=interfaces)

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """x of interfaces and ends [m]; x = 0 is the start, or the end of an infinitely thick first layer."""
        thickness = [layer.thickness for layer in self.layers]
        if np.isinf(thickness[0]):
            return np.concatenate([[-np.inf, 0.0], np.cumsum(thickness[1:])])
        return np.concatenate([[0.0], np.cumsum(thickness)])

    def solve(
        self, current_across: float = 0.0, current_along: float | Sequence[float] = 0.0, points: int = 101
    ) -> SpinProfile:
        """Return the profile.

        Parameters
        ----------
        current_across : float [A/m²]
            J_c, conventional, along +x.
        current_along : float or one for each layer [A/m²]
            J along the layers, which the spin Hall effect turns into a spin current θ_SH J across.
        points : int
            In each layer, edges included; an infinite layer is shown for 8 spin diffusion lengths.
        """
        along = np.broadcast_to(np.asarray(current_along, dtype=float), len(self.layers))
        if points < 2:
            raise ParameterError(f"spin diffusion: points = {points}; allowed: at least 2")
        j_e = -float(current_across)
        source = np.array(
            [layer.polarisation * j_e + layer.spin_hall_angle * J for layer, J in zip(self.layers, along, strict=True)]
        )
        mu = self._edge_values(source, j_e)
        parts = [self._inside(k, mu[k], source[k], points) for k in range(len(self.layers))]
        x, mu_s, j_s = (np.concatenate([part[i] for part in parts]) for i in range(3))
        number = np.repeat(np.arange(len(self.layers)), points)
        area = self._resistance_area(mu, j_e) if current_across else np.nan
        one_current = along[0] != 0 and np.all(along == along[0])
        efficiency = float(j_s[-1] / along[0]) if one_current else np.nan
        return SpinProfile(x, mu_s, j_s, number, self.edges, area, efficiency)

    def _edge_values(self, source: NDArray, j_e: float) -> NDArray:
        """Return μ_s at the left and right edge of each layer, (layers, 2)."""
        n = len(self.layers)
        # j_s at the edges is source + current[k, edge] · (μ_left, μ_right)
        current = np.array([edge_currents(layer) for layer in self.layers])
        matrix, given = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)
        self._end(matrix, given, 0, current[0, 0], source[0], self.left, self.layers[0], 0)
        for k, interface in enumerate(self._interfaces):
            a, b = slice(2 * k, 2 * k + 2), slice(2 * k + 2, 2 * k + 4)
            first, second = 2 * k + 1, 2 * k + 2
            scale = max(self.layers[k].spin_conductance, self.layers[k + 1].spin_conductance)
            if np.isinf(interface.conductance):
                # μ is continuous, and what arrives, with what the contact adds, leaves
                matrix[first, 2 * k + 1], matrix[first, 2 * k + 2] = 1, -1
                matrix[second, a], matrix[second, b] = current[k, 1] / scale, -current[k + 1, 0] / scale
                matrix[second, 2 * k + 2] -= interface.absorption / scale
                given[second] = (source[k + 1] - source[k] - interface.injected) / scale
                continue
            through = interface_currents(interface)
            for row, (layer, edge, columns) in ((first, (k, 1, a)), (second, (k + 1, 0, b))):
                scale = max(self.layers[layer].spin_conductance, np.abs(through).max())
                matrix[row, columns] += current[layer, edge] / scale
                matrix[row, 2 * k + 1 : 2 * k + 3] -= through[row - first] / scale
                given[row] = (interface.polarisation * j_e - source[layer]) / scale
        self._end(matrix, given, 2 * n - 1, -current[-1, 1], -source[-1], self.right, self.layers[-1], 2 * n - 2)
        return np.linalg.solve(matrix, given).reshape(n, 2)

    @property
    def _interfaces(self) -> tuple[Interface, ...]:
        assert self.interfaces is not None
        return tuple(self.interfaces)

    @staticmethod
    def _end(matrix: NDArray, given: NDArray, row: int, inwards: NDArray, source: float, end: End, layer: Layer,
             column: int) -> None:  # fmt: skip
        """Write the condition at an end: the current inwards is what is injected less what is absorbed."""
        if np.isinf(layer.thickness) or end.accumulation is not None:
            matrix[row, row] = 1
            given[row] = 0.0 if end.accumulation is None else end.accumulation
            return
        scale = max(layer.spin_conductance, end.absorption)
        matrix[row, column : column + 2] = inwards / scale
        matrix[row, row] += end.absorption / scale
        given[row] = (end.injected - source) / scale

    def _inside(self, k: int, mu: NDArray, source: float, points: int) -> tuple[NDArray, NDArray, NDArray]:
        """Return x, μ_s, j_s in layer k."""
        layer = self.layers[k]
        length, thick = layer.spin_diffusion_length, layer.thickness
        shown = 8 * length if np.isinf(thick) else thick
        start = self.edges[k] if np.isfinite(self.edges[k]) else -shown
        x = start + np.linspace(0, shown, points)
        x[0], x[-1] = start, self.edges[k + 1] if np.isfinite(self.edges[k + 1]) else start + shown
        from_left, from_right = (x - start) / length, (x[-1] - x) / length
        whole = thick / length
        denominator = -np.expm1(-2 * whole)
        decay = [np.exp(-from_left), np.exp(-from_right)]
        near = [-np.expm1(-2 * from_right), -np.expm1(-2 * from_left)]
        far = [1 + np.exp(-2 * from_right), 1 + np.exp(-2 * from_left)]
        if np.isinf(thick):
            near, far = [np.ones(points)] * 2, [np.ones(points)] * 2
        mu_s = (mu[0] * decay[0] * near[0] + mu[1] * decay[1] * near[1]) / denominator
        slope = (-mu[0] * decay[0] * far[0] + mu[1] * decay[1] * far[1]) / denominator
        return x, mu_s, source - layer.spin_conductance * slope

    def _resistance_area(self, mu: NDArray, j_e: float) -> float:
        """Return the resistance times area that the current across meets.

        In a layer μ↑ and μ↓ weighted by their conductivities falls by ρ j_e t; at an interface it is the weighted mean
        of the drops. Measured in the unweighted mean, which is what electrodes beyond the ends have.
        """
        drop = 0.0
        for k, layer in enumerate(self.layers):
            if np.isfinite(layer.thickness):
                drop += j_e * layer.thickness / layer.conductivity
            # the unweighted mean lies β μ_s/2 below the weighted one
            drop -= layer.polarisation / 2 * (mu[k, 0] - mu[k, 1])
        for k, interface in enumerate(self._interfaces):
            if np.isfinite(interface.conductance):
                drop += j_e / interface.conductance
                drop -= interface.polarisation / 2 * (mu[k, 1] - mu[k + 1, 0])
        return drop / j_e
