"""What is legal in a simulation and still hardly meant: told before anything is computed, and never an error."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.constants import MU_0
from fdmag.mesh import AXES
from fdmag.simulation import Simulation
from fdmag.terms import Demag
from fdmag.terms.spin_current import FoundThickness
from fdmag.terms.thickness import column_height

__all__ = ["COARSE", "doubts", "layers"]

COARSE = 2.0
"""Edge of a cell over the shortest length of the magnet, from which on it is doubted: the barrier of a disc of CoFeB
50 nm wide is then a quarter too low, and at half of it 4 %."""
LACKING = 0.02
"""Part of the demagnetising factors that may be missing: the barrier of a pillar is off by as much or more."""
UNLIKE = 0.05
"""Part by which a given thickness may be off the height of the layer in the mesh."""


def doubts(simulation: Simulation) -> list[tuple[str, str]]:
    """Return what is legal and hardly meant: the place, such as "thermal.T", and what is doubtful about it.

    - noise without damping: there is none;
    - cells more than `COARSE` times as large as the shortest length sqrt(A/K) over which m can turn; K is the larger
      of ½ µ0 Ms², with demag, and of what a uniaxial anisotropy has beyond that;
    - a ``thickness`` of a torque or of an interface anisotropy that is not the height of the layer in the mesh. Both
      are given per area, and the layer then has more or less of it than one surface gives;
    - demag of smooth edges without ``edges``, where demagnetising factors then sum to less than 1 by `LACKING`;
    - a torque with a fixed spin direction in several layers of a stack, one above the other.

    Examples
    --------
    >>> from fdmag import Mesh
    >>> from fdmag.terms import Thermal
    >>> cell = Simulation(Mesh((1, 1, 1), (5e-9, 5e-9, 1e-9)), [Thermal(T=300)], Ms=1e6, alpha=0)
    >>> doubts(cell)
    [('thermal.T', 'without damping there is no noise, and T does nothing; give alpha above 0')]
    """
    checks = (_noise, _cells, _edges, _thickness, _several_layers)
    return [doubt for check in checks for doubt in check(simulation)]


def layers(cells: NDArray[np.bool_]) -> int:
    """Return how many layers lie above each other along z, apart from each other, where there are most of them.

    Parameters
    ----------
    cells : array of bool (..., nz, ny, nx)

    >>> layers(np.array([True, False, True, True]).reshape(4, 1, 1))
    2
    """
    begins = cells.copy()
    begins[..., 1:, :, :] &= ~cells[..., :-1, :, :]
    return int(begins.sum(axis=-3).max())


def _noise(simulation: Simulation) -> Iterator[tuple[str, str]]:
    alpha: Any = simulation.magnet.material.alpha
    if alpha.constant and not (alpha.base * simulation.magnetic[:, None]).any():
        for name, term in simulation.terms.items():
            if term.stochastic and term.noisy:
                yield f"{name}.T", "without damping there is no noise, and T does nothing; give alpha above 0"


def _cells(simulation: Simulation) -> Iterator[tuple[str, str]]:
    """Compare the longest edge along which the magnet has cells beside each other with sqrt(A/K)."""
    terms = list(simulation.terms.values())
    exchange: Any = next((term for term in terms if term.name == "exchange"), None)
    if exchange is None or exchange.between:
        return  # cells whose coupling is weakened by hand stand for grains
    Ms = simulation.magnet.material.Ms.base
    stray = MU_0 / 2 * Ms**2 if any(term.name == "demag" for term in terms) else np.zeros(1)
    axial: Any = sum(np.abs(term.Ku1.base) for term in terms if term.name == "uniaxial_anisotropy")  # type: ignore[attr-defined]
    whole = simulation.weights[:, None] >= 1  # what smooth edges fill in part has less of everything
    K, A, held = np.broadcast_arrays(np.maximum(stray, axial - stray), exchange.A.base, whole)
    held = held & (K > 0) & (A > 0)
    if not held.any():
        return
    length = float(np.sqrt(np.min(A[held] / K[held])))
    magnetic = np.any(simulation.magnetic, axis=0)
    beside = [(edge, axis) for axis, edge in enumerate(simulation.mesh.cell_size) if _beside(magnetic, 2 - axis)]
    edge, axis = max(beside, default=(0.0, 0))
    if edge > COARSE * length:
        told = f"{edge * 1e9:.3g} nm along {AXES[axis]} is {edge / length:.2g} times sqrt(A/K) = {length * 1e9:.2g} nm"
        yield (
            "mesh.cell",
            f"{told}, over which m can turn: walls stick to the cells, and walls, vortices and barriers come out wrong "
            f"by tens of per cent. Take cells of {length * 1e9:.2g} nm or less",
        )


def _edges(simulation: Simulation) -> Iterator[tuple[str, str]]:
    shares = simulation.magnet.shares
    if shares is None or not shares.partial or not all(each.known for each in shares.of_replicas()):
        return
    filled = simulation.weights.reshape(len(simulation.weights), -1)
    total = float(((filled**2).sum(axis=1) / filled.sum(axis=1)).min())
    for name, term in simulation.terms.items():
        if isinstance(term, Demag) and not term.edges and total < 1 - LACKING:
            yield (
                f"{name}.edges",
                "what is in a partly filled cell counts as spread over all of it: the demagnetising factors of this "
                f"shape sum to {total:.2f} and not to 1, and barriers and critical currents are off by as much or "
                "more. With edges = true they are right",
            )


def _beside(magnetic: Any, axis: int) -> bool:
    line = np.moveaxis(magnetic, axis, 0)
    return bool(np.any(line[1:] & line[:-1]))


def _thickness(simulation: Simulation) -> Iterator[tuple[str, str]]:
    mesh, magnetic = simulation.mesh, simulation.magnetic[:, None]
    for name, term in simulation.terms.items():
        given: Any = getattr(term, "thickness", None)
        if given is None or isinstance(given, FoundThickness) or not np.all(given.base > 0):
            continue
        what, part = _per_area(term)
        where = magnetic & part
        height = column_height(where, 2, mesh, simulation.magnet.shares)
        here, height, thickness = np.broadcast_arrays(where, height, given.base)
        if not here.any():
            continue
        ratio = height[here] / thickness[here]
        worst = int(np.argmax(np.abs(ratio - 1)))
        if abs(ratio[worst] - 1) > UNLIKE:
            yield (
                f"{name}.thickness",
                f"{thickness[here][worst] * 1e9:.3g} nm, while the layer is {height[here][worst] * 1e9:.3g} nm high in "
                f"the mesh: it has {ratio[worst]:.3g} times the {what} per area. Without thickness it is that of the "
                "mesh, and exact",
            )


def _several_layers(simulation: Simulation) -> Iterator[tuple[str, str]]:
    material: Any = simulation.magnet.material
    moving = simulation.magnetic[:, None] & (material.frozen.base == 0)
    for name, term in simulation.terms.items():
        what, part = _per_area(term)
        if what != "torque" or getattr(term, "reference", None):
            continue
        count = layers(np.broadcast_to(moving & part, (*np.broadcast_shapes(moving.shape, part.shape),)))
        if count > 1:
            key = "J" if term.name == "spin_orbit_torque" else "P"
            yield (
                f"{name}.{key}",
                f"{count} layers above each other have this torque, each as if it were alone; give {key} per region, 0 "
                "where there is none",
            )


def _per_area(term: Any) -> tuple[str, NDArray[np.bool_]]:
    """Return what a term gives per area of a layer across z, and in which cells; in none if it does not."""
    if term.name in ("slonczewski", "tunnel_torque"):
        return "torque", term.P.base != 0
    across = "normal" in term.parameters() and np.all(np.abs(term.normal.base[:, 2]) > 1 - 1e-12)
    if across and term.name == "spin_orbit_torque":
        return "torque", term.J.base != 0 if term.J.in_cells else np.ones((1, 1, 1, 1, 1), bool)
    if across and term.name == "interface_anisotropy":
        return "anisotropy", (term.Ks.base != 0) | (term.xi.base != 0)
    return "", np.zeros((1, 1, 1, 1, 1), bool)
