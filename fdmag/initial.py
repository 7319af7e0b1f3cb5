"""Initial magnetisation: random, vortices, skyrmions, walls, helices. Each returns vectors (batch | 1, 3, nz, ny, nx).

Where a texture has a ``chirality``, 1 is the sense that a positive D favours: that of the interfacial DMI with the film
normal +z for style "neel", that of the bulk DMI for style "bloch". Values out of range raise `ParameterError`.
"""

from collections.abc import Sequence
from math import pi
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import Mesh
from fdmag.shapes import checks

Style = Literal["neel", "bloch"]
STYLES = ("neel", "bloch")


def random(mesh: Mesh, seed: int, batch: int = 1, first_replica: int = 0) -> NDArray[np.float64]:
    """Return directions spread evenly over the sphere, independent in each cell and replica.

    Replica r, counted from ``first_replica``, gets the same vectors whatever the number of replicas.

    >>> m = random(Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9)), seed=1, batch=2)
    >>> m.shape
    (2, 3, 1, 1, 2)
    """
    checks.integer(seed, "random: seed", 0)
    checks.integer(batch, "random: batch", 1)
    checks.integer(first_replica, "random: first_replica", 0)
    streams = (np.random.default_rng([seed, replica]) for replica in range(first_replica, first_replica + batch))
    vectors = np.stack([stream.standard_normal((3, *mesh.shape)) for stream in streams])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def vortex(
    mesh: Mesh,
    center: Sequence[float] = (0.0, 0.0),
    circulation: int = 1,
    polarity: int = 1,
    core_radius: float = 10e-9,
) -> NDArray[np.float64]:
    """Return a vortex about the z axis through ``center`` (x, y) [m].

    Parameters
    ----------
    circulation : 1 or -1
        1: counter-clockwise seen from +z, so that m points along +y at points with x above the centre.
    polarity : 1 or -1
        Sign of mz in the core.
    core_radius : float [m]
        Where mz has fallen from 1 to 0 in the profile of N. A. Usov and S. E. Peschany, JMMM 118, L290 (1993):
        mz = (a² − r²) / (a² + r²) inside the radius a, 0 outside.
    """
    angle = checks.sign(circulation, "vortex: circulation") * pi / 2
    return _about_core(mesh, center, 1, angle, polarity, core_radius, "vortex")


def antivortex(
    mesh: Mesh,
    center: Sequence[float] = (0.0, 0.0),
    angle: float = 0.0,
    polarity: int = 1,
    core_radius: float = 10e-9,
) -> NDArray[np.float64]:
    """Return an antivortex about the z axis through ``center`` (x, y) [m]: m turns against the way around it.

    Parameters
    ----------
    angle : float [rad]
        Direction of m, from +x towards +y, on the +x side of the core. At 0 m points away from the core along x and
        towards it along y.
    polarity, core_radius
        As for `vortex`.
    """
    checks.number(angle, "antivortex: angle")
    return _about_core(mesh, center, -1, angle, polarity, core_radius, "antivortex")


def skyrmion(
    mesh: Mesh,
    radius: float,
    width: float = 5e-9,
    style: Style = "neel",
    center: Sequence[float] = (0.0, 0.0),
    polarity: int = 1,
    chirality: int = 1,
    charge: int | None = None,
) -> NDArray[np.float64]:
    """Return a skyrmion in a domain along z; along periodic axes the nearest image counts.

    The angle from the core's direction is 2 atan(sinh(R/w) / sinh(r/w)), measured from the far side: X. S. Wang,
    H. Y. Yuan and X. R. Wang, Commun. Phys. 1, 31 (2018), eq. 4.

    Parameters
    ----------
    radius : float [m]
        R, where mz = 0.
    width : float [m]
        w, the width parameter of the wall around it.
    style : "neel" or "bloch"
        Whether m in the wall is radial or tangential.
    polarity : 1 or -1
        Sign of mz in the core; outside it is the opposite.
    chirality : 1 or -1
        1: a Néel skyrmion's wall points to the domain along +z; a Bloch one's turns like a right-handed screw.
    charge : int, not 0
        Topological charge (1/4π) ∫ m · (∂x m × ∂y m) dx dy. By default the polarity; its opposite makes an
        antiskyrmion, multiples wind several times.

    Raises
    ------
    ParameterError
        If a number is out of its range.
    """
    _check_style(style, "skyrmion")
    checks.length(radius, "skyrmion: radius")
    checks.length(width, "skyrmion: width")
    checks.numbers(center, 2, "skyrmion: center")
    checks.sign(polarity, "skyrmion: polarity")
    checks.sign(chirality, "skyrmion: chirality")
    charge = polarity if charge is None else charge
    if isinstance(charge, bool) or not isinstance(charge, int | np.integer) or charge == 0:
        raise ParameterError(f"skyrmion: charge = {charge!r}; an integer other than 0 is needed")
    x, y = (_nearest(mesh, axis, center[axis]) for axis in (0, 1))
    r = np.hypot(x, y)
    exponent = np.clip((radius - r) / width, -300, 300)
    ratio = np.exp(exponent) * np.expm1(-2 * radius / width) / np.minimum(np.expm1(-2 * r / width), -1e-100)
    theta = 2 * np.arctan(ratio)  # π in the core, 0 far away
    helicity = -polarity * pi / 2 if style == "bloch" else (1 + polarity) * pi / 2
    if chirality < 0:
        helicity += pi
    phi = polarity * charge * np.arctan2(y, x) + helicity
    return _stacked(mesh, np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), -polarity * np.cos(theta))


def helix(
    mesh: Mesh,
    period: float,
    direction: Sequence[float] = (1.0, 0.0, 0.0),
    style: Style = "bloch",
    normal: Sequence[float] = (0.0, 0.0, 1.0),
    chirality: int = 1,
    phase: float = 0.0,
) -> NDArray[np.float64]:
    """Return a helix (style "bloch": m turns about the wave vector) or a cycloid ("neel": m turns towards it).

    m = n cos s + c (q × n) sin s or, with n towards +z, n cos s - c q sin s, where s = 2π q·r / period + phase and c is
    the chirality.

    Parameters
    ----------
    period : float [m]
        Distance over which m turns once; along a periodic axis, choose one that divides the mesh.
    direction : vector
        Of the wave vector q.
    normal : vector
        m at s = 0; made perpendicular to q.
    phase : float [rad]

    Raises
    ------
    ParameterError
        If the period is not above 0, or normal and direction are parallel.
    """
    _check_style(style, "helix")
    checks.length(period, "helix: period")
    checks.sign(chirality, "helix: chirality")
    checks.number(phase, "helix: phase")
    q, n, other = _frame(direction, normal, style, "helix")
    s = 2 * pi / period * (q[0] * mesh.x + q[1] * mesh.y + q[2] * mesh.z) + phase
    return _turned(mesh, n, other, chirality * s)


def walls(
    mesh: Mesh,
    positions: Sequence[float],
    axis: str = "x",
    width: float = 5e-9,
    style: Style = "bloch",
    normal: Sequence[float] = (0.0, 0.0, 1.0),
    chirality: int | Sequence[int] = 1,
) -> NDArray[np.float64]:
    """Return domains along ``normal`` and against it in turn, with 180 degree walls at ``positions`` between them.

    Walls of the same chirality wind up: a pair of them is a 360 degree wall, which no continuous motion removes.

    Parameters
    ----------
    positions : sequence of float [m]
        Places on the axis. Along a periodic axis their number must be even; images on both sides count.
    axis : "x", "y" or "z"
        Axis across the walls.
    width : float [m]
        Wall-width parameter Δ, sqrt(A/K).
    style : "bloch" or "neel"
        Whether m inside a wall lies in its plane or points across it.
    normal : vector
        m of the first domain; made perpendicular to the axis.
    chirality : 1, -1, or one of them for each wall

    Raises
    ------
    ParameterError
        If the numbers of positions and chiralities do not fit, or a value is out of range.
    """
    _check_style(style, "walls")
    index = checks.axis_number(axis, "walls: axis")
    checks.length(width, "walls: width")
    several = isinstance(chirality, Sequence | np.ndarray) and not isinstance(chirality, str)
    senses = list(chirality) if several else [chirality] * len(positions)  # type: ignore[arg-type]
    if len(positions) == 0 or len(senses) != len(positions):
        raise ParameterError(
            f"walls: {len(positions)} position(s), chirality = {chirality}; give at least one position, and 1 or -1 "
            "for all walls or for each"
        )
    places = checks.numbers(positions, len(positions), "walls: positions")
    senses = [checks.sign(sense, "walls: chirality") for sense in senses]
    if mesh.periodic[index] and len(positions) % 2:
        raise ParameterError(f"walls: {len(positions)} across the periodic axis {axis}; an even number is needed")
    direction = [float(i == index) for i in range(3)]
    _, n, other = _frame(direction, normal, style, "walls")
    place, length = (mesh.x, mesh.y, mesh.z)[index], mesh.size[index]
    shifts = (-length, 0.0, length) if mesh.periodic[index] else (0.0,)
    angle = np.zeros(1)
    for position, sense in zip(places, senses, strict=True):
        for shift in shifts:
            s = np.clip((place - position - shift) / width, -700, 700)
            angle = angle + sense * 2 * np.arctan(np.exp(s))
    return _turned(mesh, n, other, angle)


def wall(
    mesh: Mesh,
    axis: str = "x",
    position: float = 0.0,
    width: float = 5e-9,
    before: Sequence[float] = (0.0, 0.0, 1.0),
    inside: Sequence[float] = (0.0, 1.0, 0.0),
    after: Sequence[float] = (0.0, 0.0, -1.0),
) -> NDArray[np.float64]:
    """Return a wall across an axis at ``position`` [m], from one direction to another through a third.

    Parameters
    ----------
    width : float [m]
        Wall-width parameter Δ, sqrt(A/K) for a Bloch wall.
    before, inside, after : vectors
        Directions below the position, at it, and above it. With before = −after the profile is exact:
        m = before (1 − tanh s)/2 + after (1 + tanh s)/2 + inside / cosh s, s = (x − position)/Δ.
    """
    place = (mesh.x, mesh.y, mesh.z)[checks.axis_number(axis, "wall: axis")]
    s = (place - checks.number(position, "wall: position")) / checks.length(width, "wall: width")
    s = np.clip(np.broadcast_to(s, mesh.shape), -300, 300)
    weights = ((1 - np.tanh(s)) / 2, 1 / np.cosh(s), (1 + np.tanh(s)) / 2)
    given = {"before": before, "inside": inside, "after": after}
    directions = [checks.direction(each, f"wall: {name}") for name, each in given.items()]
    m = np.asarray(sum(d[:, None, None, None] * weight for d, weight in zip(directions, weights, strict=True)))
    size = np.linalg.norm(m, axis=0)
    straight = np.linalg.matrix_rank(np.array(directions), tol=1e-9) == 1 and directions[0] @ directions[2] < 0
    if straight or np.any(size < 1e-9):
        came = ", ".join(f"{name} = {tuple(each)}" for name, each in given.items())
        raise ParameterError(f"wall: {came} cancel each other; give an inside across before and after")
    return np.asarray(m / size)[None]


def _about_core(
    mesh: Mesh, center: Sequence[float], winding: int, angle: float, polarity: int, core_radius: float, where: str
) -> NDArray[np.float64]:
    """Return a core along z, around which the in-plane angle is winding × (polar angle) + angle."""
    checks.numbers(center, 2, f"{where}: center")
    checks.sign(polarity, f"{where}: polarity")
    checks.length(core_radius, f"{where}: core_radius")
    x, y = mesh.x - center[0], mesh.y - center[1]
    squared = x**2 + y**2
    mz = np.where(squared < core_radius**2, (core_radius**2 - squared) / (core_radius**2 + squared), 0.0)
    phi = winding * np.arctan2(y, x) + angle
    in_plane = np.sqrt(1 - mz**2)
    return _stacked(mesh, in_plane * np.cos(phi), in_plane * np.sin(phi), polarity * mz)


def _nearest(mesh: Mesh, axis: int, position: float) -> NDArray[np.float64]:
    """Return the distance [m] of the cells from a position along an axis, or from its nearest image."""
    distance = (mesh.x, mesh.y, mesh.z)[axis] - position
    length = mesh.size[axis]
    return (distance + length / 2) % length - length / 2 if mesh.periodic[axis] else distance


def _frame(
    direction: Sequence[float], normal: Sequence[float], style: Style, where: str
) -> tuple[NDArray, NDArray, NDArray]:
    """Return unit vectors: the way, the normal made perpendicular to it, and the third that m passes through."""
    q, n = checks.direction(direction, f"{where}: direction"), checks.direction(normal, f"{where}: normal")
    n = n - q * (q @ n)
    if np.linalg.norm(n) < 1e-9:
        raise ParameterError(
            f"{where}: direction = {tuple(direction)} and normal = {tuple(normal)} are parallel; give two that differ"
        )
    n = n / np.linalg.norm(n)
    # A cycloid turns about q × (film normal), whichever of the two domains comes first.
    return q, n, ((q if n[2] < 0 else -q) if style == "neel" else np.cross(q, n))


def _turned(mesh: Mesh, start: NDArray, other: NDArray, angle: NDArray) -> NDArray[np.float64]:
    """Return start cos(angle) + other sin(angle)."""
    return _stacked(mesh, *(a * np.cos(angle) + b * np.sin(angle) for a, b in zip(start, other, strict=True)))


def _stacked(mesh: Mesh, *components: NDArray) -> NDArray[np.float64]:
    return np.stack([np.broadcast_to(component, mesh.shape) for component in components])[None]


def _check_style(style: str, where: str) -> None:
    if style not in STYLES:
        raise ParameterError(f'{where}: style = {style!r}; allowed: "neel", "bloch"{did_you_mean(str(style), STYLES)}')
