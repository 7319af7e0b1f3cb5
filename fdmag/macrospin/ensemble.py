"""An ensemble of independent macrospins, each with parameters of its own, in time and at a temperature."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fdmag.backend import Backend, select_backend
from fdmag.constants import BOLTZMANN, GAMMA_E
from fdmag.errors import ParameterError, did_you_mean
from fdmag.kernels.runtime import host_runtime
from fdmag.macrospin.compiled import CompiledAdvance
from fdmag.macrospin.reference import PARAMETERS, Advance, Stepping, advance

SOLVERS = ("heun", "rk4")
_AT_ONCE = 20_000_000  # steps of a trajectory in one call of compiled code: between calls a run can be interrupted
_SHAPES = {
    "B_K": (), "axis": (3,), "demag": (3, 3), "B": (3,), "a": (), "b": (), "p": (3,), "Lambda": (), "a_so": (),
    "b_so": (), "sigma": (3,), "alpha": (), "thermal_field": (),
}  # fmt: skip


def thermal_field(T: ArrayLike, Ms: ArrayLike, volume: ArrayLike) -> NDArray[np.float64]:
    """Return k_B T/(Ms V) [T], which is B_K/(2 Δ) of a macrospin with the stability Δ = Ms V B_K/(2 k_B T).

    Parameters
    ----------
    T : array_like [K]
    Ms : array_like [A/m]
    volume : array_like [m³]

    >>> print(f"{thermal_field(300, 1e6, 1.634e-24) * 1e3:.4f} mT")
    2.5349 mT
    """
    return BOLTZMANN * np.asarray(T, dtype=float) / np.multiply(Ms, volume)


@dataclass(frozen=True)
class MacrospinRun:
    """What a run of an ensemble leaves behind.

    Attributes
    ----------
    m : array (..., n, 3)
        At the end.
    passage : array (..., n)
        Time [s] of the first passage, NaN where there was none so far, in this run or an earlier one.
    t : array (samples,)
        Times [s] of the samples; the last is the end of the run.
    mean, mean_square : array (..., samples, 3)
        Of the components of m over the n trajectories.
    beyond : array (..., samples)
        Fraction of the trajectories whose m·along is at or below the threshold at that moment (0 by default).
    """

    m: NDArray[np.float64]
    passage: NDArray[np.float64]
    t: NDArray[np.float64]
    mean: NDArray[np.float64]
    mean_square: NDArray[np.float64]
    beyond: NDArray[np.float64]


class MacrospinEnsemble:
    """Macrospins that know nothing of one another: dm/dt = −γ m × B + α m × dm/dt.

    B = B_K (m·u) u − N m + B0 − a f(m·p) m × p − b p − a_so m × σ − b_so σ + thermal field, with Slonczewski's
    f(c) = 2 Λ²/[(Λ² + 1) + (Λ² − 1) c]. Signs are those of the terms of a simulation: *a > 0 drives m away from p*.

    Parameters
    ----------
    m : array_like (..., n, 3)
        Directions at the start; normalised. Averages are taken over n, the trajectories of one setting; the axes in
        front of it are for settings.
    alpha : array_like (..., n)
        Gilbert damping. This and every parameter below is broadcast with (..., n), vectors with (..., n, 3).
    B_K, axis : array_like [T], array_like
        Anisotropy field 2 K/Ms and easy axis u.
    demag : array_like [T]
        µ0 Ms N: three principal values along x, y, z, or tensors (..., n, 3, 3), symmetric.
    B : array_like [T]
        Field.
    a, b, p, Lambda : array_like [T], [T], 1, 1
        Slonczewski's torque: damping-like a = ħ P J/(2 e Ms t) (`fdmag.analytic.spin_torque.spin_torque_field`),
        field-like b, direction of the reference layer, asymmetry.
    a_so, b_so, sigma : array_like [T], [T], 1
        Spin–orbit torque with the spin direction σ.
    thermal_field : array_like [T]
        k_B T/(Ms V), see `thermal_field`; 0 without noise.
    gamma : float
        Gyromagnetic ratio [rad/(s T)].
    seed, first_trajectory : int
        The noise is that of `fdmag.terms.Thermal` in a simulation of one cell: a function of seed, number of the
        trajectory (from ``first_trajectory`` in the order of the array) and number of the step. It depends neither on
        the device nor on how an ensemble is divided into several.
    device : "auto", "host" or "numpy"
        Compiled code, on as many threads as ``$FDMAG_THREADS`` says, or NumPy. There are no kernels for a GPU.
    dtype : float64 or float32

    Raises
    ------
    ParameterError
        A parameter is unknown, has a wrong shape or value.

    Notes
    -----
    The noise is Stratonovich's; each component of the thermal field has the variance 2 α k_B T/(γ Ms V dt) over a step.

    >>> up = np.zeros((1000, 3)) + (0, 0, 1)
    >>> magnets = MacrospinEnsemble(up, alpha=0.1, B_K=0.3, B=(0.4, 0, 0), thermal_field=0.3 / 80, device="numpy")
    >>> run = magnets.run(2e-11, dt=1e-12)
    >>> run.m.shape, run.mean.shape
    ((1000, 3), (1, 3))
    """

    def __init__(
        self,
        m: ArrayLike,
        *,
        gamma: float = GAMMA_E,
        seed: int = 0,
        first_trajectory: int = 0,
        device: str = "auto",
        dtype: DTypeLike | None = None,
        **parameters: ArrayLike,
    ) -> None:
        directions = np.asarray(m, dtype=float)
        if directions.ndim < 2 or directions.shape[-1] != 3 or not directions.size:
            raise ParameterError(f"m has shape {directions.shape}; allowed: (..., n, 3), x y z along the last axis")
        length = np.linalg.norm(directions, axis=-1, keepdims=True)
        if not np.all((length > 0) & np.isfinite(length)):
            raise ParameterError("m is zero or not a number somewhere; a direction is allowed, for example [0, 0, 1]")
        for name, value, bits in (("seed", seed, 64), ("first_trajectory", first_trajectory, 32)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < 2**bits:
                raise ParameterError(f"{name} = {value!r}; allowed: whole numbers from 0 to 2^{bits} − 1")
        self.shape = directions.shape[:-1]
        self._rows = math.prod(self.shape[:-1])
        if first_trajectory + self._rows * self.shape[-1] > 2**32:
            raise ParameterError("first_trajectory: there are 2^32 streams of noise for each seed; take another seed")
        if not (gamma > 0 and math.isfinite(gamma)):
            raise ParameterError(f"gamma = {gamma:g} rad/(s T); allowed: above 0")
        backend = _backend(device, dtype)
        self.device, self._dtype = backend.name, backend.dtype
        self._advance: Stepping = advance
        if backend.runtime is not None:
            self._advance = CompiledAdvance(backend.runtime, backend.dtype)
        self._gamma, self._seed, self._first = float(gamma), int(seed), int(first_trajectory)
        self._m = np.ascontiguousarray(
            np.moveaxis((directions / length).reshape(self._rows, self.shape[-1], 3), -1, 0), dtype=self._dtype
        )
        self._passage = np.full(self._m.shape[1:], np.nan)
        self.t, self.steps = 0.0, 0
        self._given: dict[str, NDArray[np.float64]] = {}
        defaults: dict[str, ArrayLike] = {"axis": (0, 0, 1), "p": (0, 0, 1), "sigma": (0, 1, 0), "Lambda": 1.0}
        self.set(**(defaults | parameters))

    def set(self, **parameters: ArrayLike) -> None:
        """Change parameters from now on.

        Raises
        ------
        ParameterError
            As for a new ensemble.
        """
        given = self._given | {name: self._checked(name, values) for name, values in parameters.items()}
        if "alpha" not in given:
            raise ParameterError("alpha is missing: give the Gilbert damping, such as alpha=0.01")
        self._given = given

    @property
    def m(self) -> NDArray[np.float64]:
        """Present directions, (..., n, 3)."""
        return np.moveaxis(self._m, 0, -1).astype(np.float64).reshape((*self.shape, 3))

    def take_over(self, sources: ArrayLike) -> None:
        """Let each trajectory go on from the m of another of its setting, by numbers (..., n); its noise is its own."""
        rows = np.asarray(sources)
        n = self.shape[-1]
        if rows.dtype.kind not in "iu" or rows.shape != self.shape or np.any((rows < 0) | (rows >= n)):
            raise ParameterError(
                f"take_over: came {rows.dtype} of shape {rows.shape}; allowed: {self.shape} numbers from 0 to {n - 1}"
            )
        rows = rows.reshape(self._rows, n)
        self._m = np.ascontiguousarray(np.take_along_axis(self._m, np.broadcast_to(rows, self._m.shape), axis=2))
        self._passage = np.take_along_axis(self._passage, rows, axis=1)

    def run(
        self,
        duration: float,
        dt: float,
        *,
        solver: str | None = None,
        every: float | None = None,
        threshold: float | None = None,
        along: ArrayLike = (0.0, 0.0, 1.0),
        stop: bool = False,
    ) -> MacrospinRun:
        """Go on for a time.

        Parameters
        ----------
        duration : float [s]
        dt : float [s]
            Step; made a little smaller where the duration, or ``every``, is no multiple of it. γ B dt should be below
            0.1 for every field B. With noise the temperature comes out low by a fraction of the order of 2 α γ Θ dt, Θ
            being ``thermal_field``: rates over a barrier Δ by Δ times that.
        solver : "heun" or "rk4", optional
            Heun's method with a thermal field, else the classical Runge–Kutta method of fourth order.
        every : float, optional [s]
            Time between samples of the averages; by default there is one, at the end.
        threshold, along : float, array_like (3,)
            A trajectory passes when m·along falls to the threshold; the moment is found on a straight line between
            the ends of the step. With noise what happens within a step is not seen: the times are late by about as long
            as it takes to diffuse as far as in a step.
        stop : bool
            Whether a trajectory ends with the step in which it passes; the averages then hold it where it is.

        Raises
        ------
        ParameterError
            A time is not above 0, ``every`` does not divide the duration, the solver is unknown or cannot do noise.
        """
        for name, value in (("duration", duration), ("dt", dt), ("every", every)):
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ParameterError(f"{name} = {value:g} s; allowed: above 0")
        direction = np.asarray(along, dtype=float)
        if direction.shape != (3,) or not np.isfinite(direction).all():
            raise ParameterError(f"along = {along!r}; allowed: three numbers")
        if stop and threshold is None:
            raise ParameterError("stop=True asks for a threshold at which to stop")
        samples = 1 if every is None else round(duration / every)
        if every is not None and (samples < 1 or abs(samples * every - duration) > 1e-6 * every):
            raise ParameterError(f"every = {every:g} s does not divide the duration of {duration:g} s evenly")
        steps = math.ceil(duration / samples / dt * (1 - 1e-9))
        step = duration / samples / steps
        noisy, fourth_order = self._solver(solver)
        if self.steps + samples * steps > 2**32:
            raise ParameterError(
                f"{samples * steps} steps; the noise of a seed has 2^32: take another seed, or larger dt"
            )
        values, asymmetric = self._values(step)
        start = self.t
        sums = []
        for sample in range(samples):
            done = 0
            while done < steps:
                count = max(1, min(steps - done, _AT_ONCE // self._passage.size))
                work = Advance(
                    values, self._m, self._passage, start + (sample * steps + done) * step, step, count, self.steps,
                    (float(direction[0]), float(direction[1]), float(direction[2])), threshold, stop, noisy, asymmetric,
                    fourth_order, self._seed, self._first,
                )  # fmt: skip
                total = self._advance(work)
                self.steps += count
                done += count
            sums.append(total / self.shape[-1])
        self.t = start + duration
        mean = np.stack(sums, axis=1).reshape((*self.shape[:-1], samples, -1))
        times = start + duration * np.arange(1, samples + 1) / samples
        passage = self._passage.reshape(self.shape).copy()
        return MacrospinRun(self.m, passage, times, mean[..., :3], mean[..., 3:6], mean[..., 6])

    def _solver(self, solver: str | None) -> tuple[bool, bool]:
        """Return whether there is noise, and whether RK4 is to be used."""
        noisy = bool(self._given.get("thermal_field", np.zeros(1)).any())
        if solver is not None and solver not in SOLVERS:
            raise ParameterError(f'solver "{solver}" is unknown; allowed: {", ".join(SOLVERS)}')
        if noisy and solver == "rk4":
            raise ParameterError('solver "rk4" is for ensembles without a thermal field; use "heun"')
        return noisy, not noisy and solver != "heun"

    def _checked(self, name: str, values: ArrayLike) -> NDArray[np.float64]:
        """Return a parameter as (rows | 1, trajectories | 1, *its own axes)."""
        if name not in _SHAPES:
            raise ParameterError(
                f'"{name}" is no parameter; allowed: {", ".join(_SHAPES)}{did_you_mean(name, _SHAPES)}'
            )
        array, own = np.asarray(values, dtype=float), _SHAPES[name]
        if name == "demag" and array.shape == (3,):
            array = np.diag(array)
        allowed = (*self.shape, *own)
        outer = array.shape[: array.ndim - len(own)]
        fits = array.ndim >= len(own) and array.shape[len(outer) :] == own and len(outer) <= len(self.shape)
        pairs = zip(outer[::-1], self.shape[::-1], strict=False)
        if not fits or any(size not in (1, whole) for size, whole in pairs):
            raise ParameterError(f"{name} has shape {np.shape(values)}; allowed: what broadcasts to {allowed}")
        if not np.isfinite(array).all():
            raise ParameterError(f"{name} is not a finite number everywhere")
        least = {"alpha": 0.0, "thermal_field": 0.0}.get(name)
        if least is not None and np.any(array < least):
            raise ParameterError(f"{name} = {array.min():g}; allowed: at least {least:g}")
        if name == "Lambda" and np.any(array <= 0):
            raise ParameterError(f"Lambda = {array.min():g}; allowed: above 0")
        if name == "demag" and not np.array_equal(array, np.swapaxes(array, -1, -2)):
            raise ParameterError("demag is not symmetric")
        if name in ("axis", "p", "sigma"):
            length = np.linalg.norm(array, axis=-1, keepdims=True)
            if np.any(length == 0):
                raise ParameterError(f"{name} is a zero vector somewhere; allowed: directions")
            array = array / length
        array = array.reshape((*(1 for _ in range(len(allowed) - array.ndim)), *array.shape))
        along = array.shape[len(self.shape) - 1]
        if any(size > 1 for size in array.shape[: len(self.shape) - 1]):
            array = np.broadcast_to(array, (*self.shape[:-1], along, *own))
            return array.reshape(self._rows, along, *own)
        return array.reshape(1, along, *own)

    def _values(self, dt: float) -> tuple[list[NDArray], bool]:
        """Return `PARAMETERS` for this step, and whether a torque depends on the angle."""
        given = {name: self._given.get(name, np.zeros((1, 1, *own))) for name, own in _SHAPES.items()}
        alpha, u, p, sigma = given["alpha"], given["axis"], given["p"], given["sigma"]
        tensor = given["B_K"][..., None, None] * u[..., :, None] * u[..., None, :] - given["demag"]
        B = given["B"] - given["b"][..., None] * p - given["b_so"][..., None] * sigma
        square = given["Lambda"] ** 2
        q, strength = (square - 1) / (square + 1), given["a"] * 2 * square / (square + 1)
        asymmetric = bool(np.any(q))
        source = given["a_so"][..., None] * sigma
        if not asymmetric:
            source = source + given["a"][..., None] * p
        values = {
            "rate": self._gamma * dt / (1 + alpha**2),
            "alpha": alpha,
            "kick": np.sqrt(2 * alpha * given["thermal_field"] / (self._gamma * dt)),
            "a": strength,
            "q": q,
        }
        for i, first in enumerate("xyz"):
            values[f"B{first}"], values[f"A{first}"], values[f"p{first}"] = B[..., i], source[..., i], p[..., i]
            for j, second in enumerate("xyz"):
                values[f"S{first}{second}"] = tensor[..., i, j]
        return [np.ascontiguousarray(values[name], dtype=self._dtype) for name in PARAMETERS], asymmetric


def _backend(device: str, dtype: DTypeLike | None) -> Backend:
    """Return the backend; where a GPU would be chosen by itself, the host's."""
    if device == "cuda":
        raise ParameterError('device "cuda": there are no kernels of macrospins for a GPU; allowed: auto, host, numpy')
    backend = select_backend(device, dtype)
    if backend.name != "cuda":
        return backend
    return select_backend("host" if host_runtime(notice=False)[0] is not None else "numpy", dtype)
