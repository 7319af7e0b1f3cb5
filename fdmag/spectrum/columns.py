"""Columns of the tables of spectra and peaks, with their units."""

SPECTRUM_COLUMNS = {"frequency": "Hz"} | {f"{of}.{axis}": "1" for of in ("average", "cells") for axis in "xyz"}
"""``average``: power of the mean of m; ``cells``: mean over the cells of the power of each."""
PEAK_COLUMNS = {
    "peak": "1", "frequency": "Hz", "frequency_error": "Hz", "linewidth": "Hz", "linewidth_error": "Hz",
    "amplitude": "1", "amplitude_error": "1",
}  # fmt: skip
