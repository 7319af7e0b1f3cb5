"""The Fokker–Planck equation of a perpendicular macrospin under a spin torque: densities, write error rates, rates.

With z = cos θ, E/(k_B T) = −Δ (z² + 2 h z), and a Slonczewski torque along the axis, the density ρ(z) obeys

    ∂ρ/∂τ = ∂/∂z {(1 − z²) [ρ'/(2Δ) − (z + h − i) ρ]},    τ = α γ B_K t/(1 + α²),    i = a/(α B_K),    h = B/B_K.

W. F. Brown, Phys. Rev. 130, 1677 (1963), has it without torque; W. H. Butler et al., IEEE Trans. Magn. 48, 4684 (2012),
with. It is exact for a macrospin whose energy and torque depend on z alone. *A torque with i > 0 drives m from +z to
−z*, i = 1 is the critical current, and m starts up: the other direction is that of −i and −h.

Numerics: finite volumes of equal Δθ with the flux of Scharfetter and Gummel, of which Boltzmann's distribution is the
exact equilibrium (D. L. Scharfetter, H. K. Gummel, IEEE Trans. Electron Devices 16, 64 (1969)), and in time the
rational function Padé(4, 5) of the exponential, which is of order 9 and damps what is fast. What lies up is never
computed as a difference from what lies down: an error rate of 1e-15 has as many digits as one of 0.1.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.chain import ChainStep, slowest_rate
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError

__all__ = ["PerpendicularFokkerPlanck", "write_error_rate"]

Floats = NDArray[np.float64]
_MOST_CELLS = 20_000
_CELLS_PER_WIDTH = 10  # of the narrowest distribution, exp(-Δ (1 + |i|) θ²)
_FIRST_STEP = 0.25  # over the sum of all rates
_STEP_PER_TIME = 0.05  # steps grow with the time passed, since what was fast is over
_STEP_PER_LIFE = 0.5
_NOTHING_LEFT = 700.0  # lifetimes, after which not even the smallest float64 is left


class PerpendicularFokkerPlanck:
    """Probability of cos θ of perpendicular macrospins, many at once, in reduced time τ = α γ B_K t/(1 + α²).

    Parameters
    ----------
    stability : array_like
        Δ = E_b/(k_B T), the barrier at h = i = 0, above 0.
    i : array_like
        Spin torque a/(α B_K): the current over the critical one of Lambda = 1. i > 0 drives m down.
    h : array_like
        Field B/B_K along +z.
    Lambda : array_like
        Slonczewski's asymmetry with the polariser along +z: i(z) = i 2Λ²/[(Λ² + 1) + (Λ² − 1) z].
    threshold : float
        mz above which m counts as not switched.
    absorbing : bool
        Whether what has reached the threshold once has switched for good.
    cells : int, optional
        Number of cells from θ = 0 to π (with ``absorbing`` to the threshold); the error is of second order in 1/cells.

    Attributes
    ----------
    shape : tuple
        That of the parameters, broadcast.
    cosine, width : array (cells,)
        z at the centres of the cells, and their extent in z.

    Raises
    ------
    ParameterError
        A parameter is out of its range.

    Notes
    -----
    Probabilities are arrays (..., cells) of what is in each cell, along the first cell θ = 0.

    >>> magnet = PerpendicularFokkerPlanck(40.0, i=2.0)
    >>> (late,) = magnet.evolve(magnet.start(), [6.0])
    >>> print(f"{magnet.not_switched(late):.1e}")
    1.8e-04
    """

    def __init__(
        self,
        stability: ArrayLike,
        i: ArrayLike = 0.0,
        h: ArrayLike = 0.0,
        Lambda: ArrayLike = 1.0,
        *,
        threshold: float = 0.0,
        absorbing: bool = False,
        cells: int | None = None,
    ) -> None:
        given = _checked(stability, i, h, Lambda, threshold)
        self.shape = given[0].shape
        self._delta, self._i, self._h, self._Lambda = (each.ravel() for each in given)
        self.threshold, self.absorbing = float(threshold), absorbing
        edge = np.arccos(self.threshold)
        span = edge if absorbing else np.pi
        if cells is None:
            cells = cells_wanted(self._delta, self._i, self._h, span)
        if not 8 <= cells <= _MOST_CELLS:
            raise ParameterError(f"cells = {cells}; allowed: 8 to {_MOST_CELLS}")
        self._up = cells if absorbing else int(np.clip(round(cells * edge / np.pi), 2, cells - 2))
        edges = np.linspace(0, edge, self._up + 1)
        if not absorbing:
            edges = np.concatenate([edges, np.linspace(edge, np.pi, cells - self._up + 1)[1:]])
        centres = (edges[1:] + edges[:-1]) / 2
        self.cosine = np.cos(centres)
        self.width = 2 * np.sin(centres) * np.sin(np.diff(edges) / 2)
        self._edge_cosine = np.cos(edges)
        self._down, self._back = self._rates(edges, centres)

    def _rates(self, edges: Floats, centres: Floats) -> tuple[Floats, Floats]:
        """Return what leaves cells downwards and upwards per time and probability, (macrospins, cells)."""
        ends, inner = centres, edges[1:-1]
        if self.absorbing:  # what passes the last edge ends there
            ends, inner = np.append(centres, edges[-1]), edges[1:]
        u = self._potential(np.cos(ends), self._i)
        rise = np.diff(u, axis=1)
        conductance = np.sin(inner) / (2 * self._delta[:, None] * np.diff(ends))
        down, back = np.zeros((2, self._delta.size, centres.size))
        count = inner.size
        down[:, :count] = conductance * _bernoulli(rise) / self.width[:count]
        kept = centres.size - 1
        back[:, 1:] = (conductance * _bernoulli(-rise))[:, :kept] / self.width[1:]
        return down, back

    def _potential(self, z: Floats, i: Floats) -> Floats:
        """Return −ln of the equilibrium density up to a constant, (macrospins, len(z))."""
        square = self._Lambda[:, None] ** 2
        q = (square - 1) / (square + 1)
        close = np.abs(q) < 1e-8
        q = np.where(close, 1.0, q)
        work = i[:, None] * np.where(close, z, 2 * square / (square + 1) * np.log1p(q * z) / q)
        return self._delta[:, None] * (2 * work - z**2 - 2 * self._h[:, None] * z)

    def equilibrium(self) -> Floats:
        """Return Boltzmann's distribution in the torque and the field, (..., cells); with ``absorbing``, up to there.

        A torque of Lambda = 1 along the axis acts as a field −i would.
        """
        return self._shaped(_normalised(self.width * _weights(self._potential(self.cosine, self._i))))

    def start(self) -> Floats:
        """Return Boltzmann's distribution without torque in the upper well, above the threshold, (..., cells).

        The well is z > −h, where the top of the barrier is.
        """
        weights = self.width * _weights(self._potential(self.cosine, np.zeros_like(self._i)))
        bottom = np.maximum(self.threshold, -self._h)[:, None]
        upper, lower = self._edge_cosine[:-1], self._edge_cosine[1:]
        inside = np.clip((upper - bottom) / (upper - lower), 0, 1)
        inside[:, self._up :] = 0
        return self._shaped(_normalised(weights * inside))

    def not_switched(self, probability: Floats) -> Floats:
        """Return the probability above the threshold, (...)."""
        return probability[..., : self._up].sum(axis=-1)

    def density(self, probability: Floats) -> Floats:
        """Return the density in z at the centres of the cells."""
        return probability / self.width

    def evolve(self, probability: Floats, times: ArrayLike) -> Iterator[Floats]:
        """Yield the probability, (..., cells), at reduced times that do not fall, τ = 0 being now.

        Parameters
        ----------
        probability : array (..., cells)
            Now, as `start` returns it.
        times : array_like (n,)

        Raises
        ------
        ParameterError
            A time is negative, or earlier than that before it.
        """
        wanted = np.asarray(times, dtype=float).ravel()
        if wanted.size and not (wanted[0] >= 0 and np.all(np.diff(wanted) >= 0) and np.isfinite(wanted[-1])):
            raise ParameterError("times: allowed: finite, at least 0, each at least as late as that before it")
        state = np.array(np.broadcast_to(probability, (*self.shape, self.width.size)), dtype=float).ravel()
        step = ChainStep(self._down, self._back)
        rates = self.slowest_rate().ravel()
        now = 0.0
        for then in wanted:
            while now < then:
                rest = then - now
                # Equal steps to the next time, so that evenly spaced times cost one factorisation.
                count = np.ceil(rest / self._step_at(now, rates) - 1e-9)
                state = step(state, rest / count)
                now = then if count == 1 else now + rest / count
            yield state.reshape((*self.shape, -1)).copy()

    def _step_at(self, now: float, rates: Floats) -> float:
        first = _FIRST_STEP / float(np.max(1 + np.abs(self._i) + np.abs(self._h) + 1 / self._delta))
        alive = rates[rates * now < _NOTHING_LEFT]
        longest = _STEP_PER_LIFE / float(alive.max(initial=1e-300))
        # A power of two: a new step has to be factorised.
        grown = first * 2.0 ** np.floor(np.log2(max(1.0, _STEP_PER_TIME * now / first)))
        return max(first, min(grown, longest))

    def slowest_rate(self) -> Floats:
        """Return the smallest rate of the relaxation, (...), in units of α γ B_K/(1 + α²).

        The smallest eigenvalue but 0; with ``absorbing`` the smallest: that of what is lost at the threshold. In a high
        barrier it is the sum of the rates over it in both directions (Brown 1963), with all its digits.
        """
        return self._shaped(slowest_rate(self._down, self._back, self.absorbing))

    def _shaped(self, values: Floats) -> Floats:
        return values.reshape((*self.shape, *values.shape[1:]))


def write_error_rate(
    t: ArrayLike,
    i: ArrayLike,
    stability: ArrayLike,
    alpha: float,
    B_K: float,
    *,
    h: ArrayLike = 0.0,
    Lambda: ArrayLike = 1.0,
    gamma: float = GAMMA_E,
    threshold: float = 0.0,
    absorbing: bool = False,
    cells: int | None = None,
) -> Floats:
    """Return the probability that a perpendicular macrospin is not switched at the end of a current pulse.

    It starts in Boltzmann's distribution of the upper well; the pulse is rectangular.

    Parameters
    ----------
    t : array_like (n,)
        Lengths of the pulse [s], in any order.
    i : array_like
        Current over the critical one, i > 0 towards switching (see `critical_current`).
    stability : array_like
        Δ = E_b/(k_B T) at i = h = 0.
    alpha, B_K, gamma : float
        Damping; anisotropy field [T]; gyromagnetic ratio [rad/(s T)].
    h : array_like
        Field along the axis over B_K, before and during the pulse; h < 0 helps.
    Lambda : array_like
        Slonczewski's asymmetry, polariser along +z.
    threshold, absorbing
        m counts as not switched while mz is above the threshold; with ``absorbing`` it counts as switched from its
        first passage on, else the end of the pulse decides.
    cells : int, optional
        Of the coarser of two meshes, of which the logarithm of the rate is extrapolated.

    Returns
    -------
    array (..., n)
        The leading axes are those of ``i``, ``stability``, ``h`` and ``Lambda``, broadcast.

    Notes
    -----
    At the default ``cells`` relative errors are of the order of 1e-5 for Δ up to 100, also of rates below 1e-15.
    Exact for the macrospin; real layers above some 40 nm switch by domains and do worse. W. H. Butler et al., IEEE
    Trans. Magn. 48, 4684 (2012); M. Tzoufras, APL Mater. 6, 101110 (2018).

    >>> rate = write_error_rate([5e-9, 10e-9], [2.0, 3.0], 60.0, 0.01, 0.3)
    >>> print(np.array2string(np.log10(rate), precision=3))
    [[-0.668 -2.936]
     [-2.624 -7.212]]
    """
    times = np.atleast_1d(np.asarray(t, dtype=float))
    if times.ndim != 1 or not np.all((times >= 0) & np.isfinite(times)):
        raise ParameterError("t: allowed: one axis of finite times of at least 0 s")
    if not (alpha > 0 and B_K > 0 and gamma > 0):
        raise ParameterError(f"alpha = {alpha:g}, B_K = {B_K:g} T, gamma = {gamma:g}; allowed: above 0")
    order = np.argsort(times)
    reduced = times[order] * (alpha * gamma * B_K / (1 + alpha**2))
    given = _checked(stability, i, h, Lambda, threshold)
    if cells is None:
        cells = cells_wanted(given[0], given[1], given[2], np.arccos(threshold) if absorbing else np.pi)
    logarithms = []
    for count in (cells, 2 * cells):
        magnet = PerpendicularFokkerPlanck(*given, threshold=threshold, absorbing=absorbing, cells=count)
        found = [magnet.not_switched(each) for each in magnet.evolve(magnet.start(), reduced)]
        with np.errstate(divide="ignore"):
            logarithms.append(np.log(np.stack(found, axis=-1)))
    coarse, fine = logarithms
    finite = np.isfinite(coarse) & np.isfinite(fine)
    change = np.subtract(fine, coarse, out=np.zeros_like(fine), where=finite)
    result = np.empty_like(fine)
    result[..., order] = np.exp(np.minimum(fine + change / 3, 0))
    return result


def cells_wanted(stability: ArrayLike, i: ArrayLike, h: ArrayLike, span: float = np.pi) -> int:
    """Return how many cells over ``span`` [rad] resolve the narrowest of the distributions; even.

    >>> cells_wanted(60, 2, 0)
    598
    """
    narrowest = np.sqrt(2 * np.asarray(stability) * (1 + np.abs(i) + np.abs(h)))
    return 2 * int(np.ceil(max(64.0, span * _CELLS_PER_WIDTH * float(np.max(narrowest)) / 2)))


def _checked(
    stability: ArrayLike, i: ArrayLike, h: ArrayLike, Lambda: ArrayLike, threshold: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the parameters broadcast."""
    stability, i, h, Lambda = np.broadcast_arrays(
        *(np.asarray(each, dtype=float) for each in (stability, i, h, Lambda))
    )
    for name, values in (("stability", stability), ("Lambda", Lambda)):
        if not np.all((values > 0) & np.isfinite(values)):
            raise ParameterError(f"{name} = {np.min(values):g}; allowed: above 0")
    for name, values in (("i", i), ("h", h)):
        if not np.all(np.isfinite(values)):
            raise ParameterError(f"{name} is not a finite number everywhere")
    if not np.all(np.abs(h) < 1):
        raise ParameterError(f"h = {np.min(h):g} to {np.max(h):g}; allowed: within −1 and 1, where there are two wells")
    if not -1 < threshold < 1:
        raise ParameterError(f"threshold = {threshold:g}; allowed: within −1 and 1")
    return stability, i, h, Lambda


def _bernoulli(x: Floats) -> Floats:
    """Return x/(eˣ − 1)."""
    safe = np.where(x == 0, 1.0, np.clip(x, -700, 700))
    return np.where(x == 0, 1.0, safe / np.expm1(safe))


def _weights(u: Floats) -> Floats:
    return np.exp(u.min(axis=1, keepdims=True) - u)


def _normalised(values: Floats) -> Floats:
    return values / values.sum(axis=1, keepdims=True)
