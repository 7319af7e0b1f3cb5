"""The spectrum of one replica."""

from typing import TYPE_CHECKING

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.pictures import draw_maps, new_figure
from fdmag.spectrum.peaks import Peak, fitted_peak

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73")
"""For x, y, z; M. Okabe and K. Ito, Color Universal Design (2008)."""
BLOCK = 2**22
"""Numbers that are transformed at a time."""


class Spectrum:
    """Amplitudes of m over frequency.

    The amplitude of a frequency f is (2/Σw) Σ w m exp(−2πi f t), with the window w and without the mean of m: of a
    steady oscillation a cos(2πft + φ) it is a exp(iφ). The power is its square.

    Attributes
    ----------
    frequencies : array (n_f,) [Hz]
        From 0 to half the sampling rate, in steps of 1/duration.
    average : complex array (n_f, 3)
        Of the mean of m.
    cell_power : array (n_f, 3) or None
        Mean over the magnetic cells of the power of each: modes without net moment show here alone.
    """

    def __init__(
        self,
        t: NDArray[np.float64],
        average: NDArray[np.float64],
        cells: NDArray[np.float32] | None = None,
        mesh: Mesh | None = None,
        magnetic: NDArray[np.bool_] | None = None,
        window: str = "hann",
    ) -> None:
        self._step = float(t[1] - t[0])
        try:
            self._window = scipy.signal.get_window(window, len(t))
        except (ValueError, TypeError) as error:
            raise ParameterError(
                f'window "{window}": {error}; allowed: hann, hamming, blackman, boxcar, others of scipy.signal.windows'
            ) from error
        self.mesh, self.magnetic = mesh, magnetic
        self._average = average - average.mean(axis=0)
        self._cells = None
        self.cell_power = None
        self.frequencies = scipy.fft.rfftfreq(len(t), self._step)
        self.average = self._transformed(self._average)
        if cells is not None and magnetic is not None:
            self._cells = cells[:, :, magnetic]
            self._mean_of_cells = self._cells.mean(axis=0, dtype=np.float64)
            self.cell_power = self._power_of_cells()

    @property
    def average_power(self) -> NDArray[np.float64]:
        """Power of the mean of m, (n_f, 3)."""
        return np.abs(self.average) ** 2

    @property
    def total_power(self) -> NDArray[np.float64]:
        """Sum over the components of the power of the cells, or, if they are not kept, of the mean of m; (n_f,)."""
        return (self.average_power if self.cell_power is None else self.cell_power).sum(axis=1)

    def peaks(self, count: int = 5, prominence: float = 1e-3) -> list[Peak]:
        """Return the highest peaks of `total_power`, by rising frequency, with what a damped oscillation fits to them.

        Parameters
        ----------
        count : int
            At most so many.
        prominence : float
            A peak must rise by this part of the highest power above the valleys beside it.

        Whatever the window, the fit is of the spectrum without one, in which a decaying oscillation has the exact form
        that `fdmag.spectrum.peaks.fitted_peak` describes: neither window nor duration broadens the line.
        """
        power = self.total_power
        places, _ = scipy.signal.find_peaks(power, prominence=prominence * power[1:].max())
        places = np.sort(places[np.argsort(power[places])[::-1][:count]])
        edges = [0, *((places[1:] + places[:-1]) // 2), len(power) - 1]
        signal = self._average if self._cells is None else None
        signals = [self._projected(signal, place) for place in places]
        found: list[Peak] = []
        for _ in range(2):  # the second time with the neighbours that the first has found
            near = [[*found[max(k - 1, 0) : k], *found[k + 1 : k + 2]] for k in range(len(places))]
            found = [
                fitted_peak(signals[k], self._step, int(place), int(edges[k]), int(edges[k + 1]), near[k])
                for k, place in enumerate(places)
            ]
        return found

    def map(self, frequency: float) -> NDArray[np.complex128]:
        """Return the amplitude of each cell at a frequency [Hz], (3, nz, ny, nx).

        Raises
        ------
        ParameterError
            If the cells were not kept, or the frequency is above half the sampling rate.
        """
        if self._cells is None or self.mesh is None or self.magnetic is None:
            raise ParameterError("spectrum: m of the cells was not kept; ring_down(..., cells=True) does")
        if not 0 <= frequency <= self.frequencies[-1]:
            raise ParameterError(f"frequency = {frequency:g} Hz; allowed: 0 to {self.frequencies[-1]:g} Hz")
        found = np.zeros((3, *self.mesh.shape), np.complex128)
        found[:, self.magnetic] = self._at(frequency, self._window)
        return found

    def plot(self, highest: float | None = None, peaks: int = 5) -> "Figure":
        """Return a matplotlib figure of the power of the components up to ``highest`` [Hz], with the peaks."""
        figure = new_figure(8, 4)
        axes = figure.subplots()
        power = self.average_power if self.cell_power is None else self.cell_power
        shown = slice(1, None if highest is None else int(np.searchsorted(self.frequencies, highest, "right")))
        for axis, colour in enumerate(COLOURS):
            axes.semilogy(self.frequencies[shown] / 1e9, power[shown, axis], color=colour, label=f"m{'xyz'[axis]}")
        for peak in self.peaks(peaks):
            if highest is None or peak.frequency <= highest:
                axes.axvline(peak.frequency / 1e9, color="0.6", linewidth=0.8, linestyle="--")
                place = (peak.frequency / 1e9, 1)
                axes.annotate(f"{place[0]:.2f}", place, xycoords=("data", "axes fraction"),
                              rotation=90, va="top", ha="right", fontsize="small")  # fmt: skip
        whose = "⟨m⟩" if self.cell_power is None else "m, mean over the cells"
        lowest, largest = axes.get_ylim()
        axes.set_ylim(lowest, largest * (largest / lowest) ** 0.15)  # room for the frequencies
        axes.set(xlabel="frequency [GHz]", ylabel=f"power of {whose}")
        axes.grid(alpha=0.3, linewidth=0.5)
        axes.legend()
        return figure

    def plot_maps(self, frequencies: list[float], *, component: str | None = None, layer: int = 0) -> "Figure":
        """Return a matplotlib figure with amplitude and phase of each cell at frequencies [Hz]."""
        maps = np.stack([self.map(frequency) for frequency in frequencies])
        assert self.mesh is not None
        assert self.magnetic is not None
        titles = [f"{frequency / 1e9:.3f} GHz" for frequency in frequencies]
        return draw_maps(self.mesh, self.magnetic, maps, titles, component, layer)

    def _transformed(self, signal: NDArray) -> NDArray[np.complex128]:
        weighted = self._window.reshape(-1, *[1] * (signal.ndim - 1)) * signal
        return scipy.fft.rfft(weighted, axis=0) * (2 / self._window.sum())

    def _power_of_cells(self) -> NDArray[np.float64]:
        assert self._cells is not None
        count = self._cells.shape[2]
        total = np.zeros((len(self.frequencies), 3))
        width = max(1, BLOCK // (3 * len(self._cells)))
        for first in range(0, count, width):
            block = slice(first, first + width)
            part = self._cells[:, :, block].astype(np.float64) - self._mean_of_cells[:, block]
            total += (np.abs(self._transformed(part)) ** 2).sum(axis=2)
        return total / count

    def _at(self, frequency: float, window: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return the amplitudes of the cells at a frequency, (3, cells)."""
        assert self._cells is not None
        n = len(self._cells)
        wave = window * np.exp(-2j * np.pi * frequency * self._step * np.arange(n)) * (2 / window.sum())
        real, imag = (
            np.tensordot(part.astype(np.float64), self._cells, axes=(0, 0)) for part in (wave.real, wave.imag)
        )
        return real + 1j * imag - wave.sum() * self._mean_of_cells

    def _projected(self, signal: NDArray[np.float64] | None, place: int) -> NDArray[np.complex128]:
        """Return the part of m with the pattern that it has at a frequency, (n,), scaled to its mean square."""
        if signal is not None:
            pattern = self.average[place].conj()
            return signal @ (pattern / np.linalg.norm(pattern))
        pattern = self._at(float(self.frequencies[place]), self._window).conj()
        assert self._cells is not None
        weights = pattern / (np.linalg.norm(pattern) * np.sqrt(pattern.shape[1]))
        flat = self._cells.reshape(len(self._cells), -1)
        return flat @ weights.real.ravel() + 1j * (flat @ weights.imag.ravel())
