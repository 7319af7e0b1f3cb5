"""Write fields for ParaView: VTK image data (.vti) and collections in time (.pvd).

Layout of a .vti file: arrays are appended raw after the XML header, compressed with zlib in blocks, little endian,
with 64-bit block headers. This is what ParaView itself writes by default (data mode "appended", no base64), is a
quarter smaller than base64, and is read by VTK 6 and later. Reference: VTK XML formats,
https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html
"""

import os
import struct
import zlib
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.output.fields import component_array, lower_corner
from fdmag.output.files import atomic_write

APPENDED = b'<AppendedData encoding="raw">'
VTK_TYPES = {
    "Float64": "<f8", "Float32": "<f4", "Int64": "<i8", "Int32": "<i4", "Int16": "<i2", "Int8": "<i1",
    "UInt64": "<u8", "UInt32": "<u4", "UInt16": "<u2", "UInt8": "<u1",
}  # fmt: skip
# Small enough to compress in cache, large enough that the table of block sizes is negligible.
BLOCK_SIZE = 1 << 20


def write_vti(
    path: str | os.PathLike[str], mesh: Mesh, fields: Mapping[str, ArrayLike], time: float | None = None
) -> None:
    """Write fields of one replica as VTK image data with cell values.

    Lengths are in metres, values in the unit they come in. Periodicity is not part of the format.

    Parameters
    ----------
    path : path
        File to write, usually ending in ``.vti``.
    mesh : Mesh
        Mesh of all the fields.
    fields : mapping of name to array (nz, ny, nx) or (ncomp, nz, ny, nx)
        Their precision is kept (float64 or 32, integers; bool becomes 0 and 1). The first field with three
        components becomes the active vector field, the first scalar the active scalar.
    time : float [s], optional
        Stored as ``TimeValue``, which ParaView shows as the time of the file.

    Raises
    ------
    ParameterError
        If a shape does not fit the mesh, a type has no place in the format, or the time is not finite.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> mesh = Mesh(cells=(4, 2, 1), cell_size=(2e-9, 2e-9, 1e-9))
    >>> with TemporaryDirectory() as folder:
    ...     write_vti(f"{folder}/m.vti", mesh, {"m": np.ones((3, 1, 2, 4))}, time=1e-9)
    """
    if time is not None and not isfinite(time):
        raise ParameterError(f"{path}: time = {time}; allowed is a finite time in s, or None")
    arrays = {name: component_array(mesh, field, name) for name, field in fields.items()}
    elements, blocks, offset = [], [], 0
    for name, array in arrays.items():
        if not name or not name.isprintable():
            raise ParameterError(f"{path}: {name!r} cannot name a field; allowed are printable characters")
        vtk_type, values = _vtk_values(array, name)
        elements.append(
            f'<DataArray type="{vtk_type}" Name={quoteattr(name)} NumberOfComponents="{len(array)}" '
            f'format="appended" offset="{offset}"/>'
        )
        blocks.append(_compressed(values))
        offset += len(blocks[-1])
    with atomic_write(path) as file:
        file.write(_header(mesh, arrays, elements, time).encode())
        file.write(APPENDED + b"_")
        for block in blocks:
            file.write(block)
        file.write(b"</AppendedData>\n</VTKFile>\n")


def _header(mesh: Mesh, arrays: dict[str, NDArray], elements: list[str], time: float | None) -> str:
    nx, ny, nz = mesh.cells
    extent = f"0 {nx} 0 {ny} 0 {nz}"
    origin = " ".join(repr(value) for value in lower_corner(mesh))
    spacing = " ".join(repr(value) for value in mesh.cell_size)
    active = ""
    for attribute, n_components in (("Scalars", 1), ("Vectors", 3)):
        if names := [name for name, array in arrays.items() if len(array) == n_components]:
            active += f" {attribute}={quoteattr(names[0])}"
    time_element = "" if time is None else (
        '<FieldData><DataArray type="Float64" Name="TimeValue" NumberOfTuples="1" format="ascii">'
        f"{float(time)!r}</DataArray></FieldData>\n"
    )  # fmt: skip
    lines = "\n".join(elements)
    return (
        '<?xml version="1.0"?>\n'
        '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64" '
        'compressor="vtkZLibDataCompressor">\n'
        f'<ImageData WholeExtent="{extent}" Origin="{origin}" Spacing="{spacing}">\n'
        f'{time_element}<Piece Extent="{extent}">\n'
        f"<CellData{active}>\n{lines}\n</CellData>\n<PointData/>\n"
        "</Piece>\n</ImageData>\n"
    )


def _vtk_values(array: NDArray, name: str) -> tuple[str, NDArray]:
    if array.dtype == bool:
        array = array.astype(np.uint8)
    little = array.dtype.newbyteorder("<")
    for vtk_type, code in VTK_TYPES.items():
        if little == np.dtype(code):
            # VTK keeps the components of a cell together, x fastest among cells.
            return vtk_type, np.ascontiguousarray(np.moveaxis(array, 0, -1), dtype=little)
    raise ParameterError(f"field {name!r} is of type {array.dtype}; VTK knows {', '.join(VTK_TYPES)}; convert it first")


def _compressed(values: NDArray) -> bytes:
    """Number of blocks, block size, size of a last partial block (0: none), compressed sizes, the blocks."""
    data = values.reshape(-1).view(np.uint8)
    # Level 1: on magnetisation, higher levels cost several times the time for a few percent.
    blocks = [zlib.compress(data[start : start + BLOCK_SIZE].data, 1) for start in range(0, len(data), BLOCK_SIZE)]
    sizes = [len(block) for block in blocks]
    header = struct.pack(f"<{3 + len(blocks)}Q", len(blocks), BLOCK_SIZE, len(data) % BLOCK_SIZE, *sizes)
    return header + b"".join(blocks)


class PvdSeries:
    """A time series of .vti files that ParaView opens as one: the collection file ``m.pvd``.

    The file is rewritten atomically when it grows. An entry takes some 70 bytes, so up to 1000 entries each ``add``
    rewrites the file (70 kB, less than a frame). Beyond, it is rewritten after every thousandth part of growth: the
    bytes written per frame stay below 70 kB, and a kill can lose the newest 0.1 % of the *entries*, never a frame.
    ``flush`` and ``close`` write what is pending.

    Parameters
    ----------
    path : path
        The collection; an existing one is replaced at the first ``add``. Use ``reopen`` to continue it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, PvdSeries(f"{folder}/m.pvd") as series:
    ...     series.add(f"{folder}/m000000.vti", time=0.0)
    ...     series.entries
    [(0.0, 'm000000.vti')]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.entries: list[tuple[float, str]] = []
        self._written = 0

    @classmethod
    def reopen(cls, path: str | os.PathLike[str], *, until: float | None = None) -> "PvdSeries":
        """Continue a collection, keeping the entries up to time ``until`` [s] (default: all).

        Raises
        ------
        FileFormatError
            If the file is not a collection that fdmag wrote.
        """
        from fdmag.output.vtk_read import read_pvd

        series = cls(path)
        series.entries = [(time, file) for time, file in read_pvd(path) if until is None or time <= until]
        series._written = -1  # the file may list more than is kept
        return series

    def add(self, file: str | os.PathLike[str], time: float) -> None:
        """Add a frame.

        Parameters
        ----------
        file : path
            The .vti file, in the folder of the collection or below; stored relative to it.
        time : float [s]
            Not before the last frame. A frame at the same time replaces the last one.

        Raises
        ------
        ParameterError
            If the time is not finite or lies before the last frame.
        OutputError
            If the collection cannot be written.
        """
        if not isfinite(time) or (self.entries and time < self.entries[-1][0]):
            last = f" from {self.entries[-1][0]!r} s on" if self.entries else ""
            raise ParameterError(f"{self.path}: time = {time!r} s for {file}; allowed are finite times{last}")
        relative = os.path.relpath(file, self.path.parent).replace(os.sep, "/")
        if self.entries and self.entries[-1][0] == time:
            self.entries.pop()
            self._written = -1
        self.entries.append((float(time), relative))
        if self._written < 0 or len(self.entries) - self._written > len(self.entries) // 1000:
            self.flush()

    def flush(self) -> None:
        """Write the entries that are pending."""
        if self._written == len(self.entries):
            return
        with atomic_write(self.path, text=True) as file:
            file.write('<?xml version="1.0"?>\n<VTKFile type="Collection" version="1.0" byte_order="LittleEndian">\n')
            file.write("<Collection>\n")
            file.writelines(
                f'<DataSet timestep="{time!r}" part="0" file={quoteattr(name)}/>\n' for time, name in self.entries
            )
            file.write("</Collection>\n</VTKFile>\n")
        self._written = len(self.entries)

    close = flush

    def __enter__(self) -> "PvdSeries":
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()
