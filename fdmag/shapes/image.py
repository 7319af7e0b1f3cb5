"""A shape drawn as a picture or given as an array."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import FileFormatError, ParameterError
from fdmag.mesh import Mesh
from fdmag.shapes.checks import centre, length, numbers
from fdmag.shapes.shape import Bounds, Mask, Shape, interval
from fdmag.shapes.solids import TOLERANCE


@dataclass(frozen=True, init=False, eq=False)
class ImageMask(Shape):
    """A picture in the xy plane, unbounded along z.

    Row 0 is the top of the picture, at the largest y; column 0 is at the smallest x. Each pixel is a rectangle of
    ``size / (columns, rows)``.

    Parameters
    ----------
    source : path or 2D array (rows, columns)
        A picture file (PNG and others, needs Pillow: ``pip install fdmag[image]``), a ``.npy`` file, or an array of
        numbers or bools. A file is read at once.
    size : (x, y) [m], optional
        Extent of the whole picture. By default the picture covers the mesh it is applied to, and ``center`` is
        relative to the middle of the mesh.
    threshold : float
        Pixels of at least this value are bright, the others dark. Pictures have values from 0 (black) to 1 (white;
        also where they are transparent), arrays those they have.
    invert : bool
        By default the dark pixels of a picture are inside (drawn black on white), and the bright ones of an array
        (1 or True means inside). True swaps inside and outside.
    center : (x, y, z) or (x, y) [m]

    Raises
    ------
    ParameterError
        If the array is not 2D and real, or another parameter is out of range, or Pillow is missing.
    FileFormatError
        If the file cannot be read as a picture or array.

    Examples
    --------
    >>> mesh = Mesh(cells=(3, 2, 1), cell_size=(1e-9, 1e-9, 1e-9))
    >>> ImageMask([[1, 0, 0], [1, 1, 1]]).fill(mesh).astype(int)[0]
    array([[1, 1, 1],
           [1, 0, 0]])
    """

    pixels: NDArray[np.bool_]
    size: tuple[float, float] | None
    center: tuple[float, float, float]

    def __init__(
        self,
        source: str | os.PathLike[str] | ArrayLike,
        size: Sequence[float] | None = None,
        threshold: float = 0.5,
        invert: bool = False,
        center: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> None:
        is_picture = False
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            is_picture = path.suffix.lower() != ".npy"
            values = _read_picture(path) if is_picture else _read_array(path)
        else:
            values = np.asarray(source)
        if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "fiub":
            raise ParameterError(
                f"ImageMask: an array of shape {values.shape} type {values.dtype}; a 2D array of real numbers is needed"
            )
        if np.isnan(values).any():
            raise ParameterError("ImageMask: the array holds NaN, which is neither dark nor bright")
        bright = values >= numbers(threshold, 1, "ImageMask: threshold")[0]
        # Bottom row first from here on, so that the row number grows with y.
        self._set(np.flipud(bright ^ is_picture ^ bool(invert)), size, center)

    def _set(self, pixels: NDArray[np.bool_], size: Sequence[float] | None, center: Sequence[float]) -> None:
        pixels = pixels.copy()
        pixels.flags.writeable = False
        if size is not None:
            size = tuple(length(s, "ImageMask: size") for s in numbers(size, 2, "ImageMask: size"))
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "center", centre(center, "ImageMask: center"))

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Whether the pixel at (x, y) is an inside one; outside the picture nothing is."""
        size = self._known_size()
        rows, columns = self.pixels.shape
        column = np.floor(((x - self.center[0]) / size[0] + 0.5 + TOLERANCE) * columns)
        row = np.floor(((y - self.center[1]) / size[1] + 0.5 + TOLERANCE) * rows)
        on_picture = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        column, row = np.clip(column, 0, columns - 1), np.clip(row, 0, rows - 1)
        return on_picture & self.pixels[row.astype(np.intp), column.astype(np.intp)]

    @property
    def bounds(self) -> Bounds:
        """Corners of the whole picture [m]."""
        size = self._known_size()
        (x0, x1), (y0, y1), (z0, z1) = (interval(c, s) for c, s in zip(self.center, (*size, None), strict=True))
        return (x0, y0, z0), (x1, y1, z1)

    def fitted(self, mesh: Mesh) -> "ImageMask":
        """Return the picture spread over the mesh, if it has no size of its own."""
        if self.size is not None:
            return self
        assert mesh.origin is not None  # Mesh fills in a default
        middle = [low + s / 2 + c for low, s, c in zip(mesh.origin, mesh.size, self.center, strict=True)]
        fitted = object.__new__(ImageMask)
        fitted._set(self.pixels, mesh.size[:2], middle)
        return fitted

    def _known_size(self) -> tuple[float, float]:
        if self.size is None:
            raise ParameterError("ImageMask: has no size until it is applied to a mesh; give size=(x, y) in m")
        return self.size


def _read_array(path: Path) -> NDArray:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise FileFormatError(f"{path}: is not a NumPy array ({error})") from error


def _read_picture(path: Path) -> NDArray[np.float64]:
    """Brightness 0 ... 1; transparent parts are taken as lying on white paper."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ParameterError(f"{path}: pictures need Pillow: pip install fdmag[image]; or give a .npy file") from error
    try:
        with Image.open(path) as picture:
            if picture.mode.startswith("I") or picture.mode == "F":  # 16 bit grey, which convert("L") would clip
                values = np.asarray(picture, dtype=np.float64)
                return values / (65535.0 if picture.mode.startswith("I") else 1.0)
            colours = picture.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise FileFormatError(f"{path}: cannot be read as a picture ({error})") from error
    paper = Image.new("RGBA", colours.size, "white")
    return np.asarray(Image.alpha_composite(paper, colours).convert("L"), dtype=np.float64) / 255.0
