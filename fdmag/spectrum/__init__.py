"""Spectra of magnetisation in time: ring-down ferromagnetic resonance, peaks with their widths, maps of modes."""

from fdmag.spectrum.analysis import Spectrum
from fdmag.spectrum.peaks import Peak
from fdmag.spectrum.samples import Samples, ring_down

__all__ = ["Peak", "Samples", "Spectrum", "ring_down"]
