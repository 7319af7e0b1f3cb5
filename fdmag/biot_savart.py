"""The magnetic field of any current map: Biot–Savart's law, averaged over cells, as a convolution.

B(r) = (µ0/4π) ∫ J(r') × (r − r')/|r − r'|³ dV' with J constant in each cell and B averaged over each cell is
B_i = (µ0/4π) Σ_j J_j × K(r_i − r_j), where K(R) = (1/V) ∫∫ (r − r')/|r − r'|³ dV dV' over two cells at offset R.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.constants import MU_0
from fdmag.errors import ParameterError
from fdmag.mesh import AXES, Mesh

NEAR = 12  # longest edges; up to here by closed forms, whose differences lose digits with the distance
_NODES = ((0.0, 7 / 12), (0.4**0.5, 5 / 24), (-(0.4**0.5), 5 / 24))
"""Nodes [cells] and weights of Gauss's rule for the difference of two places, each anywhere in its cell."""


class BiotSavart:
    """The linear map from a current density to its field.

    Parameters
    ----------
    mesh : Mesh
        Its periodic axes are endless.
    endless : str
        Axes, such as "z", along which the current goes on unchanged beyond the mesh, as in leads: it must be the same
        all along them. Along others it is what flows inside the mesh.

    Raises
    ------
    ParameterError
        If ``endless`` does not name axes.

    Notes
    -----
    The field is that of the given map, whether it is free of sources or not. With three endless axes there is none.
    K is exact to 1e-7 of itself.

    >>> mesh = Mesh((41, 41, 1), (1e-9, 1e-9, 1e-9))
    >>> wire = np.zeros((1, 3, *mesh.shape))
    >>> wire[0, 2, 0, 20, 20] = 1e12  # 1 µA along +z, through the centre: right-handed about z
    >>> B = BiotSavart(mesh, endless="z")(wire)
    >>> print(f"{B[0, 1, 0, 20, 35] * 1e6:.4f} µT, {MU_0 * 1e-6 / (2 * np.pi * 15e-9) * 1e6:.4f} µT")
    13.3333 µT, 13.3333 µT
    """

    def __init__(self, mesh: Mesh, endless: str = "") -> None:
        if not isinstance(endless, str) or set(endless) - set(AXES):
            raise ParameterError(f'endless = {endless!r}; allowed: axes the current goes on along, such as "z" or ""')
        self.mesh = mesh
        self._endless = tuple(axis in endless or wraps for axis, wraps in zip(AXES, mesh.periodic, strict=True))
        self._lengths = tuple(
            1 if forever else int(scipy.fft.next_fast_len(2 * n - 1))
            for n, forever in zip(mesh.cells, self._endless, strict=True)
        )
        self._spectrum = scipy.fft.rfftn(self._kernel(), axes=(1, 2, 3)) * (MU_0 / (4 * np.pi))

    def __call__(self, J: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return B [T], (batch, 3, nz, ny, nx), of J [A/m²], (batch, 3, nz | 1, ny | 1, nx | 1).

        Raises
        ------
        ParameterError
            If J differs along an axis along which it is to go on unchanged.
        """
        J = np.asarray(J, dtype=np.float64)
        scale = np.abs(J).max()
        for axis, forever in enumerate(self._endless):
            if forever and np.ptp(J, axis=-1 - axis).max() > 1e-9 * scale:
                raise ParameterError(
                    f"the current density varies along {AXES[axis]}, where it is endless or the mesh is periodic; "
                    f"let it be the same all along {AXES[axis]}"
                )
        shape = [1 if forever else n for n, forever in zip(self.mesh.shape, self._endless[::-1], strict=True)]
        J = J[(..., *(slice(0, 1) if forever else slice(None) for forever in self._endless[::-1]))]
        J = np.broadcast_to(J, (*J.shape[:2], *shape))
        B = np.empty((len(J), 3, *self.mesh.shape))
        for replica, current in zip(B, J, strict=True):
            waves = scipy.fft.rfftn(current, s=self._lengths[::-1], axes=(1, 2, 3))
            for k in range(3):
                i, j = (k + 1) % 3, (k + 2) % 3
                product = waves[i] * self._spectrum[j] - waves[j] * self._spectrum[i]
                found = scipy.fft.irfftn(product, s=self._lengths[::-1])
                replica[k] = found[tuple(slice(0, n) for n in shape)]
        return B

    def _kernel(self) -> NDArray[np.float64]:
        """Return K [m] at every offset, (3, Nz, Ny, Nx), in the order of a discrete Fourier transform."""
        counts = [1 if forever else n for n, forever in zip(self.mesh.cells, self._endless, strict=True)]
        octant = cell_kernel([_along(axis, np.arange(n)) for axis, n in enumerate(counts)], self.mesh.cell_size,
                             self._endless)  # fmt: skip
        octant = np.pad(octant, [(0, 0), (0, 1), (0, 1), (0, 1)])  # nothing beyond
        steps = [np.rint(scipy.fft.fftfreq(length, 1 / length)).astype(int) for length in self._lengths]
        x, y, z = (np.minimum(np.abs(step), n) for step, n in zip(steps, counts, strict=True))
        K = octant[:, z[:, None, None], y[:, None], x]
        for axis, step in enumerate(steps):
            K[axis] *= _along(axis, np.sign(step))  # odd along its own axis, even along the others
        return K


def cell_kernel(
    offset: Sequence[NDArray[np.float64]], cell_size: Sequence[float], endless: Sequence[bool] = (False, False, False)
) -> NDArray[np.float64]:
    """Return K(R) = (1/V) ∫∫ (r − r')/|r − r'|³ dV dV' over two cells, (3, ...) [m].

    Parameters
    ----------
    offset : x, y, z of R in cells, arrays that broadcast
    cell_size : (dx, dy, dz) [m]
    endless : three bools
        Axes along which the source is a prism without end.
    """
    size = np.array(cell_size, dtype=np.float64)
    unit = size.max()
    d = size / unit
    x = np.array(np.broadcast_arrays(*offset), dtype=np.float64)
    open_axes = [axis for axis, forever in enumerate(endless) if not forever]
    K = np.zeros(x.shape)
    if not open_axes:
        return K
    if len(open_axes) == 1:  # a sheet of current
        (axis,) = open_axes
        K[axis] = 2 * np.pi * d[axis] * np.sign(x[axis])
        return K * unit
    distance = np.sqrt(sum((x[axis] * d[axis]) ** 2 for axis in open_axes))
    near = distance <= NEAR
    volume = np.prod(d[open_axes])
    for place, axis in enumerate(open_axes):
        # The antiderivatives and the far field are written for the component along the first of their arguments.
        order = [open_axes[(place + k) % len(open_axes)] for k in range(len(open_axes))]
        K[axis][near] = _near([x[k][near] for k in order], d[order]) / volume
        K[axis][~near] = _far([x[k][~near] for k in order], d[order]) * volume
    return K * unit


def _near(x: list[NDArray], d: NDArray) -> NDArray:
    """Return the integral over both cells, as second differences of an antiderivative along each axis."""
    primitive = _primitive_3d if len(x) == 3 else _primitive_2d
    total = np.zeros(x[0].shape)
    for shift in itertools.product((-1, 0, 1), repeat=len(x)):
        weight = np.prod([-2.0 if step == 0 else 1.0 for step in shift])
        total += weight * primitive(*((value + step) * edge for value, step, edge in zip(x, shift, d, strict=True)))
    return total


def _far(x: list[NDArray], d: NDArray) -> NDArray:
    """Return the mean of x/R³, or 2x/ρ² in two dimensions, over both cells by Gauss's rule."""
    total = np.zeros(x[0].shape)
    for nodes in itertools.product(_NODES, repeat=len(x)):
        moved = [(value + node) * edge for value, (node, _), edge in zip(x, nodes, d, strict=True)]
        square = sum(value**2 for value in moved)
        weight = np.prod([weight for _, weight in nodes])
        total += weight * moved[0] * (square**-1.5 if len(x) == 3 else 2 / square)
    return total


def _primitive_3d(x: NDArray, y: NDArray, z: NDArray) -> NDArray:
    """Return H with ∂x² ∂y² ∂z² H = x/R³."""
    R = np.sqrt(x * x + y * y + z * z)
    logarithms = (
        (y**4 + z**4 - 6 * y * y * z * z) * _arsinh(x, np.hypot(y, z))
        + 4 * x * y * (x * x - 3 * z * z) * _arsinh(y, np.hypot(x, z))
        + 4 * x * z * (x * x - 3 * y * y) * _arsinh(z, np.hypot(x, y))
    )
    angles = (
        12 * x * x * y * z * _arctan(y * z, x * R)
        + 4 * y**3 * z * _arctan(x * z, y * R)
        + 4 * y * z**3 * _arctan(x * y, z * R)
    )
    return (logarithms + angles - x * (2 * x * x - 3 * y * y - 3 * z * z) * R) / 24


def _primitive_2d(x: NDArray, y: NDArray) -> NDArray:
    """Return H with ∂x² ∂y² H = 2x/ρ²."""
    square = x * x + y * y
    logarithm = np.log(np.where(square > 0, square, 1))
    angles = 6 * x * x * y * _arctan(y, x) + 2 * y**3 * _arctan(x, y)
    return (x * (3 * y * y - x * x) * logarithm + angles) / 6


def _arsinh(a: NDArray, b: NDArray) -> NDArray:
    """Return arsinh(a/b); 0 where b = 0, where its factor is 0."""
    return np.where(b > 0, np.arcsinh(a / np.where(b > 0, b, 1)), 0)


def _arctan(a: NDArray, b: NDArray) -> NDArray:
    """Return arctan(a/b); 0 where b = 0, where its factor is 0."""
    return np.where(b != 0, np.arctan(a / np.where(b != 0, b, 1)), 0)


def _along(axis: int, values: NDArray) -> NDArray:
    shape = [1, 1, 1]
    shape[2 - axis] = -1
    return values.reshape(shape)
