"""What a layer of grains that know nothing of each other should do: the share of it that pulses have switched."""

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.devices.macrospin_limit import PulsedMacrospin
from fdmag.errors import ParameterError
from fdmag.simulation import Simulation

__all__ = ["grain_chances", "independent_grains", "switched_share"]

NODES = 9
"""Anisotropies at which the Fokker–Planck equation is solved; the logit of the probability is interpolated between."""
INTERACTIONS = ("exchange", "demag")


def independent_grains(
    simulation: Simulation, path: str, amplitude: NDArray[np.float64]
) -> tuple[PulsedMacrospin, NDArray[np.float64]]:
    """Return what each cell would be if it were a grain of its own, and the anisotropies, (batch | 1, cells) [J/m³].

    Parameters
    ----------
    simulation : Simulation
        One layer of cells that are up or down, with anisotropy along z whose strength may differ between cells and
        replicas, a torque and a field along z, and noise. Exchange and demag are left out.
    path : "slonczewski.J" or "zeeman.B"
    amplitude : array (n,)
        Of each pulse in turn.

    Raises
    ------
    ParameterError
        If the cells are not such macrospins.
    """
    if simulation.mesh.cells[2] != 1:
        raise ParameterError(f"limit: {simulation.mesh.cells[2]} layers of cells; grains as cells are one layer")
    magnet = PulsedMacrospin.of(simulation, path, amplitude, INTERACTIONS)
    term: Any = simulation.terms["uniaxial_anisotropy"]
    given = term.Ku1.base[:, 0]
    K = np.broadcast_to(given, (len(given), *simulation.mesh.shape)).reshape(len(given), -1)
    magnet.check(float(K.min()))
    return magnet, K


def grain_chances(magnet: PulsedMacrospin, K: NDArray[np.float64], width: float, gap: float) -> NDArray[np.float64]:
    """Return the probability that each grain has been switched, (n + 1, batch | 1, grains).

    Before the first pulse, 0, and after each with its gap. The grains are independent of each other, but a pulse finds
    them as the one before it has left them.

    Parameters
    ----------
    magnet, K
        As `independent_grains` returns them.
    width, gap : float [s]

    Source: as `fdmag.devices.macrospin_limit.pulse_probability`.
    """
    low, high = float(K.min()), float(K.max())
    nodes = np.array([low]) if high - low < 1e-9 * high else np.linspace(low, high, NODES)
    chances = np.stack([magnet.sequence(node, width, gap) for node in nodes.tolist()])
    if nodes.size == 1:
        found = np.broadcast_to(chances[0][:, None, None], (magnet.a.size, *K.shape))
    else:
        clipped = np.clip(chances, 1e-15, 1 - 1e-15)
        logit = scipy.interpolate.PchipInterpolator(nodes, np.log(clipped) - np.log1p(-clipped), axis=0)(K)
        found = np.moveaxis(1 / (1 + np.exp(-logit)), -1, 0)
    return np.concatenate([np.zeros((1, *K.shape)), found])


def switched_share(chances: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """Return mean and variance of the share of the area that has switched, (batch, n) each.

    Grains are independent: the mean is Σ w s and the variance Σ w² s (1 − s).

    Parameters
    ----------
    chances : array (n, batch, cells)
        Probabilities s.
    weights : array (cells,)
        Shares w of the area, of sum 1.

    Four equal grains, each switched by half a chance: the variance of a binomial share, s (1 − s)/4.

    >>> mean, variance = switched_share(np.full((1, 1, 4), 0.5), np.full(4, 0.25))
    >>> float(mean[0, 0]), float(variance[0, 0])
    (0.5, 0.0625)
    """
    s = np.moveaxis(chances, 0, 1)
    return s @ weights, (s * (1 - s)) @ weights**2
