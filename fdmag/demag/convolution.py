"""The demagnetising field as a convolution by fast Fourier transforms, axis by axis.

No row that is all zero is ever transformed: along each axis only the rows that hold cells are, and on the way back
everything beyond the mesh is dropped before the next axis. The axes y and z are transformed, multiplied with the
tensor's spectrum and transformed back for a few wave numbers of x at a time, while these are in the cache.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import scipy
from numpy.typing import DTypeLike, NDArray

from fdmag.constants import MU_0
from fdmag.demag.arguments import check_magnetisation, check_workers, checked_precision
from fdmag.demag.cache import SpectrumCache, default_cache
from fdmag.demag.spectrum import demag_spectrum, padded_lengths
from fdmag.mesh import Mesh
from fdmag.processors import processors

_BLOCK_BYTES = 2 * 2**20  # of one block of x wave numbers, about the second-level cache
_NARROWEST_BLOCK = 9  # wave numbers: fewer would use a part of each cache line only
_THREADS_FROM = 2**17  # cells; below, starting threads takes longer than they save


class DemagConvolution:
    """Demagnetising field of a magnetisation on a mesh, B = -mu0 N * M.

    Parameters
    ----------
    mesh : Mesh
        Cells, cell size and periodic axes.
    dtype : float64 or float32
        Precision of the field. The tensor and its spectrum are computed in float64 either way.
    cache : SpectrumCache, None or "default"
        Where spectra are kept on disk; None for nowhere, "default" for `default_cache`.
    workers : int, optional
        Number of threads. By default all processors for large meshes and one for small. The field does not
        depend on it.

    Raises
    ------
    ParameterError
        If `dtype` is another, or `workers` below 1.

    Notes
    -----
    With all three axes periodic, a uniform magnetisation has no field (see `demag_spectrum`).

    Examples
    --------
    A cube's demagnetising factor is 1/3:

    >>> demag = DemagConvolution(Mesh(cells=(1, 1, 1), cell_size=(1e-9, 1e-9, 1e-9)))
    >>> M = np.zeros((1, 3, 1, 1, 1))
    >>> M[0, 2] = 8e5
    >>> demag(M)[0, :, 0, 0, 0] / (MU_0 * 8e5)
    array([ 0.        ,  0.        , -0.33333333])
    """

    def __init__(
        self,
        mesh: Mesh,
        dtype: DTypeLike = np.float64,
        cache: SpectrumCache | Literal["default"] | None = "default",
        workers: int | None = None,
    ) -> None:
        self.mesh = mesh
        self.dtype = checked_precision(dtype)
        check_workers(workers)
        if workers is None:
            workers = processors() if mesh.n_cells >= _THREADS_FROM else 1
        self.workers = workers
        self._lengths = padded_lengths(mesh)
        spectrum = demag_spectrum(mesh, default_cache() if cache == "default" else cache)
        # The inverse transforms are not normalised; the factor is here.
        self._kernel = (spectrum * (-MU_0 / np.prod(self._lengths, dtype=np.float64))).astype(self.dtype)
        nx, ny, nz = self._lengths
        itemsize = 2 * self.dtype.itemsize
        # Odd, so that steps along y and z are not powers of two, which would fall on the same few cache lines.
        self._width = max(_NARROWEST_BLOCK, _BLOCK_BYTES // (3 * ny * nz * itemsize)) | 1
        self._replicas_at_once = max(1, _BLOCK_BYTES // (3 * ny * nz * (nx // 2 + 1) * itemsize))

    def __call__(self, magnetisation: NDArray[np.floating]) -> NDArray[np.floating]:
        """Field of a magnetisation.

        Parameters
        ----------
        magnetisation : array (batch, 3, nz, ny, nx) [A/m]
            M in every cell of every replica. It is converted to `dtype` and not changed.

        Returns
        -------
        array (batch, 3, nz, ny, nx) [T] of `dtype`: the field averaged over each cell. A replica's field has
        the same bits whatever other replicas are with it.

        Raises
        ------
        ParameterError
            If the array has another shape.
        """
        magnetisation = np.asarray(magnetisation, dtype=self.dtype)
        check_magnetisation(magnetisation, self.mesh)
        field = np.empty(magnetisation.shape, dtype=self.dtype)
        for start in range(0, len(field), self._replicas_at_once):
            part = slice(start, start + self._replicas_at_once)
            self._convolve(magnetisation[part], field[part])
        return field

    def _convolve(self, magnetisation: NDArray[np.floating], field: NDArray[np.floating]) -> None:
        length = self._lengths[0]
        rows = scipy.fft.rfft(magnetisation, n=length, axis=-1, workers=self.workers)
        starts = range(0, rows.shape[-1], self._width)
        if self.workers > 1 and len(starts) > 1:
            with ThreadPoolExecutor(min(self.workers, len(starts))) as pool:
                list(pool.map(lambda start: self._convolve_block(rows, start), starts))
        else:
            for start in starts:
                self._convolve_block(rows, start)
        wide = scipy.fft.irfft(rows, n=length, axis=-1, norm="forward", overwrite_x=True, workers=self.workers)
        field[...] = wide[..., : field.shape[-1]]

    def _convolve_block(self, rows: NDArray[np.complexfloating], start: int) -> None:
        """Convolve along y and z, in place, the x wave numbers from `start` on that make one block."""
        block = rows[..., start : start + self._width]
        kernel = self._kernel[..., start : start + self._width]
        _, ny, nz = self._lengths
        waves = scipy.fft.fft(block, n=ny, axis=-2) if ny > 1 else block.copy()
        if nz > 1:
            waves = scipy.fft.fft(waves, n=nz, axis=-3, overwrite_x=True)
        _multiply(waves, kernel)
        if nz > 1:
            waves = scipy.fft.ifft(waves, axis=-3, norm="forward", overwrite_x=True)[:, :, : block.shape[2]]
        if ny > 1:
            waves = scipy.fft.ifft(waves, axis=-2, norm="forward", overwrite_x=True)[..., : block.shape[3], :]
        block[...] = waves


def _multiply(waves: NDArray[np.complexfloating], kernel: NDArray[np.floating]) -> None:
    """Multiply (batch, 3, Nz, Ny, width) in place by the spectrum of the tensor, of which `kernel` is one octant.

    Every product is complex times real: its rounding does not depend on how a loop is vectorised.
    """
    for z, kernel_z, beyond_z in _halves(waves.shape[2]):
        for y, kernel_y, beyond_y in _halves(waves.shape[3]):
            mx, my, mz = (waves[:, component, z, y] for component in range(3))
            xx, yy, zz, xy, *rest = (component[kernel_z, kernel_y] for component in kernel)
            product = np.empty_like(mx)
            field_x, field_y = xx * mx, yy * my
            _accumulate(field_x, xy, my, product, negative=beyond_y)
            _accumulate(field_y, xy, mx, product, negative=beyond_y)
            if rest:
                xz, yz = rest
                _accumulate(field_x, xz, mz, product, negative=beyond_z)
                _accumulate(field_y, yz, mz, product, negative=beyond_z != beyond_y)
            mz *= zz
            if rest:
                _accumulate(mz, xz, mx, product, negative=beyond_z)
                _accumulate(mz, yz, my, product, negative=beyond_z != beyond_y)
            mx[...] = field_x
            my[...] = field_y


def _halves(length: int) -> list[tuple[slice, slice, bool]]:
    """Wave numbers up to N // 2 and beyond: where they are, where in the octant, whether odd parts change sign."""
    middle = length // 2 + 1
    halves = [(slice(0, middle), slice(0, middle), False)]
    if length > middle:
        halves.append((slice(middle, length), slice(length - middle, 0, -1), True))
    return halves


def _accumulate(
    total: NDArray[np.complexfloating],
    kernel: NDArray[np.floating],
    waves: NDArray[np.complexfloating],
    product: NDArray[np.complexfloating],
    negative: bool,
) -> None:
    np.multiply(kernel, waves, out=product)
    (np.subtract if negative else np.add)(total, product, out=total)
