"""The demagnetising field on a GPU: transforms in shared memory (`kernels/cuda/demag.cu`), or CuPy's where too long."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fdmag.constants import MU_0
from fdmag.demag.cache import SpectrumCache, default_cache
from fdmag.demag.spectrum import demag_spectrum
from fdmag.errors import ParameterError
from fdmag.kernels.cuda import MOST_ROWS, THREADS, CudaDevice, DeviceArray, rows_table
from fdmag.kernels.cuda_source import cuda_demag_source
from fdmag.mesh import Mesh

RADICES = (8, 4, 2, 7, 5, 3)
_MOST_THREADS = 512  # of a block; its registers must suffice
_COLUMN_BYTES = 96 * 1024  # of shared memory for a block of columns: two blocks fit a multiprocessor
_ROW_BYTES = 48 * 1024
_WAVES_BYTES = 2**25  # of waves at a time, so that they find room in the second-level cache; other replicas come after


def cuda_lengths(mesh: Mesh) -> tuple[int, int, int]:
    """Transform lengths (x, y, z) of `CudaDemag`, with factors 2, 3, 5 and 7 only.

    Along a periodic axis of n cells n itself if it has no others; else, as along an open axis, at least 2 n - 1.

    >>> cuda_lengths(Mesh(cells=(200, 11, 1), cell_size=(1e-9, 1e-9, 1e-9), periodic="x"))
    (200, 21, 1)
    """
    x, y, z = (
        n if n == 1 or (wraps and factors(n) is not None) else _good_length(2 * n - 1)
        for n, wraps in zip(mesh.cells, mesh.periodic, strict=True)
    )
    return x, y, z


def factors(length: int) -> list[int] | None:
    """Return the radices of the passes of a transform, or None if there is another prime factor.

    >>> factors(48)
    [8, 2, 3]
    """
    found, rest = [], length
    for radix in RADICES:
        while rest % radix == 0:
            rest //= radix
            found.append(radix)
    return found if rest == 1 else None


def _good_length(least: int) -> int:
    """Return the length of at least `least` with the fewest points times passes."""
    costs = {n: n * (len(found) + 2) for n in range(least, 2 * least + 2) if (found := factors(n)) is not None}
    return min(costs, key=lambda n: (costs[n], n))


class Waves(NamedTuple):
    """Memory for the waves of some replicas at a time."""

    group: int
    array: DeviceArray


class CudaDemag:
    """Demagnetising field of a magnetisation on a mesh, B = -mu0 N * M, on a GPU.

    Parameters
    ----------
    device : CudaDevice
    mesh : Mesh
        Cells, cell size and periodic axes.
    dtype : float64 or float32
        Precision of the field. The tensor and its spectrum are computed in float64 either way.
    cache : SpectrumCache, None or "default"
        Where spectra are kept on disk; None for nowhere, "default" for `default_cache`.

    Attributes
    ----------
    lengths : (x, y, z)
        Transform lengths.
    in_shared_memory : bool
        Whether every transform fits the shared memory of a block. If not, CuPy's are used, which cannot be captured.
    """

    def __init__(
        self,
        device: CudaDevice,
        mesh: Mesh,
        dtype: DTypeLike,
        cache: SpectrumCache | Literal["default"] | None = "default",
    ) -> None:
        self.device = device
        self.mesh = mesh
        self.dtype = np.dtype(dtype)
        self.lengths = cuda_lengths(mesh)
        self._source = cuda_demag_source(self.dtype)
        self._complex = np.dtype(np.complex64 if self.dtype == np.float32 else np.complex128)
        x, y, z = self.lengths
        self._waves_y = y // 2 + 1
        shared = [self._bytes(3 * x), self._bytes(y), self._bytes(z)]
        self.in_shared_memory = max(shared) <= device.shared_bytes
        spectrum = demag_spectrum(mesh, default_cache() if cache == "default" else cache, self.lengths)
        # The transforms back are not normalised, and the waves along y in shared memory are doubled.
        scale = -MU_0 / float(np.prod(self.lengths, dtype=np.float64)) * (0.5 if self.in_shared_memory else 1)
        kernel = np.ascontiguousarray(np.moveaxis(spectrum, 0, 2) * scale, dtype=self.dtype)
        self._kernel = device.upload(kernel)
        self._components = len(spectrum)
        self._tables = [self._plan(length) for length in self.lengths]
        self._depth_wave = device.upload(wave_numbers(z))
        self._geometry()

    def bind(self, Ms: DeviceArray) -> DeviceArray:
        """Return the table the kernels read for a saturation magnetisation of (batch | 1, 1) or (batch | 1, 1, cells).

        The table points to ``Ms`` [A/m], which must be kept.
        """
        replica = Ms.size // Ms.shape[0]
        plans = [entry for table in self._tables for entry in table[0]]
        head = [*self.mesh.cells, *plans, self._waves_y, self._components, self._depth_wave.data.ptr]
        tail = [self._kernel.data.ptr, Ms.data.ptr, replica if Ms.shape[0] > 1 else 0, int(replica > 1)]
        return self.device.upload(np.array([*head, *tail], np.int64))

    def prepare(self, rows: int) -> "Waves":
        """Return the memory `apply` needs for so many rows; with it, transforms in shared memory can be captured."""
        each = 3 * self.lengths[2] * self._waves_y * self.mesh.cells[0]
        group = max(1, min(rows, _WAVES_BYTES // (each * self._complex.itemsize), MOST_ROWS))
        return Waves(group, self.device.empty(group * each if self.in_shared_memory else 0, self._complex))

    def apply(
        self, waves: "Waves", table: DeviceArray, rows: DeviceArray, count: int, m: DeviceArray, out: DeviceArray
    ) -> None:
        """Write the field [T] of the magnetisation Ms m of at most ``count`` rows.

        Parameters
        ----------
        waves : Waves
            From `prepare`.
        table : array
            From `bind`.
        rows : array
            Which replicas, see `rows_table`.
        count : int
        m, out : arrays (n, 3, nz, ny, nx)
        """
        run = self._shared if self.in_shared_memory else self._by_library
        for first in range(0, count, waves.group):
            run(waves.array, table, rows, first, min(waves.group, count - first), m, out)

    def __call__(self, magnetisation: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the field [T] of a magnetisation (batch, 3, nz, ny, nx) [A/m], both on the host."""
        magnetisation = np.ascontiguousarray(magnetisation, dtype=self.dtype)
        if magnetisation.ndim != 5 or magnetisation.shape[1:] != (3, *self.mesh.shape):
            raise ParameterError(
                f"demag: magnetisation has shape {magnetisation.shape}; needed is (batch, 3, nz, ny, nx) = "
                f"(batch, 3, {', '.join(map(str, self.mesh.shape))})"
            )
        batch, device = len(magnetisation), self.device
        one = device.upload(np.ones((1, 1), self.dtype))
        field = device.empty(magnetisation.shape, self.dtype)
        rows = device.upload(rows_table(np.arange(batch), compact=True))
        self.apply(self.prepare(batch), self.bind(one), rows, batch, device.upload(magnetisation), field)
        return device.fetch(field)

    def _geometry(self) -> None:
        """Choose blocks: how many columns or rows side by side, and how many threads for each."""
        x, y, z = self.lengths
        columns = -(-self.mesh.cells[0] // 2)
        self._side = _columns(columns, y, self._bytes(1000) / 1000)
        self._deep = _columns(self._waves_y * self.mesh.cells[0], z, self._bytes(1000) / 1000)
        lines = max(1, min(self._waves_y, int(_ROW_BYTES // self._bytes(3 * x)), _MOST_THREADS // 96))
        self._rows = max(1, min(_threads(x), _MOST_THREADS // (3 * lines))), 3 * lines

    def _shared(self, waves: DeviceArray, table: DeviceArray, rows: DeviceArray, first: int, group: int,
                m: DeviceArray, out: DeviceArray) -> None:  # fmt: skip
        nx, _, nz = self.mesh.cells
        x, y, z = self.lengths
        inner = self._waves_y * nx
        across = (-(-nx // (2 * self._side[0])), 3 * nz, group), self._side, self._bytes(self._side[0] * y)
        down = (-(-inner // self._deep[0]), 3, group), self._deep, self._bytes(self._deep[0] * z)
        lines = (-(-self._waves_y // (self._rows[1] // 3)), z, group), self._rows, self._bytes(self._rows[1] * x)
        self._launch("fd_columns", *across, table, rows, first, m, waves)
        if z > 1:
            self._launch("fd_depth", *down, table, rows, first, waves)
        self._launch("fd_rows", *lines, table, rows, first, waves)
        if z > 1:
            self._launch("fd_depth_back", *down, table, rows, first, waves)
        self._launch("fd_columns_back", *across, table, rows, first, waves, out)

    def _by_library(self, _: DeviceArray, table: DeviceArray, rows: DeviceArray, first: int, group: int,
                    m: DeviceArray, out: DeviceArray) -> None:  # fmt: skip
        device, (nx, ny, nz), (x, y, z) = self.device, self.mesh.cells, self.lengths
        cells = (-(-self.mesh.n_cells // THREADS), 1, group), (THREADS, 1), 0
        M = device.empty((group, 3, nz, ny, nx), self.dtype)
        self._launch("fd_magnetisation", *cells, table, rows, first, m, M)
        waves = device.transform("rfft", M, x, -1)
        waves = device.transform("fft", waves, y, -2)
        waves = device.contiguous(device.transform("fft", waves, z, -3))
        points = z * y * (x // 2 + 1)
        self._launch("fd_multiply", (-(-points // THREADS), 1, group), (THREADS, 1), 0, table, rows, first, waves)
        waves = device.transform("ifft", waves, z, -3)[:, :, :nz]
        waves = device.transform("ifft", waves, y, -2)[:, :, :, :ny]
        field = device.contiguous(device.transform("irfft", waves, x, -1)[..., :nx])
        self._launch("fd_keep", *cells, table, rows, first, field, out)

    def _launch(self, name: str, grid: tuple, block: tuple, shared: int, *arguments: object) -> None:
        self.device.launch(self.device.kernel(self._source, name, shared), grid, block, arguments, shared)

    def _bytes(self, points: int) -> int:
        """Return the shared memory of so many points, with the places that stay empty."""
        return (points + (points >> (4 if self.dtype == np.float32 else 3)) + 1) * self._complex.itemsize

    def _plan(self, length: int) -> tuple[list[int], list[DeviceArray]]:
        """Return ``Plan`` of the kernels as numbers, and the arrays it points to."""
        radices = factors(length) or []
        k = np.arange(length)
        roots = self.device.upload(np.exp(-2j * np.pi * k / length).astype(self._complex))
        position = np.empty(length, np.int64)
        position[wave_numbers(length)] = k
        positions = self.device.upload(position)
        padded = radices + [0] * (16 - len(radices))
        return [length, len(radices), *padded, roots.data.ptr, positions.data.ptr], [roots, positions]


def wave_numbers(length: int) -> NDArray[np.int64]:
    """Return the wave number at each place after the passes of `factors`, decimated in frequency.

    >>> wave_numbers(6)
    array([0, 2, 4, 1, 3, 5])
    """
    waves = np.zeros(1, np.int64)
    for radix in reversed(factors(length) or []):
        waves = (waves * radix + np.arange(radix)[:, None]).ravel()
    return waves


def _threads(length: int) -> int:
    """Return how many threads share one transform: about one per butterfly of eight points."""
    return max(1, 2 ** int(np.ceil(np.log2(max(1, length // 8)))))


def _columns(wanted: int, length: int, bytes_per_point: float) -> tuple[int, int]:
    """Return how many columns a block handles side by side, a power of two, and threads for each."""
    width = 1
    while width < min(wanted, 32) and 2 * width * length * bytes_per_point <= _COLUMN_BYTES:
        width *= 2
    return width, max(1, min(_threads(length), _MOST_THREADS // width))
