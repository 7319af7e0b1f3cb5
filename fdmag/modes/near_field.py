"""A sparse matrix near to the stiffness of a linearised magnet, read off its response to few vectors."""

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.modes.linearised import Linearised

COLOURS = 7
NEIGHBOURS = ((0, 0, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))


def near_stiffness(linearised: Linearised) -> "scipy.sparse.csc_array":
    """Return a matrix near to K [rad/s], (size, size).

    What acts between neighbours is read off exactly: with the colours (x + 2y + 3z) mod 7 a cell and its six neighbours
    have seven different ones, so that fourteen evaluations tell every coefficient. The field of far cells, the
    demagnetising field, is replaced by what m has of it if it is the same everywhere. Couplings across more than one
    cell are misplaced; a preconditioner may be so.
    """
    near, far = linearised.local_names()
    cells = linearised.size // 2
    blocks = np.zeros((2, 2, cells))
    if far:
        blocks += _uniform_response(linearised, far)
    blocks[[0, 1], [0, 1]] += linearised.along
    numbers = np.arange(cells)
    rows, columns, values = _entries(numbers, numbers, blocks, cells)
    if near:
        partner = _partners(linearised.moving, linearised.mesh.periodic)
        for colour in range(COLOURS):
            seen = np.flatnonzero(partner[colour] >= 0)
            probes = np.zeros((2, 2, cells))
            probes[[0, 1], [0, 1]] = partner[colour] == numbers
            answer = linearised.stiffness(probes.reshape(2, -1), near).reshape(2, 2, cells).swapaxes(0, 1)
            more = _entries(seen, partner[colour, seen], answer[:, :, seen], cells)
            rows, columns, values = (np.concatenate(each) for each in zip((rows, columns, values), more, strict=True))
    return scipy.sparse.csc_array((values, (rows, columns)), shape=(2 * cells, 2 * cells))


def _entries(
    cell: NDArray[np.intp], of: NDArray[np.intp], blocks: NDArray[np.float64], cells: int
) -> tuple[NDArray, NDArray, NDArray]:
    """Return rows, columns and values of 2 × 2 blocks (to, from, n) between cells."""
    places = [(to, source) for to in range(2) for source in range(2)]
    return (
        np.concatenate([to * cells + cell for to, _ in places]),
        np.concatenate([source * cells + of for _, source in places]),
        np.concatenate([blocks[to, source] for to, source in places]),
    )


def _uniform_response(linearised: Linearised, far: list[str]) -> NDArray[np.float64]:
    """Return what the fields of far cells make of K if v is the same everywhere, (to, from, cells)."""
    uniform = np.zeros((3, 3, *linearised.mesh.shape))
    uniform[range(3), range(3)] = linearised.moving
    field = linearised.field_of(uniform, far)
    axes = np.stack([linearised.e1, linearised.e2])
    return -linearised.rate * np.einsum("tkn,jkn,sjn->tsn", axes, field, axes)


def _partners(moving: NDArray[np.bool_], periodic: tuple[bool, bool, bool]) -> NDArray[np.intp]:
    """Return for each colour and cell the number of the one among the cell and its neighbours, or −1, (7, cells)."""
    numbers = np.full(moving.shape, -1)
    numbers[moving] = np.arange(moving.sum())
    padded = numbers
    for axis in range(3):
        width = [(1, 1) if k == axis else (0, 0) for k in range(3)]
        mode = {"mode": "wrap"} if periodic[2 - axis] else {"constant_values": -1}
        padded = np.pad(padded, width, **mode)
    place = np.nonzero(moving)
    z, y, x = place
    colour = (x + 2 * y + 3 * z) % COLOURS
    partner = np.full((COLOURS, colour.size), -1)
    for step in NEIGHBOURS[::-1]:  # the cell itself last: it holds where periodic seams break the pattern
        other = padded[z + 1 + step[2], y + 1 + step[1], x + 1 + step[0]]
        seen = np.flatnonzero(other >= 0)
        partner[colour[other[seen]], seen] = other[seen]
    return partner
