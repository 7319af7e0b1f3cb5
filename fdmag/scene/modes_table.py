"""The tables of stages that look for oscillations: eigenmodes, and the spectrum of a ring-down."""

from typing import Annotated, ClassVar, Literal

import scipy
from pydantic import Field

from fdmag.modes.result import COLUMNS as MODE_COLUMNS
from fdmag.scene.values import Flag, Table, problem, quantity, shown
from fdmag.scene.values import count as whole_number
from fdmag.spectrum.columns import PEAK_COLUMNS, SPECTRUM_COLUMNS

WHERE = {"t": "s", "stage": "1"}
"""Columns of every such table. ``axes`` of a stage names the column that the rows of each of its tables lie along."""
MAX_SAMPLES = 10_000_000


class ModesTable(Table):
    """Find the lowest eigenmodes about the present equilibrium: ``tables/modes.csv``, and a series of profiles."""

    tables: ClassVar[dict[str, dict[str, str]]] = {"modes": WHERE | MODE_COLUMNS}
    axes: ClassVar[dict[str, str]] = {"modes": "mode"}

    kind: Literal["modes"] = "modes"
    count: Annotated[int, whole_number("number of modes", 1, 10_000)] = Field(
        10, description="number of modes, the lowest"
    )
    fields: Flag = Field(True, description="write the profiles of the modes")
    max_torque: Annotated[float, quantity("T", "torque", above=0)] = Field(
        1e-4, description="largest max |m × B| of what counts as an equilibrium [T]"
    )


class SpectrumTable(Table):
    """Integrate, sample m, and write its spectrum and its peaks: ``tables/spectrum.csv``, ``tables/peaks.csv``."""

    tables: ClassVar[dict[str, dict[str, str]]] = {
        "spectrum": WHERE | SPECTRUM_COLUMNS,
        "peaks": WHERE | PEAK_COLUMNS,
    }
    axes: ClassVar[dict[str, str]] = {"spectrum": "frequency", "peaks": "peak"}

    kind: Literal["spectrum"] = "spectrum"
    duration: Annotated[float, quantity("s", "time", above=0)] = Field(
        description="time to integrate over [s]; the spectrum has steps of 1/duration"
    )
    sample_every: Annotated[float, quantity("s", "time", above=0)] = Field(
        description="interval of samples [s]; the spectrum ends at 1/(2 sample_every)"
    )
    highest: Annotated[float, quantity("Hz", "frequency", above=0)] | None = Field(
        None, description="highest frequency written [Hz]; by default the end of the spectrum"
    )
    window: str = Field("hann", description="window of scipy.signal: hann, hamming, blackman, boxcar, ...")
    peaks: Annotated[int, whole_number("number of peaks", 0, 1000)] = Field(
        5, description="number of peaks, the highest"
    )
    cells: Flag = Field(True, description="keep every cell: peaks without net moment, and maps of amplitude and phase")
    tolerance: Annotated[float, quantity("1", "local error of m", above=0)] | None = Field(
        None, description="local error of m allowed per step, below 1; by default 1e-8, with noise 1e-3"
    )

    @property
    def samples(self) -> int:
        """How many samples of every cell are kept."""
        return round(self.duration / self.sample_every) if self.cells else 0

    def model_post_init(self, _: object) -> None:
        """Refuse too few samples, and what no spectrum or run takes."""
        if (count := self.duration / self.sample_every) > MAX_SAMPLES:
            raise problem(f"sample_every = {self.sample_every:g} s divides {self.duration:g} s into {count:.2g} parts")
        if self.tolerance is not None and self.tolerance >= 1:
            raise problem(f"came tolerance = {self.tolerance:g}; allowed: above 0 and below 1")
        try:
            scipy.signal.get_window(self.window, 16)
        except ValueError:
            raise problem(
                f"came window = {shown(self.window)}; allowed: hann, hamming, blackman, boxcar, others of scipy.signal"
            ) from None
        if self.duration < 16 * self.sample_every * (1 - 1e-9):
            raise problem(
                f"sample_every = {self.sample_every:g} s in {self.duration:g} s gives fewer than 16 samples; "
                f"allowed: at most {self.duration / 16:g} s"
            )
