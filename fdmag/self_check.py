"""The self-test of a device: terms against their references, demag against direct summation, a step against theory.

``python -m fdmag.self_check DEVICE`` prints one JSON object per check: a process that dies has told how far it came.
"""

import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.macrospin import macrospin_trajectory
from fdmag.backend import PRECISIONS, Backend, select_backend
from fdmag.constants import MU_0
from fdmag.demag import demag_tensor
from fdmag.errors import FdmagError
from fdmag.host.magnet import magnet_for
from fdmag.magnet import Magnet
from fdmag.mesh import Mesh
from fdmag.regions import Regions
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Material, Term, Zeeman, registry

MESH = Mesh((6, 5, 3), (2e-9, 3e-9, 5e-9))
TOGETHER = 3
"""Terms in one unit: the time to compile one grows faster than their number."""
ROUNDING = 64
"""Allowed error of fields and energies in units of the precision's epsilon: the rounding of some dozen operations."""
TOLERANCE = 1e-7
"""Of the integrator in the macrospin's run; its hundred steps may each leave as much, or one rounding."""
TYPICAL = {
    "J/m": 1e-11, "J/m^3": 1e5, "J/m^2": 1e-3, "J/(V m)": 1e-13, "T": 0.1, "T/V^2": 0.05, "A": 1e-2, "A/m": 1e6,
    "A/m^2": 1e11, "V": 0.5, "ohm m^2": 5e-12, "m": 1e-9, "s": 1e-10,
}  # fmt: skip
"""The usual size of a parameter by its unit; 1 for any other."""


@dataclass(frozen=True)
class Check:
    """One comparison of the self-test.

    Attributes
    ----------
    device, precision, what : str
    error, allowed : float or None
        Relative error found and allowed; None if the check is only that something works.
    seconds : float
        How long it took.
    problem : str
        Why the check could not be carried out, "" if it was.
    skipped : bool
        Whether ``problem`` is no fault of the device.
    """

    device: str
    precision: str
    what: str
    error: float | None = None
    allowed: float | None = None
    seconds: float = 0.0
    problem: str = ""
    skipped: bool = False

    @property
    def fails(self) -> bool:
        """Whether the device is at fault."""
        if self.problem:
            return not self.skipped
        return self.error is not None and self.allowed is not None and not self.error <= self.allowed


def self_test(device: str) -> Iterator[Check]:
    """Yield the checks of a device, in both precisions, as they are done."""
    samples, unfit = sample_terms(np.random.default_rng(1))
    for precision in PRECISIONS[::-1]:
        yield from _checks(device, precision, samples)
        for name, reason in unfit.items():
            yield Check(device, precision, f"term {name}", problem=reason, skipped=True)


def _checks(device: str, precision: str, samples: list[Term]) -> Iterator[Check]:
    rounding = ROUNDING * float(np.finfo(precision).eps)

    def done(what: str, allowed: float | None, compute: Callable[[], float | None]) -> Check:
        start, error, problem = time.perf_counter(), None, ""
        try:
            error = compute()
            if error is not None and not math.isfinite(error):
                error, problem = None, "the result is not a finite number"
        except Exception as raised:
            problem = str(raised) if isinstance(raised, FdmagError) else f"{type(raised).__name__}: {raised}"
        return Check(device, precision, what, error, allowed, time.perf_counter() - start, problem)

    pairs: list[_Pair] = []

    def compiled() -> None:
        groups = [samples[k : k + TOGETHER] for k in range(0, len(samples), TOGETHER)]
        with ThreadPoolExecutor() as pool:  # compilers run side by side
            pairs.extend(pool.map(lambda group: _Pair(device, precision, group), groups))

    yield done("compiled or loaded", None, compiled)
    if pairs and (device, precision) != ("numpy", "float64"):  # that is the reference itself
        for pair in pairs:
            for name in pair.reference.terms:
                yield done(f"term {name}", rounding, partial(pair.field_error, name))
        yield done("energies", rounding, lambda: max(pair.energy_error() for pair in pairs))
        yield done("torque of terms together", rounding, lambda: max(pair.slope_error() for pair in pairs))
    yield done("demag, direct summation", rounding, lambda: demag_error(device, precision))
    yield done(
        "macrospin, closed form", 100 * max(TOLERANCE, rounding / ROUNDING), lambda: macrospin_error(device, precision)
    )


class _Pair:
    """The same magnet on the device and on the NumPy reference in float64."""

    def __init__(self, device: str, precision: str, samples: list[Term]) -> None:
        rng = np.random.default_rng(2)
        backend = select_backend(device, precision)
        Ms = np.where(rng.uniform(size=MESH.shape) < 0.2, 0.0, rng.uniform(5e5, 1e6, MESH.shape))
        m = random_directions(rng) * (Ms > 0)
        self.m = backend.asarray(m)
        self.rounded = backend.to_numpy(self.m)
        self.device, self.reference = (_magnet(each, samples, Ms) for each in (backend, select_backend("numpy")))
        self.t = np.zeros(1)
        self.expected = {
            name: self.reference.field(self.rounded, self.reference.context(self.t), [name])
            for name in self.reference.terms
        }
        self.device.slope(self.m, self.t, None)

    def field_error(self, name: str) -> float:
        found = self.device.field(self.m, self.device.context(self.t), [name])
        return _relative(self.device.backend.to_numpy(found), self.expected[name])

    def energy_error(self) -> float:
        found = self.device.field_and_energies(self.m, self.device.context(self.t))[1]
        expected = self.reference.field_and_energies(self.rounded, self.reference.context(self.t))[1]
        moment = float(np.sum(self.reference.material.Ms.base)) * MESH.cell_volume
        return max(
            (
                abs(float(self.device.backend.to_numpy(found[name])[0] - energy[0]))
                / (moment * float(np.abs(self.expected[name]).max()))
                for name, energy in expected.items()
            ),
            default=0.0,
        )

    def slope_error(self) -> float:
        found = self.device.slope(self.m, self.t, None)
        expected = self.reference.slope(self.rounded, self.t, None)
        return _relative(self.device.backend.to_numpy(found), expected)


def _magnet(backend: Backend, samples: list[Term], Ms: NDArray) -> Magnet:
    return magnet_for(MESH, Regions(MESH, {}), backend, Material(Ms=Ms, alpha=0.1), samples)


def _relative(found: NDArray, expected: NDArray) -> float:
    return float(np.abs(found - expected).max() / (np.abs(expected).max() or 1.0))


def demag_error(device: str, precision: str) -> float:
    """Return the error of the demag field of random cells, relative to the largest field by `direct_demag`."""
    rng = np.random.default_rng(3)
    simulation = Simulation(MESH, [Demag()], Ms=8e5, m=random_directions(rng), device=device, dtype=precision)
    return _relative(simulation.effective_field(), direct_demag(8e5 * simulation.m, MESH))


def direct_demag(M: NDArray[np.float64], mesh: Mesh) -> NDArray[np.float64]:
    """Return −µ0 Σ_j N(r_i − r_j) M_j [T], summed pair by pair on an open mesh; M [A/m], (batch, 3, nz, ny, nx)."""
    tensor = demag_tensor(mesh)
    B = np.zeros_like(M)
    order = {(0, 0): 0, (1, 1): 1, (2, 2): 2, (0, 1): 3, (0, 2): 4, (1, 2): 5}
    for target in np.ndindex(mesh.shape):
        offset = [place - np.arange(n) for place, n in zip(target, mesh.shape, strict=True)]  # along z, y, x
        distance = np.ix_(*(np.abs(each) for each in offset))
        signs = [np.where(each < 0, -1.0, 1.0) for each in offset]
        sign_z, sign_y, sign_x = (signs[0][:, None, None], signs[1][:, None], signs[2])
        sign = (sign_x, sign_y, sign_z)
        for a in range(3):
            for b in range(3):
                N = tensor[order[min(a, b), max(a, b)]][distance]
                if a != b:  # off the diagonal N is odd in both coordinates
                    N = N * sign[a] * sign[b]
                B[(slice(None), a, *target)] -= MU_0 * np.sum(N * M[:, b], axis=(-3, -2, -1))
    return B


def macrospin_error(device: str, precision: str) -> float:
    """Return the largest error of m after 0.2 ns of damped precession in 0.5 T."""
    m0, B, alpha, t = (1.0, 0.0, 0.2), (0.0, 0.0, 0.5), 0.05, 0.2e-9
    mesh = Mesh((2, 1, 1), (2e-9, 2e-9, 2e-9))
    simulation = Simulation(mesh, [Zeeman(B=B)], Ms=8e5, alpha=alpha, m=m0, device=device, dtype=precision)
    simulation.run(t, tolerance=TOLERANCE)
    return float(np.abs(simulation.average_m()[0] - macrospin_trajectory(t, m0, B, alpha)).max())


def sample_terms(rng: np.random.Generator) -> tuple[list[Term], dict[str, str]]:
    """Return every shipped term with random parameters, and why others cannot be had that way, by name."""
    samples, unfit = [], {}
    for name, kind in registry().items():
        for shape in (MESH.shape, ()):  # a value in every cell, or where that is not allowed one for all
            try:
                term = kind(**_values(kind, rng, shape))
                magnet = _magnet(select_backend("numpy"), [term], np.full(MESH.shape, 8e5))
                magnet.field(random_directions(rng), magnet.context(np.zeros(1)))
            except (FdmagError, TypeError) as error:
                unfit[name] = f"needs more than numbers: {error}"
            else:
                samples.append(term)
                unfit.pop(name, None)
                break
    return samples, unfit


def _values(kind: type[Term], rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return a value for every parameter, of two that exclude each other the first; directions are at right angles."""
    values: dict[str, Any] = {}
    directions: list[NDArray] = []
    for key, declared in kind.parameters().items():
        if declared.unless in values:
            continue
        if declared.choices:
            values[key] = rng.choice(declared.choices, shape)
        elif declared.components == 1:
            values[key] = rng.uniform(0.5, 1.5, shape) * (0.5 if declared.maximum is not None else 1)
        else:
            values[key] = rng.normal(size=(declared.components, *shape))
            if declared.unit_vector:
                for other in directions:
                    values[key] = values[key] - other * np.sum(values[key] * other, axis=0)
                values[key] = values[key] / np.linalg.norm(values[key], axis=0)
                directions.append(values[key])
        values[key] = values[key] * TYPICAL.get(declared.unit, 1.0)
    return values


def random_directions(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return m of one replica on the mesh of the test, (1, 3, nz, ny, nx)."""
    m = rng.normal(size=(1, 3, *MESH.shape))
    return m / np.linalg.norm(m, axis=1, keepdims=True)


if __name__ == "__main__":
    for check in self_test(sys.argv[1]):
        print(json.dumps(dataclasses.asdict(check)), flush=True)
