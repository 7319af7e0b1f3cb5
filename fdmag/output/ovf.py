"""Write OVF 2.0 files, the vector field format of OOMMF that mumax3, Ubermag and Muview read too.

Source: OOMMF User's Guide, "Vector Field File Format (OVF)", https://math.nist.gov/oommf/doc/userguide21a0/
"""

import os
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import AXES, Mesh
from fdmag.output.fields import component_array, lower_corner
from fdmag.output.files import atomic_write
from fdmag.output.ovf_read import CHECK_VALUES, OvfData, read_ovf

__all__ = ["OvfData", "read_ovf", "write_ovf"]

REPRESENTATIONS = {"binary8": "Binary 8", "binary4": "Binary 4", "text": "Text"}


def write_ovf(
    path: str | os.PathLike[str],
    mesh: Mesh,
    field: ArrayLike,
    *,
    format: Literal["binary8", "binary4", "text"] = "binary8",  # noqa: A002
    title: str = "m",
    units: str | Sequence[str] = "1",
    time: float | None = None,
) -> None:
    """Write one field of one replica as OVF 2.0 on a rectangular mesh.

    Periodicity is not part of the format.

    Parameters
    ----------
    path : path
        File to write, usually ending in ``.ovf`` or ``.omf``.
    mesh : Mesh
        Mesh of the field.
    field : array (nz, ny, nx) or (ncomp, nz, ny, nx)
        Values in ``units``.
    format : {"binary8", "binary4", "text"}
        float64 (exact), float32 (half the size), or decimal text (exact, large).
    title : str
        Name of the quantity; the labels of three components are ``title_x``, ``title_y``, ``title_z``.
    units : str or sequence of ncomp str
        Unit of the values; ``"1"`` for a pure number.
    time : float [s], optional
        Stored as OOMMF does, in the description "Total simulation time".

    Raises
    ------
    ParameterError
        If the field does not fit the mesh, the format is unknown, a value overflows float32, or a text holds
        characters that the header cannot keep.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> mesh = Mesh(cells=(4, 2, 1), cell_size=(2e-9, 2e-9, 1e-9))
    >>> with TemporaryDirectory() as folder:
    ...     write_ovf(f"{folder}/m.ovf", mesh, np.ones((3, 1, 2, 4)), time=1e-9)
    ...     read_ovf(f"{folder}/m.ovf").time
    1e-09
    """
    if format not in REPRESENTATIONS:
        hint = did_you_mean(str(format), REPRESENTATIONS)
        raise ParameterError(f"{path}: format = {format!r}{hint} (allowed: {', '.join(REPRESENTATIONS)})")
    if time is not None and not isfinite(time):
        raise ParameterError(f"{path}: time = {time}; allowed is a finite time in s, or None")
    components = component_array(mesh, field, title)
    n = len(components)
    units = [units] * n if isinstance(units, str) else list(units)
    if len(units) != n:
        raise ParameterError(f"{path}: {len(units)} units for {n} component(s); give one, or one for each")
    for text in (title, *units):
        if not text.isprintable() or any(sign in text for sign in '{}\\"') or "##" in text or text != text.strip():
            raise ParameterError(
                f"{path}: {text!r} cannot stand in an OVF header; leave out braces, quotes, '\\', '##'"
            )
    if not title:
        raise ParameterError(f"{path}: the title is empty; give the name of the quantity, such as 'm'")
    representation = REPRESENTATIONS[format]
    # The node order of OVF: components together, x fastest, then y, then z.
    nodes = np.moveaxis(components, 0, -1).reshape(-1, n)
    data = _text(nodes) if format == "text" else [_binary(path, nodes, int(format[-1]))]
    with atomic_write(path) as file:
        file.write(_header(mesh, title, units, time).encode())
        file.write(f"# Begin: Data {representation}\n".encode())
        for chunk in data:
            file.write(chunk)
        file.write(f"\n# End: Data {representation}\n# End: Segment\n".encode())


def _header(mesh: Mesh, title: str, units: list[str], time: float | None) -> str:
    lines = ["OOMMF OVF 2.0", "Segment count: 1", "Begin: Segment", "Begin: Header", f"Title: {title}"]
    if time is not None:
        lines.append(f"Desc: Total simulation time: {float(time)!r} s")
    lines += ["meshtype: rectangular", "meshunit: m"]
    for axis, low, n, d in zip(AXES, lower_corner(mesh), mesh.cells, mesh.cell_size, strict=True):
        # base is the centre of the first cell; min and max are the faces of the mesh.
        lines += [f"{axis}base: {low + d / 2!r}", f"{axis}nodes: {n}", f"{axis}stepsize: {d!r}"]
        lines += [f"{axis}min: {low!r}", f"{axis}max: {low + n * d!r}"]
    # Labels are names without points: discretisedfield takes what follows the last "_" for the component's name.
    quantity = (title.split("::")[-1] or title).replace(".", "_")
    suffixes = {1: [""], 3: ["_x", "_y", "_z"]}.get(len(units), [f"_{i}" for i in range(len(units))])
    lines += [
        f"valuedim: {len(units)}",
        f"valuelabels: {_tcl_list(quantity + suffix for suffix in suffixes)}",
        f"valueunits: {_tcl_list(units)}",
        "End: Header",
    ]
    return "".join(f"# {line}\n" for line in lines)


def _tcl_list(words: Iterable[str]) -> str:
    """Words with spaces, and empty ones, in braces, as the language Tcl of OOMMF wants them."""
    return " ".join(f"{{{word}}}" if not word or " " in word else word for word in words)


def _binary(path: str | os.PathLike[str], nodes: NDArray, size: int) -> bytes:
    dtype = np.dtype(f"<f{size}")
    with np.errstate(over="ignore"):
        values = nodes.astype(dtype)
    if (np.isinf(values) & np.isfinite(nodes)).any():
        raise ParameterError(f'{path}: a value is too large for float32; write format="binary8"')
    return np.array(CHECK_VALUES[size], dtype).tobytes() + values.tobytes()


def _text(nodes: NDArray, rows: int = 10_000) -> Iterable[bytes]:
    for start in range(0, len(nodes), rows):
        block = nodes[start : start + rows].astype(np.float64).tolist()
        lines = "\n".join(" ".join(map(repr, row)) for row in block)
        yield (("\n" if start else "") + lines).encode()
