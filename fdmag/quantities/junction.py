"""Conductance and voltage of the junctions that tunnel torques act in."""

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.tunnel_junction import conductance_per_area
from fdmag.backend import select_backend
from fdmag.simulation import Simulation
from fdmag.terms import Context, TunnelTorque
from fdmag.terms.junction_area import junction_area


def conductance(simulation: Simulation, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return conductance [S] and voltage [V] of a tunnel torque's junction, (batch,), without what is in series.

    In each column of cells the one of the free layer (P not 0) that is nearest to the reference layer is read, with
    its own RA_P, TMR and V_h; the columns conduct in parallel. The voltage is that across the junction; where it is
    given and differs between cells, the mean over the columns.

    Parameters
    ----------
    simulation : Simulation
    name : str
        Of a term that is a `fdmag.terms.TunnelTorque`.
    """
    term, mesh, m = simulation.terms[name], simulation.mesh, simulation.m.astype(np.float64)
    assert isinstance(term, TunnelTorque)
    context = Context(mesh, simulation.magnet.material, select_backend("numpy", "float64"), simulation.t)
    area = junction_area(term, mesh, simulation.magnetic[:, None])
    V = term.bias(m, context)
    per_area = conductance_per_area(
        term.cosine(m, context)[:, None], V, *(context.value(each) for each in (term.RA_P, term.TMR, term.V_h))
    )
    total, voltage, columns = (
        np.broadcast_to(values, (len(m), 1, *mesh.shape)) for values in (area * per_area, V * (area > 0), area > 0)
    )
    # one by one: the order of a sum over several axes depends on how many replicas there are
    G, V_sum, count = (
        np.array([each.sum() for each in values]) if mesh.n_cells > 1 else values[:, 0, 0, 0, 0].copy()
        for values in (total, voltage, columns)
    )
    return G, V_sum / np.maximum(count, 1)
