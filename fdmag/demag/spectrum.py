"""Spectrum of the demagnetising tensor on the padded mesh: real, one octant, six components or four."""

from hashlib import sha256

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.demag.cache import SpectrumCache
from fdmag.demag.newell import COMPONENTS
from fdmag.demag.tensor import demag_tensor
from fdmag.mesh import Mesh

_VERSION = 1  # raise it when the numbers or their order change: old cache entries are then never found
_SMALLEST_CACHED = 32 * 1024  # bytes; smaller spectra of open meshes are computed in a few milliseconds


def padded_lengths(mesh: Mesh) -> tuple[int, int, int]:
    """Transform lengths (x, y, z): n along a periodic axis, a good length of at least 2 n - 1 along an open one.

    >>> padded_lengths(Mesh(cells=(200, 50, 1), cell_size=(1e-9, 1e-9, 1e-9), periodic="y"))
    (400, 50, 1)
    """
    x, y, z = (
        n if wraps else int(scipy.fft.next_fast_len(2 * n - 1, real=axis == 0))
        for axis, (n, wraps) in enumerate(zip(mesh.cells, mesh.periodic, strict=True))
    )
    return x, y, z


def demag_spectrum(
    mesh: Mesh, cache: SpectrumCache | None = None, lengths: tuple[int, int, int] | None = None
) -> NDArray[np.float64]:
    """Discrete Fourier transform of the demagnetising tensor, taken from `cache` if it is there.

    The tensor is even or odd in every coordinate, so its spectrum is real and follows from the wave numbers
    0 ... N // 2 along each axis of padded length N: a component changes sign with k_a as it does with the
    coordinate a. With one layer of cells (nz = 1) xz and yz vanish and are left out.

    With three periodic axes the value at wave number zero depends on the outer shape of the sample; it is set
    to 0. A uniform magnetisation then has no demagnetising field; add the sample's own as a Zeeman field.

    Parameters
    ----------
    mesh : Mesh
        Cells, cell size and periodic axes.
    cache : SpectrumCache, optional
        Where to look for the spectrum, and to leave it.
    lengths : (x, y, z), optional
        Transform lengths, each at least 2 n - 1, or n along a periodic axis of n cells; by default those of
        `padded_lengths`. A periodic axis of a greater length holds the tensor at all offsets -(n - 1) ... n - 1.

    Returns
    -------
    float64 array (6 or 4, Nz // 2 + 1, Ny // 2 + 1, Nx // 2 + 1) in the order xx, yy, zz, xy[, xz, yz].
    """
    lengths = lengths or padded_lengths(mesh)
    nx, ny, nz = (length // 2 + 1 for length in lengths)
    shape = (4 if mesh.cells[2] == 1 else 6, nz, ny, nx)
    if cache is None or (8 * int(np.prod(shape)) < _SMALLEST_CACHED and not any(mesh.periodic)):
        return _compute(mesh, shape, lengths)
    key = _key(mesh, lengths)
    spectrum = cache.load(key, shape)
    if spectrum is None:
        spectrum = _compute(mesh, shape, lengths)
        cache.store(key, spectrum)
    return spectrum


def _key(mesh: Mesh, lengths: tuple[int, int, int]) -> str:
    """Hash of everything the spectrum depends on."""
    sizes = ",".join(d.hex() for d in mesh.cell_size)
    text = f"fdmag demag {_VERSION}|{mesh.cells}|{sizes}|{mesh.periodic}|{lengths}"
    return sha256(text.encode()).hexdigest()


def _compute(mesh: Mesh, shape: tuple[int, ...], lengths: tuple[int, int, int]) -> NDArray[np.float64]:
    tensor = demag_tensor(mesh)
    spectrum = np.empty(shape)
    for component in range(shape[0]):
        values = tensor[component]
        odd_axes = [component >= 3 and letter in COMPONENTS[component] for letter in "xyz"]
        for axis, odd in enumerate(odd_axes):
            if mesh.periodic[axis] and lengths[axis] != mesh.cells[axis]:
                values = _unfold(values, 2 - axis, mesh.cells[axis], odd)
        if all(mesh.periodic) and lengths != mesh.cells and component < 3:
            values = values - _mean(values, mesh, lengths)
        for axis, odd in enumerate(odd_axes):
            values = _transform(values, 2 - axis, lengths[axis], odd)
        # Each of the two odd axes contributes a factor i.
        spectrum[component] = -values if component >= 3 else values
    if all(mesh.periodic) and lengths == mesh.cells:
        spectrum[:, 0, 0, 0] = 0.0
    return spectrum


def _unfold(values: NDArray[np.float64], axis: int, n: int, odd: bool) -> NDArray[np.float64]:
    """Offsets 0 ... n - 1 of a function of period n, even or odd, given at 0 ... n // 2."""
    beyond = np.take(values, range((n - 1) // 2, 0, -1), axis=axis)
    return np.concatenate([values, -beyond if odd else beyond], axis=axis)


def _mean(values: NDArray[np.float64], mesh: Mesh, lengths: tuple[int, int, int]) -> float:
    """Mean over all cells of a function that is even in each coordinate, unfolded along padded axes."""
    for axis, n in enumerate(mesh.cells):
        if lengths[axis] == n:
            values = _unfold(values, 2 - axis, n, odd=False)
    return float(values.mean())


def _transform(values: NDArray[np.float64], axis: int, length: int, odd: bool) -> NDArray[np.float64]:
    """Transform along one axis of an even or odd function given at 0 ... n - 1: the real or the imaginary part."""
    values = np.moveaxis(values, axis, -1)
    n = values.shape[-1]
    whole = np.zeros((*values.shape[:-1], length))
    mirrored = values[..., min(n - 1, (length - 1) // 2) : 0 : -1]
    whole[..., :n] = values
    whole[..., length - mirrored.shape[-1] :] = -mirrored if odd else mirrored
    transformed = scipy.fft.rfft(whole, axis=-1, overwrite_x=True)
    return np.moveaxis(transformed.imag if odd else transformed.real, -1, axis)
