"""The thermal field."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.constants import BOLTZMANN
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.noise import Noise, increments
from fdmag.parameter import Parameter, PerReplica, derived, parameter
from fdmag.regions import Regions
from fdmag.terms.term import Context, Material, Term


@dataclass
class Thermal(Term):
    """Brown's thermal field: white noise that holds m at the temperature T against the damping.

    In a step of length Δt each cell of volume V has a field that is constant, with independent normal components of the
    variance ::

        <B²> = 2 alpha k_B T / (gamma Ms V Δt)

    alpha is Gilbert's. In the explicit equation both torques of this field carry 1/(1 + alpha²), as those of every
    field do; the variance then has no such factor: the diffusion γ² <B²> Δt / 2(1 + alpha²) over the mobility
    gamma alpha / (1 + alpha²) Ms V is k_B T. The equation is that of Stratonovich, which "heun" and
    "implicit_midpoint" solve. Outside of time steps the field is zero: in `Simulation.effective_field`, relax and
    minimize.

    On many cells the noise excites spin waves, down to two cells in length. They shorten the mean of m to l below 1,
    and leave l³ of a uniaxial anisotropy: Ms, A and K are those of the cells, not of the magnet as it is measured at
    T. See `fdmag.analytic.thermal_magnetisation` for l, and for what to give the cells.

    The numbers are a function of (seed, replica, step, cell) alone, see `fdmag.noise`: they depend neither on the
    device nor on the batch a replica is computed in. The replicas of a batch have the numbers ``first_replica``,
    ``first_replica`` + 1, …; a replica alone with the same seed and ``first_replica`` its number runs the same way.
    From Python both may be `PerReplica`: a seed, and a number, for each; replicas of the same seed and number see the
    same noise. Steps count from the creation of the simulation.

    Source: W. F. Brown, Phys. Rev. 130, 1677 (1963); J. L. García-Palacios and F. J. Lázaro, Phys. Rev. B 58, 14937
    (1998).
    """

    name: ClassVar[str] = "thermal"
    kernel: ClassVar[str] = "terms/thermal.h"
    stochastic: ClassVar[bool] = True
    per_replica: ClassVar[tuple[str, ...]] = ("seed", "first_replica")
    T: Any = parameter("K", "temperature", minimum=0)
    seed: int = 0
    first_replica: int = 0
    alpha: Any = derived("1", "Gilbert damping")
    gamma: Any = derived("rad/(s T)", "gyromagnetic ratio")
    scale: Any = derived("J/(K m^3 s)", "2 k_B / (V Δt), 0 outside of steps")
    key: Any = derived("1", "seed, in pieces of 24, 24 and 16 bits", components=3)
    number: Any = derived("1", "replica + 2³² step, in such pieces", components=3)
    part: Any = derived("1", "part of the step")
    drawn: Any = derived("1", "standard normal numbers, where they are drawn ahead of a step", components=3)

    def check(self, mesh: Mesh) -> None:
        """Refuse seeds and replica numbers that do not fit their words."""
        for label, given, bits in (("seed", self.seed, 64), ("first_replica", self.first_replica, 32)):
            for value in given.values if isinstance(given, PerReplica) else [given]:
                whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
                if not whole or not 0 <= value < 2**bits:
                    raise ParameterError(
                        f"{self.name}.{label} = {value!r}; allowed: whole numbers from 0 to 2^{bits} − 1"
                    )

    def replica_counts(self) -> dict[str, int]:
        """Return for how many replicas the term is given beside its parameters."""
        given = {key: getattr(self, key) for key in self.per_replica}
        return {f"{self.name}.{key}": each.count for key, each in given.items() if isinstance(each, PerReplica)}

    @property
    def noisy(self) -> bool:
        """Whether T is above 0 anywhere at any time."""
        return not self.T.constant or bool(self.T.base.any())

    def follow(self, mesh: Mesh, regions: Regions, material: Material, noise: Noise) -> None:
        """Take damping and gyromagnetic ratio of the material, and part and length of the step from the noise."""
        self.check(mesh)
        self.alpha, self.gamma = material.alpha, material.gamma
        seeds, numbers = _of_replicas(self.seed), _of_replicas(self.first_replica)
        if 1 not in (seeds.size, numbers.size) and seeds.size != numbers.size:
            raise ParameterError(
                f"{self.name}: seed is given for {seeds.size} replicas, first_replica for {numbers.size}"
            )
        draws = Draws(noise, mesh, seeds, numbers, counted=not isinstance(self.first_replica, PerReplica))
        self._draws = draws
        ahead, nothing = noise.drawing is not None, np.zeros((1, 3, 1, 1, 1))
        self.derive(mesh, regions, key=_pieces(np.broadcast_to(seeds, max(seeds.size, numbers.size))))
        declared = self.kernel_parameters()
        for key, kind, value in (
            ("scale", OfNoise, draws.scale_at),
            ("number", *((Parameter, nothing) if ahead else (OfNoise, draws.number_at))),
            ("part", *((Parameter, 1.0) if ahead else (OfNoise, draws.part_at))),
            ("drawn", *((Drawn, draws.drawn_at) if ahead else (Parameter, nothing))),
        ):
            setattr(self, key, kind(value, declared[key], mesh, regions, f"{self.name}.{key}"))

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return the field of the present step, or zero."""
        scale, draws = self.scale.at(context.t), self._draws
        if not scale.any():
            return np.zeros(1)
        seed, place, part = (each[:, None] for each in (draws.seeds_now, draws.places, draws.noise.part))
        cells = np.arange(context.mesh.n_cells)
        n = increments(seed, place & 0xFFFFFFFF, place >> 32, part, cells)
        n = context.backend.asarray(n.transpose(1, 0, 2).reshape(-1, 3, *context.mesh.shape))
        variance = context.value(self.alpha) * context.value(self.T) * context.inverse_Ms / context.value(self.gamma)
        return np.sqrt(context.backend.asarray(scale) * variance) * n


@dataclass
class Draws:
    """What a step's part makes of the derived parameters, as functions of t that do not look at it."""

    noise: Noise
    mesh: Mesh
    seeds: NDArray[np.uint64]  # one, or those of all replicas
    numbers: NDArray[np.uint64]  # that of the first replica, or those of all
    counted: bool  # whether it is that of the first

    @property
    def seeds_now(self) -> NDArray[np.uint64]:
        """Seeds (n,) of the replicas that are in a step now."""
        rows = self.noise.rows
        assert rows is not None
        return np.broadcast_to(self.seeds, rows.shape) if self.seeds.size == 1 else self.seeds[rows]

    @property
    def places(self) -> NDArray[np.uint64]:
        """Replica + 2³² step (n,) of these replicas."""
        rows, step = self.noise.rows, self.noise.step.astype(np.uint64)
        assert rows is not None
        replica = rows.astype(np.uint64) + self.numbers if self.counted else self.numbers[rows]
        return (replica & np.uint64(0xFFFFFFFF)) | step << np.uint64(32)

    @property
    def factor(self) -> float:
        """The scale times the length of the step [s]."""
        return 2 * BOLTZMANN / self.mesh.cell_volume

    def scale_at(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scale of the noise for the length of the step, 0 outside of steps."""
        noise = self.noise
        if noise.rows is None:
            return np.zeros((t.size, 1, 1, 1, 1))
        return (self.factor / noise.dt).reshape(-1, 1, 1, 1, 1)

    def number_at(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the `places` in pieces."""
        return np.zeros((t.size, 3, 1, 1, 1)) if self.noise.rows is None else _pieces(self.places)

    def part_at(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the parts of their steps."""
        noise = self.noise
        part = np.ones(t.size) if noise.rows is None or not noise.divided else noise.part.astype(np.float64)
        return part.reshape(-1, 1, 1, 1, 1)

    def drawn_at(self, _t: NDArray[np.float64]) -> NDArray:
        """Return the numbers of all cells, drawn once for each part."""
        noise = self.noise
        assert noise.drawing is not None
        if noise.rows is None:
            return noise.drawing.nothing()
        if noise.drawn is None:
            noise.drawn = noise.drawing(noise.rows, self.seeds_now, self.places, noise.part, noise.divided)
        return noise.drawn


class OfNoise(Parameter):
    """What the noise says: finite by itself, and the same at all times."""

    @property
    def draws(self) -> Draws:
        """What says so."""
        found = getattr(self.function, "__self__", None)
        assert isinstance(found, Draws)
        return found

    def at(self, t: NDArray[np.float64], replicas: NDArray[np.intp] | None = None) -> NDArray:
        """Return it for the replicas that are in a step now."""
        assert self.function is not None
        return self.function(t)


class Drawn(OfNoise):
    """Numbers for each cell, also in a mesh of one, in the precision of the device."""

    @property
    def in_cells(self) -> bool:
        """Whether a kernel finds them cell by cell: always."""
        return True


def _of_replicas(given: Any) -> NDArray[np.uint64]:
    return np.array(given.values if isinstance(given, PerReplica) else [given], dtype=np.uint64)


def _pieces(numbers: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return whole numbers (n,) in pieces of 24, 24 and 16 bits, (n, 3, 1, 1, 1), which are exact in any precision."""
    low, rest = np.uint64(0xFFFFFF), np.uint64(24)
    pieces = [numbers & low, (numbers >> rest) & low, numbers >> np.uint64(48)]
    return np.stack(pieces, axis=1).astype(np.float64)[:, :, None, None, None]
