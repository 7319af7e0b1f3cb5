"""Read OVF 2.0 and OVF 1.0 files on rectangular meshes, whoever wrote them."""

import os
import re
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FileFormatError, ParameterError
from fdmag.mesh import AXES, Mesh

# First number of binary data, by its size [byte]: it tells damage and byte order.
CHECK_VALUES = {4: 1234567.0, 8: 123456789012345.0}
LENGTH_UNITS = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "nm": 1e-9, "pm": 1e-12}
_DATA_BEGIN = re.compile(rb"^#[ \t]*begin[ \t]*:[ \t]*data[ \t]*(text|binary[ \t]*[48])[ \t]*\r?\n", re.I | re.M)
_VERSION = re.compile(
    r"#\s*OOMMF\s*(?:OVF\s*(2)\.0|:?\s*(?:rectangular|irregular)\s*mesh\s*v?(?:1\.0|0\.99|0\.0a0))", re.I
)
_TIME = re.compile(r"total simulation time:\s*(\S+)\s*s\b", re.I)
_TCL_WORD = re.compile(r'\{([^{}]*)\}|"([^"]*)"|(\S+)')


@dataclass(frozen=True)
class OvfData:
    """Content of an OVF file.

    Parameters
    ----------
    mesh : Mesh
        Open on all axes; lengths in m, whatever the file's unit.
    values : array (valuedim, nz, ny, nx)
        float32 for ``Binary 4`` data, else float64.
    title : str
    units : tuple of valuedim str
    time : float [s] or None
    """

    mesh: Mesh
    values: NDArray
    title: str
    units: tuple[str, ...]
    time: float | None


def read_ovf(path: str | os.PathLike[str]) -> OvfData:
    """Read a field on a rectangular mesh from an OVF 2.0 or OVF 1.0 file.

    Byte order is found from the check value; OVF 1.0 values are multiplied by ``valuemultiplier``.

    Raises
    ------
    FileFormatError
        If the file is damaged or cut short, has an irregular mesh, or lacks a key; the message names it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from fdmag.output.ovf import write_ovf
    >>> with TemporaryDirectory() as folder:
    ...     write_ovf(f"{folder}/Ms.ovf", Mesh((4, 2, 1), (1e-9, 1e-9, 1e-9)), np.full((1, 2, 4), 8e5), units="A/m")
    ...     data = read_ovf(f"{folder}/Ms.ovf")
    >>> data.values.shape, data.units
    ((1, 1, 2, 4), ('A/m',))
    """
    content = Path(path).read_bytes()
    first = content[:200].split(b"\n")[0].decode("utf-8", "replace")
    version = _VERSION.match(first)
    if not version:
        raise FileFormatError(f"{path}: starts with {first[:60]!r}; an OVF file starts with '# OOMMF OVF 2.0'")
    is_version_2 = version[1] is not None
    begin = _DATA_BEGIN.search(content)
    if not begin:
        raise FileFormatError(f"{path}: no line '# Begin: Data Text', 'Binary 4' or 'Binary 8'; is the file cut short?")
    header = _Header(path, content[: begin.start()].decode("utf-8", "replace"))
    n_components = header.integer("valuedim") if is_version_2 else 3
    mesh = header.mesh()
    count = prod(mesh.cells) * n_components
    if begin[1].lower() == b"text":
        values = _read_text(path, content[begin.end() :], count)
    else:
        values = _read_binary(path, content, begin.end(), count, int(begin[1][-1:]), "<" if is_version_2 else ">")
    if not is_version_2 and (multiplier := header.number("valuemultiplier", 1.0)) != 1.0:
        values = values.astype(np.float64) * multiplier
    components = np.moveaxis(values.reshape(*mesh.shape, n_components), -1, 0)
    return OvfData(
        mesh=mesh,
        values=np.ascontiguousarray(components, dtype=components.dtype.newbyteorder("=")),
        title=header.entries.get("title", ""),
        units=header.units("valueunits" if is_version_2 else "valueunit", n_components),
        time=header.time(),
    )


class _Header:
    """Keys and values of a header; case and blanks in keys do not count (OVF 1.0 specification)."""

    def __init__(self, path: str | os.PathLike[str], text: str) -> None:
        self.path = path
        self.entries: dict[str, str] = {}
        self.descriptions: list[str] = []
        for line in text.splitlines():
            key, _, value = line.lstrip().removeprefix("#").partition("##")[0].partition(":")
            key, value = re.sub(r"\s", "", key).lower(), value.strip()
            if key == "desc":
                self.descriptions.append(value)
            elif key:
                self.entries[key] = value
        if (segments := self.entries.get("segmentcount", "1")) != "1":
            raise FileFormatError(f"{path}: Segment count is {segments!r:.40}; only one segment can be read")
        if (kind := self.text("meshtype").lower()) != "rectangular":
            raise FileFormatError(f"{path}: meshtype is {kind!r:.40}; only rectangular meshes can be read")

    def text(self, key: str) -> str:
        if key not in self.entries:
            raise FileFormatError(f"{self.path}: the header lacks the key {key!r}")
        return self.entries[key]

    def number(self, key: str, default: float | None = None) -> float:
        if default is not None and key not in self.entries:
            return default
        try:
            value = float(self.text(key))
        except ValueError as error:
            if isinstance(error, FileFormatError):
                raise
            value = float("nan")
        if not isfinite(value):
            raise FileFormatError(f"{self.path}: {key} is {self.text(key)!r:.40}; a finite number is needed")
        return value

    def integer(self, key: str) -> int:
        text = self.text(key)
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) < 1:
            raise FileFormatError(f"{self.path}: {key} is {text!r:.40}; an integer of at least 1 is needed")
        return int(text)

    def mesh(self) -> Mesh:
        unit = LENGTH_UNITS.get(self.text("meshunit"))
        if unit is None:
            raise FileFormatError(
                f"{self.path}: meshunit is {self.text('meshunit')!r:.40}; allowed are {', '.join(LENGTH_UNITS)}"
            )
        cells = [self.integer(f"{axis}nodes") for axis in AXES]
        steps = [self.number(f"{axis}stepsize") for axis in AXES]
        corner = [self._lower_face(axis, step) * unit for axis, step in zip(AXES, steps, strict=True)]
        try:
            return Mesh(cells=tuple(cells), cell_size=tuple(d * unit for d in steps), origin=tuple(corner))
        except ParameterError as error:
            raise FileFormatError(f"{self.path}: {error}") from error

    def _lower_face(self, axis: str, step: float) -> float:
        face = self.number(f"{axis}base") - step / 2
        # xmin is only a display range, but writers set it to the face, without the rounding of base - step/2.
        low = self.number(f"{axis}min", face)
        return low if abs(low - face) <= 1e-6 * abs(step) + 1e-14 * abs(face) else face

    def units(self, key: str, n: int) -> tuple[str, ...]:
        words = ["".join(groups) for groups in _TCL_WORD.findall(self.entries.get(key, ""))] or [""]
        if len(words) not in (1, n):
            raise FileFormatError(f"{self.path}: {key} has {len(words)} words for {n} component(s)")
        return tuple(words * n if len(words) == 1 else words)

    def time(self) -> float | None:
        for description in self.descriptions:
            if match := _TIME.search(description):
                try:
                    value = float(match[1])
                except ValueError:
                    value = float("nan")
                if not isfinite(value):
                    raise FileFormatError(
                        f"{self.path}: the total simulation time is {match[1]!r:.40}; a number is needed"
                    )
                return value
        return None


def _read_binary(
    path: str | os.PathLike[str], content: bytes, start: int, count: int, size: int, order: str
) -> NDArray:
    end = start + (1 + count) * size
    if end > len(content):
        raise FileFormatError(
            f"{path}: the header promises {count} numbers of {size} byte, but only {len(content) - start} byte follow; "
            "the file is cut short, or nodes or valuedim are wrong"
        )
    # Some writers of OVF 1.0 use little endian against the specification; the check value tells.
    for byte_order in (order, "><"[order == ">"]):
        dtype = np.dtype(f"{byte_order}f{size}")
        if np.frombuffer(content, dtype, count=1, offset=start)[0] == CHECK_VALUES[size]:
            break
    else:
        came = np.frombuffer(content, np.dtype(f"{order}f{size}"), count=1, offset=start)[0]
        raise FileFormatError(f"{path}: the check value is {came}; {CHECK_VALUES[size]} is needed")
    if not re.match(rb"\s*#\s*end", content[end : end + 100], re.I):
        raise FileFormatError(
            f"{path}: after the {count} numbers that the header promises there is no '# End: Data'; "
            "the file is cut short, or nodes or valuedim are wrong"
        )
    return np.frombuffer(content, dtype, count=count, offset=start + size)


def _read_text(path: str | os.PathLike[str], content: bytes, count: int) -> NDArray:
    end = re.search(rb"^#\s*end\s*:\s*data", content, re.I | re.M)
    if not end:
        raise FileFormatError(f"{path}: the text data have no '# End: Data' line; the file is cut short")
    text = re.sub(rb"#[^\n]*", b"", content[: end.start()])
    words = text.decode("utf-8", "replace").split()
    if len(words) != count:
        raise FileFormatError(
            f"{path}: {len(words)} numbers follow, the header promises {count} (nodes times valuedim)"
        )
    try:
        return np.array(words, dtype=np.float64)
    except ValueError as error:
        raise FileFormatError(f"{path}: the text data hold something that is not a number ({error})") from error
