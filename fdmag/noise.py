"""Standard normal numbers of the thermal field, a function of (seed, replica, step, cell): Philox and Box–Muller.

The mapping, the same on every device: Philox4x32-10 with key (seed mod 2³², seed / 2³²) and counter (cell, replica,
step, node) gives four words x0 … x3. With u = (x + ½) / 2³² the three normals of a cell are

    r(u0) cos 2πu1,   r(u0) sin 2πu1,   r(u2) cos 2πu3,   r(u) = sqrt(−2 ln u).

Their largest absolute value is 6.76. A cell is numbered (z ny + y) nx + x. Node 0 belongs to the step as a whole; if a
step is divided, node k belongs to the division of its part k into the parts 2k and 2k + 1, part 1 being the step.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11 (2011);
G. E. P. Box and M. E. Muller, Ann. Math. Stat. 29, 610 (1958).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_DIVISIONS = 23
"""How often a step may be halved: the numbers of its parts are then exact in float32."""

_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


def philox(counter: ArrayLike, key: ArrayLike) -> NDArray[np.uint32]:
    """Return the words of Philox4x32-10, (4, ...).

    Parameters
    ----------
    counter : array of words (4, ...)
    key : array of words (2, ...), of shapes that broadcast with the counter's

    >>> [f"{word:08x}" for word in philox([0, 0, 0, 0], [0, 0])]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    x0, x1, x2, x3 = np.asarray(counter, dtype=np.uint64)
    k0, k1 = np.asarray(key, dtype=np.uint64)
    for _ in range(10):
        first, second = _MULTIPLIERS[0] * x0, _MULTIPLIERS[1] * x2
        x0, x1, x2, x3 = (second >> _HALF) ^ x1 ^ k0, second & _WORD, (first >> _HALF) ^ x3 ^ k1, first & _WORD
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return np.stack(np.broadcast_arrays(x0, x1, x2, x3)).astype(np.uint32)


def normals(
    seed: ArrayLike, replica: ArrayLike, step: ArrayLike, node: ArrayLike, cell: ArrayLike
) -> NDArray[np.float64]:
    """Return three standard normal numbers, (3, ...), for seeds and indices whose shapes broadcast."""
    given = (np.asarray(each, dtype=np.uint64) for each in (seed, cell, replica, step, node))
    key, *counter = np.broadcast_arrays(*given)
    words = philox(np.stack(counter), np.stack([key & _WORD, key >> _HALF]))
    u = (words + 0.5) / 2.0**32
    radius, angle = np.sqrt(-2 * np.log(u[[0, 2]])), 2 * np.pi * u[[1, 3]]
    return np.stack([radius[0] * np.cos(angle[0]), radius[0] * np.sin(angle[0]), radius[1] * np.cos(angle[1])])


def increments(
    seed: ArrayLike, replica: ArrayLike, step: ArrayLike, part: ArrayLike, cell: ArrayLike
) -> NDArray[np.float64]:
    """Return ΔW / sqrt(Δt) of Brownian motion over one part of a step, (3, ...), for indices whose shapes broadcast.

    Part 1 is the step, of which ΔW = sqrt(Δt) n with n of node 0. In the middle of part k of length Δt Brownian motion
    between its ends is normal with the mean of both and the variance Δt/4 (Brownian bridge): with n of node k,
    its halves have ΔW/2 ± sqrt(Δt)/2 n. So all divisions of a step see one and the same path.

    Source: J. G. Gaines and T. J. Lyons, SIAM J. Appl. Math. 57, 1455 (1997), section 4.
    """
    part = np.asarray(part, dtype=np.int64)
    result = normals(seed, replica, step, 0 * part, cell)
    for division in range(int(part.max(initial=1)).bit_length() - 1, 0, -1):
        # Where a part has fewer divisions than the deepest one, its first ones are none.
        parent, half = part >> division, (part >> division - 1) & 1
        bridge = normals(seed, replica, step, np.maximum(parent, 0), cell)
        result = np.where(parent > 0, (result + (1 - 2 * half) * bridge) * np.sqrt(0.5), result)
    return result


class Drawing(Protocol):
    """`increments` in all cells of some replicas, on a device that has them drawn ahead of a step."""

    def __call__(
        self,
        rows: NDArray[np.intp],
        seed: NDArray[np.uint64],
        place: NDArray[np.uint64],
        part: NDArray[np.int64],
        divided: bool,
    ) -> NDArray:
        """Return those of the replicas ``rows`` (n,), (n, 3, nz, ny, nx), valid until the next call.

        ``place`` is the replica's number plus 2³² times that of the step; with ``divided`` other parts of the steps
        will be asked for.
        """

    def nothing(self) -> NDArray:
        """Return zeros for every replica, (1, 3, nz, ny, nx)."""


class Noise:
    """Which part of which step the replicas are in; terms that are noise read it, what steps a state sets it.

    Attributes
    ----------
    drawing : Drawing or None
        What draws the numbers ahead of a step; None where they are computed in each evaluation.
    rows : int array (n,) or None
        Replicas that are in a step now, in the order of the evaluation; None outside of steps.
    step, part : int arrays (n,)
        Number of the step, and part of it (see `increments`).
    dt : array (n,)
        Length of the part [s].
    divided : bool
        Whether steps may have more than one part.
    drawn : array (n, 3, nz, ny, nx) or None
        What ``drawing`` gave for these parts, if it was asked.
    """

    def __init__(self, drawing: Drawing | None = None) -> None:
        self.drawing = drawing
        self.rows: NDArray[np.intp] | None = None
        self.step = self.part = np.zeros(0, np.int64)
        self.dt = np.zeros(0)
        self.divided = False
        self.drawn: NDArray | None = None

    @contextmanager
    def during(
        self, rows: NDArray[np.intp], step: NDArray, part: NDArray, dt: NDArray, divided: bool
    ) -> Iterator[None]:
        """Let the replicas ``rows``, (n,), be in these parts of steps."""
        before = self.rows, self.step, self.part, self.dt, self.divided
        self.rows, self.step, self.part, self.dt, self.divided = rows, step, part, dt, divided
        self.drawn = None
        try:
            yield
        finally:
            self.rows, self.step, self.part, self.dt, self.divided = before
            self.drawn = None

    def narrowed(self, chosen: NDArray[np.intp]) -> AbstractContextManager[None]:
        """Return what makes the evaluation be for some of its rows alone."""
        assert self.rows is not None
        return self.during(self.rows[chosen], self.step[chosen], self.part[chosen], self.dt[chosen], self.divided)
