"""Read .vti and .pvd files that fdmag wrote. Damaged or hostile files give FileFormatError, not a full memory."""

import os
import struct
import xml.etree.ElementTree as ET
import zlib
from math import isfinite, prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FileFormatError, ParameterError
from fdmag.mesh import Mesh
from fdmag.output.vtk import APPENDED, VTK_TYPES

# zlib cannot shrink data by more than this factor (RFC 1951: 258 bytes in two bits), so that a header which
# promises more than the file can hold is found before any memory is taken.
ZLIB_RATIO = 1040
WRITER_ATTRIBUTES = {
    "type": "ImageData",
    "byte_order": "LittleEndian",
    "header_type": "UInt64",
    "compressor": "vtkZLibDataCompressor",
}


class VtiData(NamedTuple):
    """Content of a .vti file: mesh (all axes open), fields by name as given to write_vti, time [s] or None."""

    mesh: Mesh
    fields: dict[str, NDArray]
    time: float | None


def read_vti(path: str | os.PathLike[str]) -> VtiData:
    """Read a .vti file written by write_vti.

    Returns
    -------
    VtiData
        A named tuple (mesh, fields, time); scalars have shape (nz, ny, nx), others (ncomp, nz, ny, nx).

    Raises
    ------
    FileFormatError
        If the file is damaged, or of a layout that write_vti does not produce.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from fdmag.output.vtk import write_vti
    >>> mesh = Mesh(cells=(4, 2, 1), cell_size=(2e-9, 2e-9, 1e-9))
    >>> with TemporaryDirectory() as folder:
    ...     write_vti(f"{folder}/m.vti", mesh, {"m": np.ones((3, 1, 2, 4))}, time=1e-9)
    ...     read_vti(f"{folder}/m.vti").fields["m"].shape
    (3, 1, 2, 4)
    """
    content = Path(path).read_bytes()
    head, found, tail = content.partition(APPENDED + b"_")
    if not found:
        raise FileFormatError(f"{path}: has no raw appended data; only .vti files that fdmag wrote can be read")
    root = _parse(path, head + b"</VTKFile>")
    for key, value in WRITER_ATTRIBUTES.items():
        if root.get(key) != value:
            raise FileFormatError(f"{path}: VTKFile has {key} = {root.get(key)!r}; allowed is {value!r}")
    mesh = _mesh(path, root)
    fields = {}
    for element in root.iterfind("ImageData/Piece/CellData/DataArray"):
        name = element.get("Name", "")
        fields[name] = _array(f"{path}, field {name!r}", element, memoryview(tail), mesh)
    return VtiData(mesh, fields, _time(path, root))


def read_pvd(path: str | os.PathLike[str]) -> list[tuple[float, str]]:
    """Entries (time [s], file relative to the collection) of a .pvd file.

    Raises
    ------
    FileFormatError
        If the file is not a collection with finite times.
    """
    root = _parse(path, Path(path).read_bytes())
    if root.tag != "VTKFile" or root.get("type") != "Collection":
        raise FileFormatError(f'{path}: is no collection; a .pvd file starts with <VTKFile type="Collection">')
    entries = []
    for element in root.iterfind("Collection/DataSet"):
        file = element.get("file")
        if not file:
            raise FileFormatError(f"{path}: an entry names no file")
        entries.append((_finite(path, "timestep", element.get("timestep", "")), file))
    return entries


def _parse(path: str | os.PathLike[str], head: bytes) -> ET.Element:
    try:
        # Decoding first makes sure that the search below sees what the parser sees, in whatever encoding.
        text = head.decode("utf-8")
        if "<!" in text:
            raise FileFormatError(f"{path}: holds a DOCTYPE or another declaration, which fdmag never writes")
        return ET.fromstring(text)
    except (UnicodeDecodeError, ET.ParseError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{path}: the XML header is damaged ({error})") from error


def _mesh(path: str | os.PathLike[str], root: ET.Element) -> Mesh:
    image = root.find("ImageData")
    if image is None:
        raise FileFormatError(f"{path}: the element ImageData is missing")
    try:
        extent = [int(word) for word in image.get("WholeExtent", "").split()]
    except ValueError:
        extent = []
    if len(extent) != 6 or extent[::2] != [0, 0, 0] or min(extent[1::2]) < 1:
        raise FileFormatError(
            f"{path}: WholeExtent = {image.get('WholeExtent')!r:.80}; allowed is '0 nx 0 ny 0 nz', each n above 0"
        )
    three = {}
    for key in ("Origin", "Spacing"):
        three[key] = tuple(_finite(path, key, word) for word in image.get(key, "").split())
    try:
        return Mesh(cells=tuple(extent[1::2]), cell_size=three["Spacing"], origin=three["Origin"])
    except ParameterError as error:
        raise FileFormatError(f"{path}: {error}") from error


def _time(path: str | os.PathLike[str], root: ET.Element) -> float | None:
    for element in root.iterfind("ImageData/FieldData/DataArray"):
        if element.get("Name") == "TimeValue":
            return _finite(path, "TimeValue", element.text or "")
    return None


def _finite(path: str | os.PathLike[str], key: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise FileFormatError(f"{path}: {key} holds {word!r:.80}; a finite number is needed")
    return value


def _array(where: str, element: ET.Element, data: memoryview, mesh: Mesh) -> NDArray:
    code = VTK_TYPES.get(element.get("type", ""))
    if code is None:
        raise FileFormatError(f"{where}: type = {element.get('type')!r}; allowed are {', '.join(VTK_TYPES)}")
    try:
        n_components, offset = int(element.get("NumberOfComponents", "1")), int(element.get("offset", ""))
    except ValueError as error:
        raise FileFormatError(f"{where}: NumberOfComponents or offset is not an integer") from error
    if n_components < 1 or offset < 0:
        raise FileFormatError(f"{where}: {n_components} components at offset {offset}; allowed are at least 1 and 0")
    dtype = np.dtype(code)
    raw = _decompressed(where, data[offset:], prod(mesh.cells) * n_components * dtype.itemsize)
    values = np.frombuffer(raw, dtype=dtype).reshape(*mesh.shape, n_components)
    values = values.astype(dtype.newbyteorder("="))
    return values[..., 0] if n_components == 1 else np.ascontiguousarray(np.moveaxis(values, -1, 0))


def _decompressed(where: str, data: memoryview, size: int) -> bytes:
    """Undo vtk._compressed; ``size`` is what the header promises [byte]."""
    if len(data) < 24:
        raise FileFormatError(f"{where}: the file is cut short, the block header is missing")
    n_blocks, block_size, last_size = struct.unpack_from("<3Q", data)
    full = n_blocks - (last_size > 0)
    if n_blocks < 1 or last_size >= max(block_size, 1) or full * block_size + last_size != size:
        raise FileFormatError(
            f"{where}: {n_blocks} block(s) of {block_size} byte, the last of {last_size}; the mesh needs {size} byte"
        )
    if 24 + 8 * n_blocks > len(data) or size > ZLIB_RATIO * len(data):
        raise FileFormatError(
            f"{where}: {size} byte of values cannot be in the {len(data)} byte that are left; cut short?"
        )
    sizes = struct.unpack_from(f"<{n_blocks}Q", data, 24)
    start = 24 + 8 * n_blocks
    blocks = []
    for i, compressed_size in enumerate(sizes):
        expected = last_size if last_size and i == n_blocks - 1 else block_size
        if compressed_size > len(data) - start:
            raise FileFormatError(f"{where}: the file is cut short in block {i + 1} of {n_blocks}")
        inflate = zlib.decompressobj()
        try:
            # One byte more than expected is enough to notice a block that would inflate without end.
            block = inflate.decompress(data[start : start + compressed_size], expected + 1)
        except zlib.error as error:
            raise FileFormatError(f"{where}: block {i + 1} of {n_blocks} is damaged ({error})") from error
        if len(block) != expected or not inflate.eof:
            raise FileFormatError(f"{where}: block {i + 1} of {n_blocks} does not hold the {expected} byte it should")
        blocks.append(block)
        start += compressed_size
    return b"".join(blocks)
