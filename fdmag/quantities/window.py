"""A window that follows a wall, a vortex core or a skyrmion along x."""

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.quantities.named import Column
from fdmag.quantities.quantity import Catalogue
from fdmag.simulation import Simulation

FOLLOWED = ("wall_position", "vortex_core.x", "topological_center.x")
"""What a window may follow, with the components and numbers of walls after it."""

NEEDED = "a window needs a track that is the same everywhere along it"


class MovingWindow:
    """Keeps what a column says at the middle of the mesh; pass it to `Simulation.run` as ``window``.

    After a step that leaves it more than one cell off the middle, m is shifted along x by whole cells: what leaves the
    mesh is lost, and cells that enter copy the end. Along a periodic x, m is rotated. `Simulation.window_displacement`
    adds up the shifts, each replica's its own; positions in the table include it.

    The track must be the same everywhere along x: every parameter, and the magnet's shape. What lies beyond the mesh
    is not there: its stray field, and the charges at the two ends of a track magnetised along x, are not made up for.
    A mesh several times as long as its cross-section is wide keeps their field small at the wall; a constant field in
    a Zeeman term can cancel what is left. At an end tilted by DMI the tilt is copied too, and fades within some
    picoseconds.

    Parameters
    ----------
    follow : str
        "wall_position", with a component and the wall's number if wanted ("wall_position.z.2"), "vortex_core.x" or
        "topological_center.x".

    Raises
    ------
    ParameterError
        For another name.
    """

    def __init__(self, follow: str = "wall_position") -> None:
        if not any(follow == name or follow.startswith(f"{name}.") for name in FOLLOWED):
            raise ParameterError(f'window: "{follow}" cannot be followed; allowed: {", ".join(FOLLOWED)}')
        self.follow = follow
        self._column: Column = Catalogue({}, ()).columns([follow])[0]

    def check(self, simulation: Simulation) -> None:
        """Check that the simulation can be shifted: raise `ParameterError` if something varies along x."""
        for quantity in simulation.parameters():
            if quantity.varies_along(0):
                raise ParameterError(f"window: {quantity.where} varies along x; {NEEDED}")
        for name, term in simulation.terms.items():
            if term.degree == 1:
                B = simulation.effective_field(name)
                magnetic = np.broadcast_to(simulation.magnetic[:, None], B.shape)
                if np.any(np.abs(B - B[..., :1])[magnetic] > 1e-6 * np.abs(B).max()):
                    raise ParameterError(f"window: the field of {name} varies along x; {NEEDED}")

    def start(self, simulation: Simulation) -> None:
        """Check that the simulation can be shifted and that there is something to follow.

        Raises
        ------
        ParameterError
            If a parameter or a term's own field varies along x, or a replica has nothing to follow.
        """
        self.check(simulation)
        lost = np.flatnonzero(np.isnan(self._column.evaluate(simulation)))
        if lost.size:
            raise ParameterError(f'window: replica {lost[0]} has no "{self.follow}": there is nothing to follow')

    def cells(self, simulation: Simulation) -> NDArray[np.int64]:
        """Return by how many cells the window must move along +x, (batch,); 0 where nothing is found."""
        mesh = simulation.mesh
        middle = mesh.origin[0] + mesh.size[0] / 2 + simulation.window_displacement
        away = (self._column.evaluate(simulation) - middle) / mesh.cell_size[0]
        return np.trunc(np.nan_to_num(away)).astype(np.int64)
