"""A junction above part of a track: its conductance over the position of a domain wall below it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.wall_readout import mean_over_wall
from fdmag.devices.checks import array_of, checked
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError

__all__ = ["ReadoutCurve", "TrackReadout"]


@dataclass(frozen=True)
class ReadoutCurve(Result):
    """Conductance over the position of a wall, and how steeply it changes."""

    position: NDArray = quantity("m", "position of the wall", "position")
    cosine: NDArray = quantity("1", "mean cosine to the reference", "position")
    conductance: NDArray = quantity("S", "conductance", "position")
    slope: NDArray = quantity("S/m", "change of the conductance per displacement", "position")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the conductance over the position."""
        ax = axes_for(ax, "wall position [nm]", "G [µS]", "read-out of a track")
        ax.plot(self.position * 1e9, self.conductance * 1e6, color=COLOURS[0])
        return ax


@dataclass(frozen=True)
class TrackReadout:
    """A junction over a track along x, with a wall across it: up domain towards −x, down domain towards +x.

    With m_z = tanh((q − x)/Δ) and a reference along +z the mean cosine over the junction from x1 to x2 is
    Δ/(x2 − x1) ln{cosh[(q − x1)/Δ]/cosh[(q − x2)/Δ]}: linear in q below the junction, smeared over Δ at its ends.
    *As the wall moves towards +x, more of the junction is parallel, and it conducts better.*

    Parameters
    ----------
    junction : TunnelJunction
    x1, x2 : float [m]
        Ends of the junction along the track.
    width : float [m]
        Of the track.
    wall_width : float [m]
        Δ = sqrt(A/K), `fdmag.analytic.domain_wall.wall_width_parameter`.
    up_before : bool
        False: the up domain is the one towards +x.

    Raises
    ------
    ParameterError
        For lengths that are not positive.

    Source: A. Hubert, R. Schäfer, Magnetic Domains (Springer, 1998), section 3.6, for the profile. Valid for a straight
    wall across the track that keeps its width, and a barrier that is uniform.

    Examples
    --------
    >>> readout = TrackReadout(TunnelJunction(RA_P=5e-12, TMR=1.5), x1=-50e-9, x2=50e-9, width=20e-9, wall_width=5e-9)
    >>> print([f"{G * 1e6:.1f}" for G in readout.conductance([-1e-6, 0, 1e-6])])
    ['160.0', '280.0', '400.0']
    """

    junction: TunnelJunction
    x1: float
    x2: float
    width: float
    wall_width: float
    up_before: bool = True

    def __post_init__(self) -> None:
        checked("read-out of a track", self, width="positive m", wall_width="positive m", x1="finite m", x2="finite m")
        if not self.x2 > self.x1:
            raise ParameterError(f"read-out of a track: x2 = {self.x2:g} m is not above x1 = {self.x1:g} m")

    @property
    def area(self) -> float:
        """Area of the junction [m²]."""
        return (self.x2 - self.x1) * self.width

    def cosine(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the mean cosine to the reference for a wall at q [m]."""
        return np.asarray((1 if self.up_before else -1) * mean_over_wall(q, self.x1, self.x2, self.wall_width))

    def conductance(self, q: ArrayLike, V: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Return the conductance [S], without leads, for a wall at q [m] under a bias V [V]."""
        return self.junction.conductance(self.cosine(q), V, area=self.area)

    def position(self, G: ArrayLike) -> NDArray[np.float64]:
        """Return where the wall is [m] at a conductance [S] for small bias, without leads.

        Exact: about the middle of the junction e^{2q/Δ} = sinh[L (1 + c)]/sinh[L (1 − c)], L = (x2 − x1)/(2Δ).

        Raises
        ------
        ParameterError
            If the junction cannot have this conductance with a wall at a finite place.
        """
        G = np.asarray(G, dtype=float)
        antiparallel, parallel = (float(self.junction.conductance(c, area=self.area)) for c in (-1, 1))
        c = (2 * G - parallel - antiparallel) / (parallel - antiparallel) * (1 if self.up_before else -1)
        half = (self.x2 - self.x1) / (2 * self.wall_width)
        inside = np.abs(c) < 1
        if not inside.all():
            raise ParameterError(
                f"read-out of a track: G = {G[~inside].flat[0]:g} S; allowed: "
                f"between {antiparallel:g} and {parallel:g} S"
            )
        up, down = half * (1 + c), half * (1 - c)
        # the logarithm of the ratio of hyperbolic sines, without overflow
        ratio = (up - down) + np.log(-np.expm1(-2 * up)) - np.log(-np.expm1(-2 * down))
        return (self.x1 + self.x2) / 2 + self.wall_width / 2 * ratio

    def curve(self, q: ArrayLike) -> ReadoutCurve:
        """Return the conductance at small bias over positions of the wall [m]."""
        q = array_of("read-out of a track", "q", q)
        c = self.cosine(q)
        antiparallel, parallel = (float(self.junction.conductance(c, area=self.area)) for c in (-1, 1))
        ends = np.tanh((q - self.x1) / self.wall_width) - np.tanh((q - self.x2) / self.wall_width)
        slope = (parallel - antiparallel) / 2 * ends / (self.x2 - self.x1) * (1 if self.up_before else -1)
        return ReadoutCurve(q, c, self.junction.conductance(c, area=self.area), slope)
