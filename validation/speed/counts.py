"""Bytes and operations per cell that an evaluation cannot do without: the floor that times are compared with."""

from math import log2

from fdmag.demag.host import host_lengths
from fdmag.mesh import Mesh
from validation.speed.problem import CELL_SIZE, n_cells

Cells = tuple[int, int, int]


def demag_bytes(cells: Cells, itemsize: int) -> float:
    """Bytes per cell of the convolution: M and B once, S written and read twice, the kernel read.

    S, the waves after y, holds Py / 2 complex rows (one more in three dimensions) of nx nz cells and components.
    Stores past the cache are assumed: ordinary ones would read M's and half of S's lines once more.

    >>> demag_bytes((512, 512, 1), 4)  # 6 + 4 × 6 + 4 (1 + 1 / 1024) numbers of 4 bytes, rows being Py / 2
    136.0...
    """
    return (6 * n_cells(cells) + _between(cells)) * itemsize / n_cells(cells)


def slope_bytes(cells: Cells, itemsize: int) -> float:
    """Bytes per cell of the right-hand side: those of the convolution, m read again with B, dm/dt written for B.

    The local terms take B while it is in the cache; parameters that are alike in all cells are no bytes.
    """
    return (9 * n_cells(cells) + _between(cells)) * itemsize / n_cells(cells)


def demag_flops(cells: Cells) -> float:
    """Operations per cell: 5 P log2 P for a complex transform, rows of zeros left out, and the products.

    Higher radices need about a fifth less than this usual count.
    """
    (nx, _, nz), (px, py, pz) = cells, _lengths(cells)
    rows = _rows(cells)
    along_y = 1.5 * nx * nz * 5 * py * log2(py)
    along_z = 3 * rows * nx * 5 * pz * log2(pz)
    along_x = 3 * rows * pz * 5 * px * log2(px)
    products = (14 if nz == 1 else 30) * px * rows * pz
    return (2 * (along_y + along_z + along_x) + products) / n_cells(cells)


def slope_flops(cells: Cells) -> float:
    """Operations per cell of the right-hand side: the convolution and, without divisions, the local terms.

    Exchange, for each axis with neighbours and component, (above − m) + (below − m), times a weight, added: 5.
    Uniaxial anisotropy, m·u (5), times 2 Ku1 / Ms (1), times u and added (6): 12. Zeeman and demag added: 6.
    Torque, m × B (9), m × (m × B) (9), their weighted sum (9): 27.

    >>> slope_flops((64, 64, 64)) - demag_flops((64, 64, 64))
    90.0
    """
    return demag_flops(cells) + 15 * sum(n > 1 for n in cells) + 12 + 6 + 27


def _lengths(cells: Cells) -> Cells:
    return host_lengths(Mesh(cells, CELL_SIZE))


def _rows(cells: Cells) -> float:
    _, py, _ = _lengths(cells)
    return py / 2 if cells[2] == 1 and py % 2 == 0 else py // 2 + 1


def _between(cells: Cells) -> float:
    """Numbers that pass besides input and output: S four times, and the octant of the kernel."""
    (nx, _, nz), (px, _, pz) = cells, _lengths(cells)
    waves = 3 * 2 * _rows(cells) * nx * nz
    kernel = (4 if nz == 1 else 6) * (px // 2 + 1) * _rows(cells) * (pz // 2 + 1)
    return 4 * waves + kernel
