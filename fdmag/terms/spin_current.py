"""What the torques of spin currents share: the vector product, facing cells of a stack, the height of a layer."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.parameter import Parameter
from fdmag.regions import Regions
from fdmag.terms.term import Context
from fdmag.terms.thickness import column_height


def cross(a: NDArray, b: NDArray) -> NDArray:
    """Return a × b over axis 1: (batch, 3, ...) and (batch, 3, ...) to (batch, 3, ...)."""
    parts = [a[:, j] * b[:, k] - a[:, k] * b[:, j] for j, k in ((1, 2), (2, 0), (0, 1))]
    return np.stack(parts, axis=1)


def facing_cells(regions: Regions, region: str, where: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many cells below and above each cell the nearest one of a region lies, (nz, ny, nx); 0: none.

    A cell of the region itself faces none, and neither does any across a periodic boundary.

    Raises
    ------
    ParameterError
        If the region is unknown, or no cell faces it.
    """
    try:
        mask = regions.mask(region)
    except ParameterError as error:
        raise ParameterError(f"{where}.reference: {error}") from error
    below = _steps_down(mask)
    above = _steps_down(mask[::-1])[::-1]
    if not below.any() and not above.any():
        raise ParameterError(
            f"{where}.reference: no cell lies above or below one of the region {region!r}; the free layer and the "
            "reference layer must be parts of one mesh, stacked along z"
        )
    return below, np.ascontiguousarray(above)


def complete_facing(term: Any, regions: Regions, Ms: Parameter) -> None:
    """Let only cells with Ms > 0 polarise: set ``below`` and ``above`` of a bound term, (nz, ny, nx), anew.

    In each column the nearest magnetic cell of the region counts; where it has none there is no torque.
    """
    mesh = regions.mesh
    mask = regions.mask(term.reference) & np.broadcast_to((Ms.base > 0).any(axis=(0, 1)), mesh.shape)
    steps = {"below": _steps_down(mask), "above": np.ascontiguousarray(_steps_down(mask[::-1])[::-1])}
    for key, array in steps.items():
        given: Parameter = getattr(term, key)
        setattr(term, key, Parameter(array, given.declaration, mesh, regions, given.where))


def _steps_down(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    steps = np.zeros(mask.shape)
    for k in range(1, len(mask)):
        steps[k] = np.where(mask[k - 1], 1, np.where(steps[k - 1] > 0, steps[k - 1] + 1, 0)) * ~mask[k]
    return steps


def facing(m: NDArray, steps: NDArray, context: Context) -> NDArray:
    """Return the m of the cells ``steps`` above (below where negative), (1, 1, nz, ny, nx); zero where steps = 0."""
    xp = context.xp
    index = (xp.arange(m.shape[2])[:, None, None] + steps[0, 0]).astype(int)
    found = xp.take_along_axis(m, xp.broadcast_to(index, (*m.shape[:2], *index.shape)), axis=2)
    return xp.where(steps != 0, found, 0)


class FoundThickness(Parameter):
    """A thickness that was found from the mesh, and is found again when another parameter is set."""


def complete_thickness(
    term: Any, active: NDArray[np.bool_], Ms: Parameter, regions: Regions, axis: Callable[[], int] = lambda: 2
) -> None:
    """Find the ``thickness`` of a bound term from the mesh, unless it is given.

    It is then the height along z, or the axis of the mesh that ``axis`` returns, of the magnetic cells in a row in
    which ``active``, (batch | 1, 1, nz | 1, ny | 1, nx | 1), holds, or of all magnetic cells if it holds nowhere.
    """
    given: Parameter = term.thickness
    if given.base.any() and not isinstance(given, FoundThickness):
        return
    mesh, active = regions.mesh, (Ms.base > 0) & (active | ~active.any())
    found = column_height(active, axis(), mesh, term.shares)
    term.thickness = FoundThickness(found, given.declaration, mesh, regions, given.where)


def check_thickness(thickness: Parameter) -> None:
    """Raise `ParameterError` where a thickness that is given is 0; one that is not given is 0 until it is found."""
    if thickness.base.any() and not np.all(thickness.base > 0):
        raise ParameterError(
            f"{thickness.where}: {thickness.declaration.meaning} is 0 in some cells; give a length above 0 m "
            "everywhere, or none"
        )
