"""Figures of a synapse from its conductance over pulses: nonlinearity, symmetry, levels, spreads, energy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import checked
from fdmag.devices.response_fit import ResponseFit, fit_response, of_curvature
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError

__all__ = ["SynapseFigures", "distinguishable_levels", "synapse_figures"]


@dataclass(frozen=True)
class SynapseFigures(Result):
    """What network simulators ask of a synapse.

    Attributes
    ----------
    potentiation, depression
        The fits; `fdmag.devices.response_fit.ResponseFit`.
    G_min, G_max
        Means of where the sweeps start and end.
    nonlinearity_p, nonlinearity_d
        Labels of NeuroSim; 0 is linear, negative for steps that grow. (NeuroSim writes that of depression with the
        opposite sign; `fdmag.devices.crossbar` does so.)
    asymmetry
        Largest distance between the potentiation and the depression curve over the range, the latter read backwards: 0
        if a step up and a step down undo each other at every conductance.
    cycle_to_cycle
        Standard deviation of the conductance after the same number of pulses, over cycles, pooled over pulses and
        devices. NaN for one cycle.
    device_to_device
        Standard deviation of devices' mean conductances, that of cycles removed. NaN for one device.
    label_spread
        Standard deviation of the nonlinearities over devices, each fitted by itself, both directions pooled and the
        errors of the fits removed. NaN for one device.
    update_noise
        Standard deviation of one update; NaN if readings were assumed to be what is noisy.
    levels
        Conductances that can be told apart, see `distinguishable_levels`.
    energy_p, energy_d
        Mean heat of one pulse; NaN without its voltage and length.
    """

    potentiation: ResponseFit
    depression: ResponseFit
    n: NDArray = quantity("1", "pulses", "n")
    G_p: NDArray = quantity("S", "conductance while potentiated, mean", "n")
    G_d: NDArray = quantity("S", "conductance while depressed, mean", "n_d")
    G_min: float = quantity("S", "lowest conductance")
    sigma_G_min: float = quantity("S", "standard error")
    G_max: float = quantity("S", "highest conductance")
    sigma_G_max: float = quantity("S", "standard error")
    nonlinearity_p: float = quantity("1", "nonlinearity of potentiation")
    sigma_nonlinearity_p: float = quantity("1", "standard error")
    nonlinearity_d: float = quantity("1", "nonlinearity of depression")
    sigma_nonlinearity_d: float = quantity("1", "standard error")
    asymmetry: float = quantity("1", "asymmetry, over the range")
    sigma_asymmetry: float = quantity("1", "standard error")
    cycle_to_cycle: float = quantity("S", "standard deviation over cycles")
    sigma_cycle_to_cycle: float = quantity("S", "standard error")
    device_to_device: float = quantity("S", "standard deviation over devices")
    sigma_device_to_device: float = quantity("S", "standard error")
    label_spread: float = quantity("1", "standard deviation of nonlinearities over devices")
    sigma_label_spread: float = quantity("1", "standard error")
    update_noise: float = quantity("S", "standard deviation of an update")
    levels: int = quantity("1", "distinguishable levels")
    energy_p: float = quantity("J", "energy of a pulse up")
    energy_d: float = quantity("J", "energy of a pulse down")

    @property
    def range(self) -> float:
        """G_max − G_min [S]."""
        return self.G_max - self.G_min

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both sweeps and their fits."""
        ax = axes_for(ax, "pulses", "G [µS]", "potentiation and depression")
        sweeps = [(self.potentiation, self.G_p, "potentiation", 0)]
        sweeps.append((self.depression, self.G_d, "depression", int(self.n[-1])))
        for colour, (fit, G, name, first) in zip(COLOURS, sweeps, strict=False):
            n = np.arange(G.size)
            ax.plot(first + n, G * 1e6, "o", color=colour, markersize=3, label=name)
            label = f"{fit.nonlinearity:.2f} ± {fit.sigma_nonlinearity:.2f}"
            ax.plot(first + n, fit.at(n) * 1e6, "-", color=colour, label=f"fit, nonlinearity {label}")
        ax.legend()
        return ax


def distinguishable_levels(span: float, spread: float, most: int, sigmas: float = 3.0) -> int:
    """Return 1 + ⌊span/(2 z σ)⌋, at most ``most``: levels z σ away from the thresholds between them.

    Parameters
    ----------
    span : float [S]
        From the lowest to the highest conductance.
    spread : float [S]
        Standard deviation σ of a level.
    most : int
        Levels that there are.
    sigmas : float
        z: a level is misread with a probability of 2 Φ(−z), 0.27 % for 3.

    >>> distinguishable_levels(100e-6, 2e-6, 65)
    9
    """
    checked("levels", {"span": span, "spread": spread, "sigmas": sigmas}, span="positive S", spread="at least 0 S",
            sigmas="positive")  # fmt: skip
    return most if spread == 0 else int(min(most, 1 + np.floor(span / (2 * sigmas * spread) * (1 + 1e-12))))


def synapse_figures(
    potentiation: ArrayLike,
    depression: ArrayLike,
    *,
    noise: str = "read",
    sigmas: float = 3.0,
    voltage: tuple[float, float] | None = None,
    pulse: float | None = None,
) -> SynapseFigures:
    """Return the figures of a synapse from sweeps of pulses up and down.

    Parameters
    ----------
    potentiation, depression : array_like (N + 1,), (cycles, N + 1) or (devices, cycles, N + 1) [S]
        Conductance before the first pulse and after each, from the lowest state up, and from the highest down.
    noise : "read" or "update"
        Which of them the scatter is; see `fdmag.devices.response_fit.fit_response`.
    sigmas : float
        Of `distinguishable_levels`, with the spread over cycles if there are several, or else that of the fit.
    voltage : (up, down) [V], pulse : float [s], optional
        Of a pulse through the device itself: its heat is V² G t. For a current in another layer see
        `fdmag.analytic.write_energy.spin_orbit_write_energy`.

    Raises
    ------
    ParameterError
        For shapes that do not fit, or sweeps that do not rise and fall.

    Source: P.-Y. Chen, X. Peng, S. Yu, IEDM 2017, 6.1.1.

    >>> n = np.arange(33)
    >>> up = 10e-6 + 40e-6 * (1 - np.exp(-n / 16)) / (1 - np.exp(-2))
    >>> figures = synapse_figures(up, up[::-1])
    >>> print(f"{figures.potentiation.A:.3f} {figures.depression.A:.3f} {figures.asymmetry:.3f}")
    16.000 -16.000 0.000
    """
    up, down = _sweeps("potentiation", potentiation), _sweeps("depression", depression)
    if up.shape[:2] != down.shape[:2]:
        raise ParameterError(f"synapse: {up.shape[:2]} devices and cycles up, {down.shape[:2]} down; allowed: as many")
    if not (up[..., -1].mean() > up[..., 0].mean() and down[..., -1].mean() < down[..., 0].mean()):
        raise ParameterError("synapse: potentiation has to rise from first to last, depression to fall")
    fits = [fit_response(sweep.reshape(-1, sweep.shape[2]), noise) for sweep in (up, down)]
    p, d = fits
    low, high = (p.start + d.end) / 2, (p.end + d.start) / 2
    sigma_low, sigma_high = np.hypot(p.sigma_start, d.sigma_end) / 2, np.hypot(p.sigma_end, d.sigma_start) / 2
    asymmetry, sigma_asymmetry = _asymmetry(p, d)
    cycle, sigma_cycle, device, sigma_device = _spreads(up, down)
    spread = cycle if np.isfinite(cycle) else max(p.noise, d.noise)
    most = min(p.pulses, d.pulses) + 1
    energy = [np.nan, np.nan]
    if (voltage is None) != (pulse is None):
        raise ParameterError("synapse: the energy of a pulse needs both its voltage and its length")
    if voltage is not None and pulse is not None:
        energy = [float(V**2 * G[..., :-1].mean() * pulse) for V, G in zip(voltage, (up, down), strict=True)]
    return SynapseFigures(
        p, d, np.arange(p.pulses + 1), up.mean(axis=(0, 1)), down.mean(axis=(0, 1)),
        low, float(sigma_low), high, float(sigma_high), p.nonlinearity, p.sigma_nonlinearity, d.nonlinearity,
        d.sigma_nonlinearity, asymmetry, sigma_asymmetry, cycle, sigma_cycle, device, sigma_device,
        *_label_spread(up, down, noise),
        float(np.sqrt((p.noise**2 + d.noise**2) / 2)) if noise == "update" else np.nan,
        distinguishable_levels(high - low, spread, most, sigmas), *energy,
    )  # fmt: skip


def _sweeps(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return (devices, cycles, N + 1)."""
    G = np.asarray(values, dtype=float)
    if not 1 <= G.ndim <= 3 or G.size == 0:
        raise ParameterError(
            f"synapse: {name} has shape {G.shape}; allowed: (N + 1,), (cycles, N + 1), (devices, cycles, N + 1)"
        )
    if not np.isfinite(G).all() or np.any(G < 0):
        raise ParameterError(f"synapse: {name} holds a conductance that is negative or not finite")
    return G.reshape((1,) * (3 - G.ndim) + G.shape)


def _asymmetry(p: ResponseFit, d: ResponseFit) -> tuple[float, float]:
    """Return the largest distance of the curves in units of the range, and its standard error."""
    x = np.linspace(0, 1, 1001)

    def distance(k_p: float, k_d: float) -> float:
        return float(np.abs(of_curvature(x, k_p) - (1 - of_curvature(1 - x, k_d))).max())

    h = 1e-3
    by_p = (distance(p.curvature + h, d.curvature) - distance(p.curvature - h, d.curvature)) / (2 * h)
    by_d = (distance(p.curvature, d.curvature + h) - distance(p.curvature, d.curvature - h)) / (2 * h)
    return distance(p.curvature, d.curvature), float(np.hypot(by_p * p.sigma_curvature, by_d * d.sigma_curvature))


def _label_spread(up: NDArray, down: NDArray, noise: str) -> tuple[float, float]:
    """Return the standard deviation of nonlinearities over devices, and its standard error."""
    devices = len(up)
    if devices == 1:
        return np.nan, np.nan
    between = errors = 0.0
    for sweeps in (up, down):
        fits = [fit_response(device, noise) for device in sweeps]
        between += float(np.var([fit.nonlinearity for fit in fits], ddof=1)) / 2
        errors += float(np.mean([fit.sigma_nonlinearity**2 for fit in fits])) / 2
    return _without(between, errors, 2 * (devices - 1))


def _without(between: float, errors: float, freedom: float) -> tuple[float, float]:
    """Return sqrt(between − errors), 0 if that is negative, and its standard error."""
    left = max(between - errors, 0.0) ** 0.5
    of_variance = between * (2 / freedom) ** 0.5
    return left, of_variance / (2 * left) if left else of_variance**0.5


def _spreads(up: NDArray, down: NDArray) -> tuple[float, float, float, float]:
    """Return the standard deviations over cycles and over devices, each with its standard error.

    Pulses of a sweep are not independent where updates add up: the errors count cycles and devices, not pulses.
    """
    devices, cycles, _ = up.shape
    both = np.concatenate([up, down], axis=2)
    cycle = sigma_cycle = device = sigma_device = np.nan
    within = 0.0
    if cycles > 1:
        within = float(both.var(axis=1, ddof=1).mean())
        cycle = within**0.5
        sigma_cycle = cycle / (2 * devices * (cycles - 1)) ** 0.5
    if devices > 1:
        between = float(both.mean(axis=1).var(axis=0, ddof=1).mean())
        device, sigma_device = _without(between, within / cycles, devices - 1)
    return cycle, sigma_cycle, device, sigma_device
