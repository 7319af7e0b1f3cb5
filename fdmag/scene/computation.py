"""What a scene computes, into a folder: its tables, and what its ensemble and its devices found."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.output.recorder import Recorder
from fdmag.output.table_data import TableData
from fdmag.scene.contents import stage_columns
from fdmag.scene.devices import record_devices, resolved_columns
from fdmag.scene.ensemble import Ensemble
from fdmag.scene.load import LoadedScene
from fdmag.scene.progress import Progress


@dataclass(frozen=True)
class Computed:
    """What came out of a scene.

    Attributes
    ----------
    tables : dict of TableData
        By name; that of ``table.csv`` is "table".
    switching : list of dict
        Figures of the ensemble, one for each stage that replicas may stop in.
    told : dict
        What stages add to ``run.json``.
    figures : dict of array (batch,)
        Figures of the devices, by NAME.figure.
    """

    tables: dict[str, TableData]
    switching: list[dict[str, Any]]
    told: dict[str, Any]
    figures: dict[str, NDArray[np.float64]]


def compute_scene(
    loaded: LoadedScene,
    folder: Path,
    progress: Progress,
    past: list[dict[str, NDArray[np.int64]]],
    *,
    files: bool = True,
) -> Computed:
    """Carry out the stages of a scene, and write what comes out.

    Parameters
    ----------
    loaded : LoadedScene
        Its simulation is that of the last replicas afterwards.
    folder : Path
        It exists.
    progress : Progress
    past : list
        Is given what all but the last of several batches took, as `fdmag.scene.ensemble.effort` tells it.
    files : bool
        Whether field files and pictures are written too, and not the tables and figures alone.
    """
    scene = loaded.scene
    recorder = Recorder(
        folder,
        loaded.simulation,
        scene.output.formats if files else (),
        scene.output.ovf or "binary8",
        resolved_columns(loaded),
        scene.output.fields,
        stage_columns(scene),
        pictures=files,
    )
    try:
        ensemble = Ensemble(loaded, recorder, progress, past)
        switching = ensemble.run()
        ensemble.write()
        modelled = [name for name, table in scene.device.items() if table.compact_model]
        figures = record_devices(folder, loaded.devices, loaded.simulation.batch, modelled, pictures=files)
        found = Computed(recorder.data(), switching, recorder.told, figures)
    except BaseException:
        with suppress(OSError):  # what failed first is told
            recorder.close()
        raise
    recorder.close()
    return found
