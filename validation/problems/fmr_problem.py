"""The ferromagnetic resonance problem of Baker et al., by ring-down and by eigenmodes."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.modes import Modes, eigenmodes
from fdmag.simulation import Simulation
from fdmag.spectrum import Spectrum, ring_down
from fdmag.terms import Demag, Exchange, Zeeman
from validation.plots import COLOURS, one_axes
from validation.problem import Problem, Result, Row

SOURCE = "A. Baker et al., J. Magn. Magn. Mater. 421, 428 (2017)"


class FmrProblem(Problem):
    """A permalloy square of 120 × 120 × 10 nm rings after its field has turned by half a degree."""

    name = "fmr_problem"
    title = "The ferromagnetic resonance problem: peaks of a ring-down, and eigenmodes, on cells of 5 × 5 × 10 nm"
    slow = True

    def compute(self) -> Result:
        """Find the two strongest lines by both roads."""
        square = Simulation(
            Mesh((24, 24, 1), (5e-9, 5e-9, 10e-9)),
            [Exchange(A=1.3e-11), Demag(), Zeeman(B=_field(0.715))],
            Ms=8e5, alpha=0.008, gamma=1.7594579e11, m=(1, 0.715, 0),
        )  # fmt: skip
        square.minimize(1e-7)
        square.set("zeeman.B", _field(0.7))
        spectrum = ring_down(square, 5e-9, every=20e-12, tolerance=1e-7).spectrum("boxcar")
        peaks = spectrum.peaks(2)
        square.minimize(1e-7)
        modes = eigenmodes(square, 6)
        seen = np.sort(np.argsort(np.abs(modes.averages).max(axis=1))[-2:])  # those a uniform field drives most
        row = partial(Row, source=SOURCE, basis="the 0.05 GHz that 20 ns of ring-down resolve", unit="GHz")
        rows = []
        for published, peak, mode in zip((8.25, 11.25), peaks, seen, strict=True):
            rows.append(row(f"{published} GHz line, ring-down", published, peak.frequency / 1e9, 0.05))
            rows.append(row(f"{published} GHz line, eigenmode", published, modes.frequencies[mode] / 1e9, 0.05))
        between = partial(Row, published=1, source="the same magnet, two roads")
        for peak, mode in zip(peaks, seen, strict=True):
            name = f"mode {mode}, ring-down / eigenmode"
            frequency, width = peak.frequency / modes.frequencies[mode], peak.linewidth / modes.linewidths[mode]
            rows.append(between(f"{name}: frequency", ours=frequency, tolerance=1e-4,
                                basis="the square of the amplitude, 1e-2"))  # fmt: skip
            rows.append(between(f"{name}: linewidth", ours=width, tolerance=1e-2, basis="tails of other lines"))
        return Result(rows, {"fmr_problem": partial(_draw, spectrum, modes)})


def _field(slope: float) -> tuple[float, ...]:
    """Return 80 kA/m along (1, slope, 0), as B [T]."""
    direction = np.array([1, slope, 0])
    return tuple(float(value) for value in MU_0 * 8e4 * direction / np.linalg.norm(direction))


def _draw(spectrum: Spectrum, modes: Modes, figure: Figure) -> None:
    axes = one_axes(figure, "frequency [GHz]", "power", "permalloy square, 120 × 120 × 10 nm")
    shown = slice(1, int(np.searchsorted(spectrum.frequencies, 20e9)))
    assert spectrum.cell_power is not None
    axes.semilogy(spectrum.frequencies[shown] / 1e9, spectrum.average_power.sum(axis=1)[shown], color=COLOURS[0],
                  label="ring-down, mean of m")  # fmt: skip
    axes.semilogy(spectrum.frequencies[shown] / 1e9, spectrum.cell_power.sum(axis=1)[shown], "--", color=COLOURS[2],
                  label="ring-down, mean of the cells")  # fmt: skip
    for number, frequency in enumerate(modes.frequencies):
        axes.axvline(frequency / 1e9, color=COLOURS[1], linewidth=0.8, label="eigenmodes" if number == 0 else None)
    axes.legend()
