"""Newell's closed form of the cell-to-cell demagnetising tensor, in double-double arithmetic.

Source: A. J. Newell, W. Williams, D. J. Dunlop, J. Geophys. Res. 98, 9551 (1993): f of eq. (27), g of
eq. (32), and the differences of eq. (19) and (28), which here are taken on the whole lattice at once.
"""

import numpy as np
from numpy.typing import NDArray

from fdmag.demag.double_double import DoubleDouble, arctan2, half_pi

COMPONENTS = ("xx", "yy", "zz", "xy", "xz", "yz")
"""Order of the six components of the symmetric tensor in every array of this package."""

_CHUNK = 4096  # lattice points per pass: all intermediate arrays stay in the cache


def newell_tensor(counts: tuple[int, int, int], cell_size: tuple[float, float, float]) -> NDArray[np.float64]:
    """Tensor between two cells offset by (i dx, j dy, k dz), for all 0 <= i, j, k below `counts`.

    B = -mu0 N M, hence N_xx + N_yy + N_zz = 1 at offset zero and 0 elsewhere.

    Parameters
    ----------
    counts : (nx, ny, nz)
        Number of offsets along each axis.
    cell_size : (dx, dy, dz) [any unit]
        Edge lengths; only their ratios matter. They should be of order 1.

    Returns
    -------
    float64 array (6, nz, ny, nx) in the order of `COMPONENTS`. Relative to the tensor's norm the error is
    about 1e-26 R^6 / (dx dy dz)^2 at distance R, but never below rounding to float64.
    """
    lattice = [DoubleDouble.product(np.arange(n + 1.0), d) for n, d in zip(counts, cell_size, strict=True)]
    shape = tuple(n + 1 for n in reversed(counts))
    size = int(np.prod(shape))
    potentials = [DoubleDouble(np.empty(size)) for _ in range(5)]
    for start in range(0, size, _CHUNK):
        part = slice(start, min(start + _CHUNK, size))
        k, j, i = np.unravel_index(np.arange(part.start, part.stop), shape)
        for potential, value in zip(potentials, _potentials(lattice[0][i], lattice[1][j], lattice[2][k]), strict=True):
            potential.hi[part], potential.lo[part] = value.hi, value.lo
    dx, dy, dz = cell_size
    tensor = np.empty((6, *reversed(counts)))
    for name, potential in zip(("xx", "yy", "xy", "xz", "yz"), potentials, strict=True):
        difference = DoubleDouble(potential.hi.reshape(shape), potential.lo.reshape(shape))
        for axis, letter in ((0, "z"), (1, "y"), (2, "x")):
            difference = _second_difference(difference, axis, odd=name[0] != name[1] and letter in name)
        tensor[COMPONENTS.index(name)] = difference.to_float() / (-24.0 * np.pi * dx * dy * dz)
    tensor[2] = -tensor[0] - tensor[1]
    tensor[2, 0, 0, 0] += 1.0
    return tensor


def _potentials(x: DoubleDouble, y: DoubleDouble, z: DoubleDouble) -> tuple[DoubleDouble, ...]:
    """Return 6 f for xx, yy and 6 g for xy, xz, yz at points with x, y, z >= 0.

    Terms of the form 0 * log(0) and 0 * arctan(0/0) are zero.
    """
    x2, y2, z2 = x.square(), y.square(), z.square()
    r = (x2 + y2 + z2).sqrt()
    log_x, log_y, log_z = _arsinh(x, y2 + z2, r), _arsinh(y, x2 + z2, r), _arsinh(z, x2 + y2, r)
    xy, xz, yz = x * y, x * z, y * z
    xyz = xy * z
    arc_x, arc_y = arctan2(yz, x * r), arctan2(xz, y * r)
    arc_z = half_pi() - arc_x - arc_y  # true for x, y, z > 0; on the planes below it is 0 or its factor is
    on_plane = xy.hi == 0.0
    arc_z.hi[on_plane], arc_z.lo[on_plane] = 0.0, 0.0
    y_log, z_log, x_log = y * log_y, z * log_z, x * log_x
    f_xx = ((z2 - x2) * y_log + (y2 - x2) * z_log - xyz * arc_x * 2.0) * 3.0 + (x2 * 2.0 - y2 - z2) * r
    f_yy = ((z2 - y2) * x_log + (x2 - y2) * z_log - xyz * arc_y * 2.0) * 3.0 + (y2 * 2.0 - x2 - z2) * r
    x2_arc, y2_arc, z2_arc = x2 * arc_x, y2 * arc_y, z2 * arc_z

    def g(a: DoubleDouble, b: DoubleDouble, ab: DoubleDouble, c: DoubleDouble, parts: tuple) -> DoubleDouble:
        a2, b2, c2, c_log, log_a, log_b, a2_arc, b2_arc, c2_arc = parts
        c2_3 = c2 * 3.0
        logs = ab * c_log * 6.0 + b * (c2_3 - b2) * log_a + a * (c2_3 - a2) * log_b
        return logs - c * ((a2_arc + b2_arc) * 3.0 + c2_arc) - ab * r * 2.0

    g_xy = g(x, y, xy, z, (x2, y2, z2, z_log, log_x, log_y, x2_arc, y2_arc, z2_arc))
    g_xz = g(x, z, xz, y, (x2, z2, y2, y_log, log_x, log_z, x2_arc, z2_arc, y2_arc))
    g_yz = g(y, z, yz, x, (y2, z2, x2, x_log, log_y, log_z, y2_arc, z2_arc, x2_arc))
    return f_xx, f_yy, g_xy, g_xz, g_yz


def _arsinh(a: DoubleDouble, rest: DoubleDouble, r: DoubleDouble) -> DoubleDouble:
    """arsinh(a / sqrt(rest)) with r² = a² + rest; 0 where rest = 0, as its factor there is 0."""
    on_axis = rest.hi == 0.0
    ratio = (r + a).square() / DoubleDouble(np.where(on_axis, 1.0, rest.hi), rest.lo)
    ratio.hi[on_axis], ratio.lo[on_axis] = 1.0, 0.0
    return ratio.log() * 0.5


def _second_difference(values: DoubleDouble, axis: int, odd: bool) -> DoubleDouble:
    """Difference values[i+1] - 2 values[i] + values[i-1] for i >= 0, continuing an even or odd function to -1."""

    def cut(part: slice) -> DoubleDouble:
        return values[(slice(None),) * axis + (part,)]

    first, last = cut(slice(1, 2)), cut(slice(1, None))
    below_hi = np.concatenate([-first.hi if odd else first.hi, cut(slice(0, -2)).hi], axis=axis)
    below_lo = np.concatenate([-first.lo if odd else first.lo, cut(slice(0, -2)).lo], axis=axis)
    return last - cut(slice(0, -1)) * 2.0 + DoubleDouble(below_hi, below_lo)
