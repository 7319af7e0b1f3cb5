"""Carrying out the stages of modes and spectra."""

from typing import TYPE_CHECKING

import numpy as np

from fdmag.modes import eigenmodes
from fdmag.modes.result import COLUMNS
from fdmag.output.recorder import Recorder
from fdmag.pictures import semi_axes
from fdmag.scene.modes_table import ModesTable, SpectrumTable
from fdmag.spectrum import ring_down
from fdmag.spectrum.columns import PEAK_COLUMNS, SPECTRUM_COLUMNS

if TYPE_CHECKING:
    from fdmag.scene.stages import Stage


def find_modes(stage: "Stage") -> None:
    """Carry out a stage ``modes``."""
    table, simulation, recorder = stage.table, stage.simulation, _recorder(stage)
    stage.progress.start(stage.index, "modes", simulation.batch)
    rows = recorder.further_table("modes", ModesTable.tables["modes"])
    found = []
    for replica in range(simulation.batch):
        stage.progress.advance(replica, lambda number=replica: f"replica {number}")  # type: ignore[misc]
        modes = eigenmodes(simulation, table.count, replica=replica, max_torque=table.max_torque)
        columns = modes.rows()
        rows.append(_where(stage, replica) | {name: columns[name] for name in COLUMNS})
        found.append(modes)
    recorder.row(stage.index)
    recorder.fields()
    if table.fields:
        for mode in range(table.count):
            arrays = [{"m": modes.m, **modes.fields(mode)} for modes in found]
            recorder.frame(f"modes_{stage.index}", mode, arrays)


def measure_spectrum(stage: "Stage") -> None:
    """Carry out a stage ``spectrum``."""
    table, simulation, recorder = stage.table, stage.simulation, _recorder(stage)
    start, steps = float(simulation.t[0]), simulation.state.steps.sum()
    stage.progress.start(stage.index, f"spectrum over {table.duration * 1e9:g} ns", table.duration)

    def tell() -> None:
        done = float(simulation.t.min()) - start
        taken = (simulation.state.steps.sum() - steps) / simulation.batch
        stage.progress.advance(done, lambda: f"t = {(start + done) * 1e9:.4f} ns", taken)

    recorder.row(stage.index)
    samples = ring_down(
        simulation, table.duration, table.sample_every, cells=table.cells, tolerance=table.tolerance, progress=tell
    )
    recorder.row(stage.index)
    recorder.fields()
    spectra = [samples.spectrum(table.window, replica) for replica in range(simulation.batch)]
    lines = recorder.further_table("spectrum", SpectrumTable.tables["spectrum"])
    peaks = recorder.further_table("peaks", SpectrumTable.tables["peaks"])
    for replica, spectrum in enumerate(spectra):
        shown = spectrum.frequencies <= (np.inf if table.highest is None else table.highest)
        powers = {"average": spectrum.average_power, "cells": spectrum.cell_power}
        columns = {"frequency": spectrum.frequencies[shown]}
        for of, power in powers.items():
            for k, axis in enumerate("xyz"):
                columns[f"{of}.{axis}"] = np.full(shown.sum(), np.nan) if power is None else power[shown, k]
        lines.append(_where(stage, replica) | {name: columns[name] for name in SPECTRUM_COLUMNS})
        for number, peak in enumerate(spectrum.peaks(table.peaks)):
            values = {"peak": number} | {name: getattr(peak, name) for name in PEAK_COLUMNS if name != "peak"}
            peaks.append(_where(stage, replica) | values)
            if table.cells:
                profile = spectrum.map(min(peak.frequency, float(spectrum.frequencies[-1])))
                arrays = {"real": profile.real, "imag": profile.imag, "amplitude": semi_axes(profile)[0]}
                recorder.frame(f"peaks_{stage.index}_replica_{replica}" if simulation.batch > 1 else
                               f"peaks_{stage.index}", number, [arrays])  # fmt: skip


def _recorder(stage: "Stage") -> Recorder:
    assert isinstance(stage.recorder, Recorder)  # sweeps, which keep rows in memory, have no such stages
    return stage.recorder


def _where(stage: "Stage", replica: int) -> dict[str, float]:
    return {"t": float(stage.simulation.t[replica]), "stage": stage.index, "replica": stage.recorder.replicas[replica]}
