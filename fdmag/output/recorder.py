"""What a simulation leaves in its run directory while it runs: table rows and field files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import OutputError, ParameterError
from fdmag.output.ovf import write_ovf
from fdmag.output.plots import new_figure, save_figure
from fdmag.output.rows import Rows
from fdmag.output.table import Table, TableData
from fdmag.output.vtk import PvdSeries, write_vti
from fdmag.quantities import Catalogue, Column, Field
from fdmag.simulation import Simulation


class Recorder:
    """Writes ``table.csv`` and ``fields/`` of one simulation.

    Parameters
    ----------
    folder : Path
        The run directory; it exists.
    simulation : Simulation
    formats : sequence of "vti" and "ovf"
    ovf : "text", "binary4" or "binary8"
    columns : sequence of str or Column
        Columns of the table beside those of `Simulation.summary`.
    fields : sequence of str or Field
        Fields in the files beside m.
    results : mapping of name to unit
        Columns that `row` is given values for, such as what a stage has found; NaN where it is not.
    pictures : bool
        Whether `picture` draws.

    Attributes
    ----------
    told : dict of str to list
        What stages have for ``run.json``.

    Raises
    ------
    ParameterError
        If a column or field is unknown or comes twice.

    Files of a batch hold one array per replica: ``m`` alone, or ``m_0000``, ``m_0001``, ...; an OVF file holds one
    field, so that its replicas are files of their own.
    """

    def __init__(
        self,
        folder: Path,
        simulation: Simulation,
        formats: Sequence[str] = ("vti",),
        ovf: str = "binary8",
        columns: Sequence[str | Column] = (),
        fields: Sequence[str | Field] = (),
        results: Mapping[str, str] | None = None,
        *,
        pictures: bool = True,
    ) -> None:
        self.folder = folder
        self.pictures = pictures
        self.simulation = simulation
        self.formats = tuple(formats)
        self.ovf = ovf
        self.count = 0
        self._rows = Rows(simulation, columns, results)
        self._fields = Catalogue.of(simulation).fields(["m", *fields])
        self.table = Table(folder / "table.csv", self._rows.units)
        self._series = [PvdSeries(folder / "fields" / "m.pvd")]
        self._stages = self.series("stages")
        self._last: Path | None = None
        self.further: dict[str, Table] = {}
        self.told: dict[str, list[Mapping[str, Any]]] = {}
        self.warned: set[int] = set()  # stages of which something was warned, once for all batches
        self._frames: dict[str, PvdSeries] = {}

    @property
    def replicas(self) -> NDArray[np.intp]:
        """Numbers of the replicas, (batch,), as they stand in every table."""
        return self._rows.replicas

    def row(
        self, stage: int, results: Mapping[str, ArrayLike] | None = None, of: NDArray[np.bool_] | None = None
    ) -> None:
        """Append one row per replica, with values of the columns of results, numbers or (batch,).

        ``of``, (batch,), says of which replicas; by default of all.
        """
        now = self._rows.now(stage, results)
        self.table.append(now if of is None else {name: values[of] for name, values in now.items()})

    def go_on_with(self, simulation: Simulation, first_replica: int) -> None:
        """Let further rows be of another simulation like the first, whose replicas are numbered from there.

        There are no field files of these.
        """
        self.simulation, self.formats = simulation, ()
        self._rows.go_on_with(simulation, first_replica)

    def fields(self, series: PvdSeries | None = None, at: float | None = None) -> None:
        """Write m and the further fields of every replica as the next frame of a series, by default ``fields/m.pvd``.

        ``at`` is the frame's place in the series; by default the time [s]. A frame at the time of the last one takes
        its place in the series.
        """
        if not self.formats:
            return
        simulation, time = self.simulation, float(self.simulation.t.max())
        folder = self.folder / "fields"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made ({error.strerror or error})") from error
        arrays, origin = {}, {}
        for field in self._fields:
            for replica, values in enumerate(field.evaluate(simulation).astype(simulation.backend.dtype)):
                name = field.name if simulation.batch == 1 else f"{field.name}_{replica:04d}"
                arrays[name], origin[name] = values, field
        number = f"{self.count:06d}"
        if "vti" in self.formats:
            path = folder / f"m_{number}.vti"
            write_vti(path, simulation.mesh, arrays, time=time)
            (series or self._series[0]).add(path, time if at is None else at)
            self._last = path
        if "ovf" in self.formats:
            for name, array in arrays.items():
                path = folder / f"{name}_{number}.ovf"
                write_ovf(path, simulation.mesh, array, format=self.ovf, title=origin[name].name,  # type: ignore[arg-type]
                          units=origin[name].unit, time=time)  # fmt: skip
        self.count += 1

    def end_stage(self, stage: int) -> None:
        """Enter the last frame of a stage into ``fields/stages.pvd``, at the stage's number."""
        if self._last is not None:
            self._stages.add(self._last, stage)
            self._last = None

    def further_table(self, name: str, units: Mapping[str, str | None]) -> Table:
        """Return the table ``tables/NAME.csv``, started when first asked for; ``replica`` is a column of each."""
        if name not in self.further:
            folder = self.folder / "tables"
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                raise OutputError(f"{folder}: cannot be made ({error.strerror or error})") from error
            self.further[name] = Table(folder / f"{name}.csv", {**units, "replica": None})
        return self.further[name]

    def tell(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add an entry to a list of ``run.json``."""
        self.told.setdefault(name, []).append(entry)

    def picture(self, name: str, draw: Callable[[Any], Any]) -> None:
        """Write ``NAME.png``, drawn on axes, if pictures are wanted and matplotlib is installed."""
        if not self.pictures:
            return
        try:
            figure = new_figure()
        except ParameterError:
            return
        draw(figure.add_subplot())
        save_figure(figure, self.folder / f"{name}.png")

    def data(self) -> dict[str, TableData]:
        """Return what the tables hold so far, by name; that of ``table.csv`` is "table"."""
        return {"table": self.table.data} | {name: table.data for name, table in self.further.items()}

    def frame(self, name: str, number: int, replicas: Sequence[Mapping[str, NDArray]]) -> None:
        """Write further arrays of every replica as ``fields/NAME_NNN.vti``, frame ``number`` of ``fields/NAME.pvd``."""
        if "vti" not in self.formats:
            return
        arrays = {
            key if len(replicas) == 1 else f"{key}_{replica:04d}": values
            for replica, named in enumerate(replicas)
            for key, values in named.items()
        }
        folder = self.folder / "fields"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made ({error.strerror or error})") from error
        path = folder / f"{name}_{number:03d}.vti"
        write_vti(path, self.simulation.mesh, arrays)
        if name not in self._frames:
            self._frames[name] = self.series(name)
        self._frames[name].add(path, number)

    def series(self, name: str) -> PvdSeries:
        """Return a further series, ``fields/NAME.pvd``."""
        self._series.append(PvdSeries(self.folder / "fields" / f"{name}.pvd"))
        return self._series[-1]

    def close(self) -> None:
        """Write what is pending."""
        try:
            for series in self._series:
                if series.entries:
                    series.close()
        finally:
            for table in (*self.further.values(), self.table):
                table.close()
