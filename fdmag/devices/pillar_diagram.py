"""Phase diagrams of a pillar: which currents or voltages and fields, or pulse lengths, write it."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked
from fdmag.devices.device import Told
from fdmag.devices.driven_result import DrivenResult
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_limit import MacrospinLimit
from fdmag.devices.pillar_start import check_start
from fdmag.devices.result import COLOURS, DRIVE_UNIT, Axes, axes_for, quantity
from fdmag.errors import ParameterError

__all__ = ["FieldDiagram", "PulseDiagram", "field_diagram", "pulse_diagram"]


@dataclass(frozen=True)
class FieldDiagram(DrivenResult):
    """Where m is after a current or voltage in a field, from both states.

    Attributes
    ----------
    start
        m_z of the start, 1 or −1.
    state
        m_z at the end, a mean over the samples.
    drive, drive_down, drive_up
        J, J_down and J_up; I or V in place of J of a pillar that is driven so. Where m_z passes 0 on a straight line
        between the drives of the diagram: the lowest that turns m down from up, and up from down; NaN where none does,
        or all do.
    limit_down, limit_up
        The same of the uniform pillar: at T = 0 with a polariser along the axis for a pulse of this length, else
        without end and without noise.
    deviation
        Root of the mean square of (boundary − limit)/limit over both.
    step
        Of the drive, over the mean |limit|: what the boundary is known to.
    """

    drive: NDArray = quantity(DRIVE_UNIT, "drive", "drive")
    B: NDArray = quantity("T", "field", "B")
    start: NDArray = quantity("1", "m_z of the start", "start")
    state: NDArray = quantity("1", "m_z at the end", "start", "B", "drive")
    drive_down: NDArray = quantity(DRIVE_UNIT, "drive that turns m down", "B")
    drive_up: NDArray = quantity(DRIVE_UNIT, "drive that turns m up", "B")
    limit_down: NDArray = quantity(DRIVE_UNIT, "the same of the uniform pillar, down", "B")
    limit_up: NDArray = quantity(DRIVE_UNIT, "the same of the uniform pillar, up", "B")
    duration: float = quantity("s", "length of the pulse")
    deviation: float = quantity("1", "root mean square deviation of the boundaries from the uniform pillar")
    step: float = quantity("1", "step of the drive over the mean limit")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the regions: up, down, both (where m stays as it was), and what is neither."""
        unit, text = self.driven_by.told(self.drive)
        ax = axes_for(ax, self.driven_by.label(text), "B [mT]", f"after {self.duration * 1e9:.3g} ns")
        up, down = self.state[0], self.state[1]
        region = np.select(
            [(up > 0.5) & (down < -0.5), (up > 0.5) & (down > 0.5), (up < -0.5) & (down < -0.5)], [1, 2, 3], 0
        )
        colours = np.array([[0.85, 0.85, 0.85], [0.97, 0.97, 0.97], [0.62, 0.79, 0.88], [0.99, 0.68, 0.42]])
        ax.pcolormesh(self.drive / unit, self.B * 1e3, colours[region], shading="nearest", rasterized=True)
        for limit, found, colour, text in (
            (self.limit_down, self.drive_down, COLOURS[1], "down"), (self.limit_up, self.drive_up, COLOURS[0], "up"),
        ):  # fmt: skip
            ax.plot(limit / unit, self.B * 1e3, color=colour, linewidth=1.5, label=f"uniform pillar, turned {text}")
            ax.plot(found / unit, self.B * 1e3, "o", color=colour, markersize=3)
        ax.set_xlim(self.drive.min() / unit, self.drive.max() / unit)
        for k, text in enumerate(("neither", "as it was", "up", "down")):
            if k in region:
                ax.plot([], [], "s", color=colours[k], markeredgecolor="grey", markersize=7, label=text)
        ax.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1.01, 1))
        return ax


@dataclass(frozen=True)
class PulseDiagram(DrivenResult):
    """Which share is written by a pulse of a current or voltage and a length.

    Attributes
    ----------
    written
        Share of the samples in which m_z, counted from the start, is at or below the threshold of the pillar.
    drive, drive_half
        J and J_half; I or V in place of J of a pillar that is driven so. Where that share passes 1/2 on a straight line
        between the drives of the diagram; NaN where it does not.
    limit
        The same of the uniform pillar: at T = 0 the closed form, or between the drives of the diagram where the torque
        is no sine of the angle; with noise the Fokker–Planck equation.
    deviation
        Root of the mean square of drive_half/limit − 1.
    energy
        Of a constant resistance in closed form; of a junction ∫ V I dt with what R_series takes, a mean over the
        samples.
    step
        Largest step between neighbouring drives, over the smaller: what drive_half is known to without noise.
    """

    drive: NDArray = quantity(DRIVE_UNIT, "drive", "drive")
    t_pulse: NDArray = quantity("s", "length of the pulse", "t_pulse")
    written: NDArray = quantity("1", "share that is written", "t_pulse", "drive")
    drive_half: NDArray = quantity(DRIVE_UNIT, "drive that writes half", "t_pulse")
    limit: NDArray = quantity(DRIVE_UNIT, "drive that writes half, uniform pillar", "t_pulse")
    energy: NDArray | None = quantity("J", "heat of the pulse", "t_pulse", "drive")
    samples: float = quantity("1", "pulses for each point")
    deviation: float = quantity("1", "root mean square deviation from the uniform pillar")
    step: float = quantity("1", "largest relative step of the drive")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share that is written over drive and pulse length, with the limit of the uniform pillar."""
        unit, text = self.driven_by.told(self.drive)
        ax = axes_for(ax, self.driven_by.label(text), "pulse length [ns]", "share that is written")
        mesh = ax.pcolormesh(self.drive / unit, self.t_pulse * 1e9, self.written, cmap="cividis", vmin=0, vmax=1,
                             shading="nearest", rasterized=True)  # fmt: skip
        ax.figure.colorbar(mesh, ax=ax)
        if np.isfinite(self.limit).any():
            ax.plot(self.limit / unit, self.t_pulse * 1e9, color=COLOURS[1], label="uniform pillar, one half")
        ax.plot(self.drive_half / unit, self.t_pulse * 1e9, "o", color=COLOURS[3], markersize=3, label="one half")
        if np.all(self.t_pulse > 0) and self.t_pulse.max() > 8 * self.t_pulse.min():
            ax.set_yscale("log")
        ax.set_xlim(self.drive.min() / unit, self.drive.max() / unit)
        ax.legend(fontsize="small")
        return ax


def field_diagram(
    pillar: Nanopillar,
    drive: ArrayLike,
    B: ArrayLike,
    duration: float,
    *,
    term: str = "zeeman",
    direction: ArrayLike = (0.0, 0.0, 1.0),
    settle: float = 0.0,
    relax: float = 0.0,
    samples: int = 1,
    told: Told | None = None,
) -> FieldDiagram:
    """Drive it in fields, from both states, and see where m is.

    Parameters
    ----------
    pillar : Nanopillar
    drive, B : array_like [A/m², A or V], [T]
        In rising order: current densities, or what the pillar is driven by, and fields, which add to that of ``term``.
    duration : float [s]
        How long it is driven.
    term : str
        Zeeman term whose field it is.
    direction : array_like (3,)
        Of the field.
    settle, relax : float [s]
        In the field undriven, before and after it. Without ``relax`` the end of the drive decides.
    samples : int
        Shots for each point, with noise.
    told : callable, optional

    Raises
    ------
    ParameterError
        For a value out of its range.
    """
    drive, B = _rising("field diagram", pillar.driven_by.symbol, drive), _rising("field diagram", "B", B)
    _check_times("field diagram", {"duration": duration}, settle, relax, samples)
    apply = pillar.of_zeeman(term, direction)
    shape = (2, B.size, drive.size, samples)
    opposite, row, column, _ = (each.ravel() for each in np.indices(shape))
    ends = np.empty(opposite.size)
    limits = np.full((2, B.size), np.nan)
    total = pillar.number_of_rounds(ends.size)
    # the first start is up, whichever the pillar's is
    turned = (opposite == 0) != (pillar.up[0] > 0)
    with pillar.restored():
        try:
            for place, field in enumerate(B):
                apply(field)
                for which in (0, 1):
                    uniform = pillar.limit_now(reverse=(which == 0) != (pillar.up[0] > 0))
                    limits[which, place] = _limit_of_pulse(uniform, duration, pillar)
            for number, shots in enumerate(pillar.rounds(ends.size), start=1):
                used = shots >= 0
                apply(np.where(used, B[row[shots]], 0.0))
                lengths = np.where(used, duration, 0.0)
                end = pillar.pulses(drive[column[shots]], lengths, settle=settle, relax=relax, reverse=turned[shots])
                ends[shots[used]] = end[used]
                if told is not None:
                    told(number, total)
        finally:
            apply(0.0)
    state = ends.reshape(shape).mean(axis=-1)
    borders = np.array([[_crossing(drive, line) for line in each] for each in state])
    ratio = (borders - limits) / limits
    compared = ratio[np.isfinite(ratio)]
    scale = np.nanmean(np.abs(limits)) if np.isfinite(limits).any() else np.nan
    return FieldDiagram(
        drive, B, np.array([1.0, -1.0]), state, borders[0], borders[1], limits[0], limits[1], duration,
        float(np.sqrt(np.mean(compared**2))) if compared.size else np.nan, float(np.diff(drive).max() / scale),
        driven_by=pillar.driven_by,
    )  # fmt: skip


def pulse_diagram(
    pillar: Nanopillar,
    drive: ArrayLike,
    t_pulse: ArrayLike,
    *,
    settle: float = 0.0,
    relax: float = 0.0,
    samples: int = 1,
    told: Told | None = None,
) -> PulseDiagram:
    """Send pulses of drives and lengths through a pillar, and see which write it.

    Parameters
    ----------
    pillar : Nanopillar
    drive, t_pulse : array_like [A/m², A or V], [s]
        In rising order of their absolute values: current densities, or what the pillar is driven by, and lengths.
    settle, relax : float [s]
        Undriven, before and after the pulse. Without ``relax`` the end of the pulse decides.
    samples : int
        Shots for each point, with noise.
    told : callable, optional

    Raises
    ------
    ParameterError
        For a value out of its range.
    """
    kind = pillar.driven_by
    drive = array_of("pulse diagram", kind.symbol, drive, least=2)
    t_pulse = _rising("pulse diagram", "t_pulse", t_pulse, least=1)
    if np.any(np.diff(np.abs(drive)) <= 0):
        raise ParameterError(f"pulse diagram: {kind.symbol} does not rise; give a {kind.name} of rising absolute value")
    _check_times("pulse diagram", {"t_pulse": t_pulse}, settle, relax, samples)
    shape = (t_pulse.size, drive.size, samples)
    row, column, _ = (each.ravel() for each in np.indices(shape))
    ends, spent = np.empty(row.size), np.empty(row.size)
    total = pillar.number_of_rounds(ends.size)
    check_start(pillar, "pulse diagram", drive)
    with pillar.restored():
        for number, shots in enumerate(pillar.rounds(ends.size), start=1):
            used = shots >= 0
            lengths = np.where(used, t_pulse[row[shots]], 0.0)
            end = pillar.pulses(drive[column[shots]], lengths, settle=settle, relax=relax, metered=True)
            ends[shots[used]] = (pillar.up * end)[used]
            spent[shots[used]] = pillar.spent[used]
            if told is not None:
                told(number, total)
    written = (ends.reshape(shape) <= pillar.threshold).mean(axis=-1)
    half = np.array([_crossing(drive, 0.5 - line) for line in written])
    uniform = pillar.limit()
    if pillar.noisy:
        limit = _half_written(uniform, drive, t_pulse)
    elif uniform.symmetric:
        limit = uniform.drive_for_time(t_pulse, pillar.tilt)
    else:
        limit = _at_times(drive, pillar.uniform_times(drive), t_pulse)
    ratio = half / limit - 1
    compared = ratio[np.isfinite(ratio)]
    energy = pillar.energy(drive, t_pulse[:, None], spent.reshape(shape).mean(axis=-1))
    return PulseDiagram(
        drive, t_pulse, written, half, limit, energy, float(samples),
        float(np.sqrt(np.mean(compared**2))) if compared.size else np.nan,
        float((np.diff(np.abs(drive)) / np.abs(drive[:-1])).max()), driven_by=kind,
    )  # fmt: skip


def _limit_of_pulse(found: MacrospinLimit, duration: float, pillar: Nanopillar) -> float:
    """Return the drive that turns the uniform pillar within a pulse; the critical one where that is not known."""
    if found.symmetric and not pillar.noisy and pillar.tilt > 0:
        return float(found.drive_for_time(duration, pillar.tilt)[0])
    return found.drive_c


def _at_times(drive: NDArray, times: NDArray, t_pulse: NDArray) -> NDArray[np.float64]:
    """Return the drives that take these times, 1/time rising smoothly with |drive|; NaN outside of what is known."""
    known = np.isfinite(times)
    rates = 1 / times[known]
    if known.sum() < 2 or np.any(np.diff(rates) <= 0):
        return np.full(t_pulse.size, np.nan)
    return np.asarray(scipy.interpolate.PchipInterpolator(rates, drive[known], extrapolate=False)(1 / t_pulse))


def _half_written(uniform: MacrospinLimit, drive: NDArray, t_pulse: NDArray) -> NDArray[np.float64]:
    """Return the drives that write half in pulses of these lengths, by the Fokker–Planck equation."""
    found = []
    for t in t_pulse:

        def excess(i: float, t: float = float(t)) -> float:
            return float(uniform.not_switched(t, i * drive[-1], uniform.T, absorbing=False)[0, 0]) - 0.5

        ends = [excess(x) if uniform.symmetric else np.nan for x in (0.0, 3.0)]
        found.append(
            float(scipy.optimize.brentq(excess, 0.0, 3.0, rtol=1e-4)) * drive[-1] if ends[0] > 0 > ends[1] else np.nan
        )
    return np.array(found)


def _crossing(x: NDArray, y: NDArray) -> float:
    """Return where y first changes sign, on a straight line; NaN where it does not."""
    change = np.flatnonzero(np.sign(y[1:]) * np.sign(y[:-1]) < 0)
    if not change.size:
        return np.nan
    k = change[0]
    return float(x[k] + (x[k + 1] - x[k]) * y[k] / (y[k] - y[k + 1]))


def _rising(owner: str, name: str, values: ArrayLike, least: int = 2) -> NDArray[np.float64]:
    array = array_of(owner, name, values, least=least)
    if np.any(np.diff(array) <= 0):
        raise ParameterError(f"{owner}: {name} does not rise; give its values in rising order, each once")
    return array


def _check_times(owner: str, lengths: dict[str, ArrayLike], settle: float, relax: float, samples: int) -> None:
    values = lengths | {"settle": settle, "relax": relax, "samples": samples}
    rules = dict.fromkeys(lengths, "positive s") | {"settle": "at least 0 s", "relax": "at least 0 s"}
    checked(owner, values, **rules, samples="positive")
