"""A domain wall as two coordinates: its position q and the angle φ of m in its middle.

The wall m_z = −Q tanh[(x − q)/Δ] separates up and down domains, Q = 1 with up towards −x; φ is the angle of m in its
middle from +x towards +y. With a rigid profile of constant width Δ the equation of motion becomes

    φ̇ + α Q q̇/Δ = γ (B_z + B_pin − (π/2) a (σ_y cos φ − σ_x sin φ)) + ξ Q u/Δ
    Q q̇/Δ − α φ̇ = −γ [B_⊥ sin 2φ + Q (π/2) B_D sin φ + (π/2)(B'_y cos φ − B'_x sin φ) + a σ_z] + Q u/Δ

with B_⊥ = K_⊥/Ms, B_D = D/(Ms Δ), B' = B − b σ and B_pin = −(Q/2 Ms) dV/dq. Signs are those of the terms of a
simulation. Domains stay along ±z, and the wall straight across x.

Sources: N. L. Schryer, L. R. Walker, J. Appl. Phys. 45, 5406 (1974) for the field; A. Thiaville, Y. Nakatani, J.
Miltat, Y. Suzuki, Europhys. Lett. 69, 990 (2005) for the current along the track; A. Thiaville, S. Rohart, É. Jué,
V. Cros, A. Fert, Europhys. Lett. 100, 57002 (2012) for DMI; E. Martinez, S. Emori, N. Perez, L. Torres, G. S. D. Beach,
J. Appl. Phys. 115, 213909 (2014) for spin–orbit torques.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import GAMMA_E, MU_0
from fdmag.errors import ParameterError

__all__ = ["WallModel", "WallMotion", "walker_velocity", "wall_demag_anisotropy"]

Floats = NDArray[np.float64]
_ANGLES = 2048


def wall_demag_anisotropy(Ms: ArrayLike, thickness: ArrayLike, width: ArrayLike) -> Floats:
    """Return K_⊥ = (µ0 Ms²/2) t ln 2/(π Δ) [J/m³], by which the charges of a Néel wall cost more than a Bloch wall's.

    In a film with perpendicular anisotropy that is thin against Δ and much wider than it.

    Parameters
    ----------
    Ms, thickness, width : array_like [A/m], [m], [m]
        Of the film, and Δ.

    Source: S. V. Tarasenko, A. Stankiewicz, V. V. Tarasenko, J. Ferré, J. Magn. Magn. Mater. 189, 19 (1998).

    >>> print(f"{wall_demag_anisotropy(1e6, 0.6e-9, 5e-9):.0f} J/m^3")
    16636 J/m^3
    """
    return MU_0 * np.square(Ms) / 2 * np.multiply(thickness, np.log(2)) / (np.pi * np.asarray(width, dtype=float))


@dataclass(frozen=True)
class WallMotion:
    """A wall in time: t (times,) [s]; q (..., times) [m]; phi (..., times) [rad], not wrapped; velocity [m/s]."""

    t: Floats
    q: Floats
    phi: Floats
    velocity: Floats


@dataclass(frozen=True)
class WallModel:
    """Walls in the (q, φ) model; every parameter is a number or an array, and they are broadcast.

    Attributes
    ----------
    width : [m]
        Δ = sqrt(A/K), K being the anisotropy constant between the domains' axis and the angle at which the wall is
        held: K − µ0 Ms²/2 of a thin film, and K + K_⊥ in place of K for Néel walls.
    alpha : Gilbert damping
    Ms : [A/m]
    K_perp : [J/m³]
        Energy density K_⊥ m_x² inside the wall: above 0 it favours Bloch walls; see `wall_demag_anisotropy`.
    D : [J/m²]
        Interfacial DMI: D > 0 turns the middle towards the up domain.
    B_x, B_y, B_z : [T]
        Field. B_z > 0 lets the up domain grow.
    u, xi : [m/s], 1
        Zhang–Li: `fdmag.analytic.spin_torque.spin_drift_velocity` along x, and non-adiabaticity.
    a, b : [T]
        Spin–orbit torque, damping-like and field-like: ħ ξ J/(2 e Ms t).
    sigma : three numbers
        Its spin direction, +y for a current along +x with the heavy metal below.
    Q : 1 or −1
        1 with the up domain towards −x.
    gamma : [rad/(s T)]
    pinning : function of q, optional
        dV/dq [J/m³] of the energy per area V(q) [J/m²], for arrays of the shape of the model.

    Raises
    ------
    ParameterError
        A parameter is out of its range, or they do not broadcast.

    >>> wall = WallModel(width=5e-9, alpha=0.3, Ms=1e6, D=0.5e-3, a=5e-3)
    >>> print(f"{wall.mean_velocity(phi=np.pi):.2f} m/s against {wall.saturation_velocity():.2f} m/s")
    22.74 m/s against 138.30 m/s
    """

    width: Any
    alpha: Any
    Ms: Any
    K_perp: Any = 0.0
    D: Any = 0.0
    B_x: Any = 0.0
    B_y: Any = 0.0
    B_z: Any = 0.0
    u: Any = 0.0
    xi: Any = 0.0
    a: Any = 0.0
    b: Any = 0.0
    sigma: tuple[float, float, float] = (0.0, 1.0, 0.0)
    Q: Any = 1
    gamma: float = GAMMA_E
    pinning: Callable[[Floats], Floats] | None = None

    def __post_init__(self) -> None:
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("sigma", "pinning")}
        for name, value in values.items():
            array = np.asarray(value, dtype=float)
            if not np.isfinite(array).all():
                raise ParameterError(f"{name} is not a finite number everywhere")
            if name in ("width", "alpha", "Ms", "gamma") and np.any(array <= 0):
                raise ParameterError(f"{name} = {array.min():g}; allowed: above 0")
            object.__setattr__(self, name, array)
        if not np.all(np.abs(self.Q) == 1):
            raise ParameterError("Q: allowed: 1, up towards −x, and −1")
        if np.shape(self.sigma) != (3,):
            raise ParameterError(f"sigma = {self.sigma}; allowed: three numbers")
        try:
            shape = np.broadcast_shapes(*(np.shape(getattr(self, name)) for name in values))
        except ValueError as error:
            raise ParameterError(f"the parameters do not broadcast: {error}") from None
        object.__setattr__(self, "_shape", shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the parameters, broadcast."""
        return self._shape  # type: ignore[attr-defined]

    def walker_field(self) -> Floats:
        """Return α K_⊥/Ms [T], above which a wall without DMI turns in a field along z."""
        return np.asarray(self.alpha * np.abs(self.K_perp) / self.Ms)

    def saturation_velocity(self) -> Floats:
        """Return γ π |D|/(2 Ms) [m/s], to which spin–orbit torques drive a wall that DMI alone holds.

        On the way v = γ (π/2) Δ (a/α)/sqrt[1 + (a/(α B_D))²].
        """
        return np.asarray(self.gamma * np.pi * np.abs(self.D) / (2 * self.Ms))

    def rates(self, q: ArrayLike, phi: ArrayLike, *, field_factor: float = 1.0, current_factor: float = 1.0) -> tuple:
        """Return q̇ [m/s] and φ̇ [rad/s]; the factors multiply the fields B, and u, a and b."""
        q, phi = np.asarray(q, dtype=float), np.asarray(phi, dtype=float)
        turning, moving = self._forces(phi, field_factor, current_factor)
        if self.pinning is not None:
            turning = turning - self.gamma * self.Q / (2 * self.Ms) * self.pinning(np.broadcast_to(q, self.shape))
        scale = 1 / (1 + self.alpha**2)
        return self.Q * self.width * (moving + self.alpha * turning) * scale, (turning - self.alpha * moving) * scale

    def _forces(self, phi: Floats, field: float = 1.0, current: float = 1.0) -> tuple[Any, Any]:
        """Return the right-hand sides of the equations for φ̇ + α Q q̇/Δ and Q q̇/Δ − α φ̇, without pinning."""
        x, y, z = self.sigma
        a, b, u = current * self.a, current * self.b, current * self.Q * self.u / self.width
        cosine, sine = np.cos(phi), np.sin(phi)
        turning = self.gamma * (field * self.B_z - b * z - np.pi / 2 * a * (y * cosine - x * sine)) + self.xi * u
        held = (
            self.K_perp / self.Ms * np.sin(2 * phi)
            + np.pi / 2 * self.Q * self.D / (self.Ms * self.width) * sine
            + np.pi / 2 * ((field * self.B_y - b * y) * cosine - (field * self.B_x - b * x) * sine)
            + a * z
        )
        return turning, u - self.gamma * held

    def run(
        self,
        duration: float,
        *,
        q: ArrayLike = 0.0,
        phi: ArrayLike = 0.0,
        samples: int = 201,
        field_factor: Callable[[float], float] | None = None,
        current_factor: Callable[[float], float] | None = None,
        tolerance: float = 1e-8,
        longest_step: float = np.inf,
    ) -> WallMotion:
        """Return the motion of all walls, by an adaptive Runge–Kutta method of order 8.

        Parameters
        ----------
        duration : float [s]
        q, phi : array_like [m], [rad]
            At the start.
        samples : int
            Times at which the motion is returned, from 0 to the duration.
        field_factor, current_factor : functions of t [s], optional
            What multiplies the fields, and the currents (u, a, b): pulses. Set ``longest_step`` [s] below the shortest
            of them.
        tolerance : float
            Of φ [rad] and q/Δ.

        Raises
        ------
        ParameterError
            A time is not above 0.
        """
        if not (duration > 0 and np.isfinite(duration)) or samples < 2:
            raise ParameterError(f"duration = {duration:g} s, samples = {samples}; allowed: above 0, at least 2")
        width, count = np.broadcast_to(self.width, self.shape), int(np.prod(self.shape))
        one: Callable[[float], float] = lambda t: 1.0  # noqa: E731
        of_field, of_current = field_factor or one, current_factor or one

        def slope(t: float, state: Floats) -> Floats:
            position, angle = state.reshape(2, *self.shape)
            velocity, turn = self.rates(position * width, angle, field_factor=of_field(t), current_factor=of_current(t))
            return np.stack([np.broadcast_to(velocity / width, self.shape), np.broadcast_to(turn, self.shape)]).ravel()

        start = np.stack(
            [np.broadcast_to(np.asarray(q, dtype=float), self.shape) / width, np.broadcast_to(phi, self.shape)]
        )
        t = np.linspace(0, duration, samples)
        found = scipy.integrate.solve_ivp(
            slope, (0, duration), start.ravel(), "DOP853", t, rtol=1e-9, atol=tolerance, max_step=longest_step
        )
        if not found.success or found.y.shape != (2 * count, samples):
            raise ParameterError(f"the motion cannot be followed: {found.message}")
        states = found.y.reshape(2, *self.shape, samples)
        velocity = np.stack(
            [
                self.rates(
                    states[0, ..., k] * width,
                    states[1, ..., k],
                    field_factor=of_field(t[k]),
                    current_factor=of_current(t[k]),
                )[0]
                + np.zeros(self.shape)
                for k in range(samples)
            ],
            axis=-1,
        )
        return WallMotion(t, states[0] * width[..., None], states[1], velocity)

    def mean_velocity(self, phi: ArrayLike = 0.0) -> Floats:
        """Return the velocity [m/s] in the long run, from the angle φ on: steady, or the mean over whole turns.

        Without pinning. φ̇ is a function of φ alone: the wall comes to rest at the first zero on its way, or turns for
        good with the period ∮ dφ/φ̇.

        Parameters
        ----------
        phi : array_like [rad]

        Raises
        ------
        ParameterError
            The walls are pinned: see `run`.
        """
        if self.pinning is not None:
            raise ParameterError("with pinning a wall has no velocity of its own: use run")
        start = np.broadcast_to(np.asarray(phi, dtype=float), self.shape)
        _, first = self.rates(0.0, start)
        sign = np.broadcast_to(np.sign(first), self.shape)
        low, high = start.copy(), start.copy()
        held = sign == 0
        turns: Floats = np.zeros(self.shape)
        moved: Floats = np.zeros(self.shape)
        step = 2 * np.pi / _ANGLES
        for k in range(_ANGLES):
            angle = start + sign * k * step
            velocity, turn = self.rates(0.0, angle)
            stops = ~held & (sign * turn <= 0)
            low, high = np.where(stops, angle - sign * step, low), np.where(stops, angle, high)
            held = held | stops
            with np.errstate(divide="ignore", invalid="ignore"):
                turns = turns + np.where(held, 0, step / np.abs(turn))
                moved = moved + np.where(held, 0, velocity * step / np.abs(turn))
        for _ in range(60):
            middle = (low + high) / 2
            ahead = sign * self.rates(0.0, middle)[1] > 0
            low, high = np.where(ahead, middle, low), np.where(ahead, high, middle)
        resting = self.rates(0.0, (low + high) / 2)[0]
        return np.where(held, resting, moved / np.where(held, 1, turns))


def walker_velocity(
    B: ArrayLike, width: ArrayLike, alpha: ArrayLike, walker_field: ArrayLike, gamma: float = GAMMA_E
) -> Floats:
    """Return the mean velocity [m/s] of a wall in a field along the domains, below and above Walker's breakdown.

    v = (γ Δ/α) B up to B_W; above, v = (γ Δ/α) [B − sqrt(B² − B_W²)/(1 + α²)], which far above is γ Δ B α/(1 + α²).

    Parameters
    ----------
    B : array_like [T]
    width : array_like [m]
        Δ, taken as constant.
    alpha, walker_field : array_like
        Damping; B_W [T].
    gamma : float

    Source: N. L. Schryer, L. R. Walker, J. Appl. Phys. 45, 5406 (1974); A. Mougin et al., Europhys. Lett. 78, 57007
    (2007), which adds a current: with u, B → B + (ξ − α) u/(γ Δ) inside the root.

    >>> v = walker_velocity([1e-3, 2e-3, 20e-3], 10e-9, 0.02, 2e-3)
    >>> print(np.array2string(v, precision=1))
    [ 88.  176.1   9.5]
    """
    B, limit, alpha = (np.asarray(each, dtype=float) for each in (B, walker_field, alpha))
    beyond = np.sqrt(np.maximum(B**2 - limit**2, 0))
    return gamma * np.asarray(width) / alpha * (B - np.sign(B) * beyond / (1 + np.square(alpha)))
