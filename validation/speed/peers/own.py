"""fdmag, and beside it in the same process the padded convolution by `scipy.fft`."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from fdmag import Mesh, PerReplica, Simulation
from fdmag.allocator import keep_freed_memory
from fdmag.analytic.spin_torque import spin_torque_field
from fdmag.backend import select_backend
from fdmag.constants import MU_0
from fdmag.demag import HostDemag, default_cache, demag_convolution, demag_spectrum
from fdmag.kernels.runtime import threads_wanted
from fdmag.macrospin import MacrospinEnsemble, thermal_field
from fdmag.shapes import Cylinder
from fdmag.terms import (
    Demag,
    Exchange,
    InterfaceAnisotropy,
    InterfacialDMI,
    Slonczewski,
    Thermal,
    UniaxialAnisotropy,
    Zeeman,
)
from validation.speed import problem
from validation.speed.peers.protocol import Worker, serve


class Own(Worker):
    """fdmag on as many threads as ``$FDMAG_THREADS`` says."""

    def __init__(self) -> None:
        super().__init__()
        keep_freed_memory()  # as the program ``fdmag`` does; the peer in this process has the good of it, too
        self._results: dict[str, Callable[[], NDArray]] = {}

    def device(self) -> str:
        """Return the device that is chosen by itself."""
        return select_backend().name

    def prepare_demag(self, cells: list[int], dtype: str, peer: bool) -> None:
        """Make "demag", the convolution alone, of random m, and with ``peer`` "padded scipy.fft"."""
        mesh = _mesh(cells)
        magnetisation = (problem.MS * random_m(mesh))[None].astype(dtype)
        convolution = demag_convolution(mesh, dtype, compiled=select_backend().name != "numpy")
        if isinstance(convolution, HostDemag):
            out = convolution(magnetisation)
            self._make("demag", lambda: convolution(magnetisation, out=out)[0])
        else:
            self._make("demag", lambda: convolution(magnetisation)[0])
        if peer:
            padded = padded_scipy(mesh, dtype, threads_wanted())
            self._make("padded scipy.fft", lambda: padded(magnetisation[0]))

    def prepare_slope(
        self, cells: list[int], dtype: str, name: str, replicas: int = 1, device: str = "auto", more: str = ""
    ) -> str:
        """Make ``name``, the whole right-hand side of the replicas, each with an anisotropy of its own."""
        mesh = _mesh(cells)
        simulation = _simulation(mesh, dtype, device, replicas, more)
        simulation.m = random_m(mesh)
        magnet, state = simulation._magnet, simulation.state
        self._make(name, lambda: magnet.slope(state.m, state.t, None)[0])
        return simulation.backend.name

    def prepare_pillars(self, name: str, dtype: str, count: int, steps: int, dt: float, device: str = "auto") -> str:
        """Make ``name``, so many steps [s] of Heun's method of so many pillars with a current, 20 nm wide, at 300 K."""
        terms = [
            Exchange(A=2e-11), UniaxialAnisotropy(Ku1=1e6), Demag(), Slonczewski(J=1e11, P=0.6), Thermal(T=300, seed=1)
        ]  # fmt: skip
        simulation = Simulation(
            Mesh((10, 10, 1), (2e-9, 2e-9, 1.3e-9)), terms, Ms=1e6, alpha=0.02, batch=count, dtype=dtype,
            geometry=Cylinder(20e-9), device=device,
        )  # fmt: skip

        def run() -> NDArray:
            simulation.run(steps * dt, dt=dt)
            return simulation.m[0]

        self._make(name, run)
        return simulation.backend.name

    def save(self, name: str, path: str) -> None:
        """Write what a call returns, (3, nz, ny, nx)."""
        np.save(path, np.asarray(self._results[name](), dtype=np.float64))

    def forget(self) -> None:
        """Let go of everything that was prepared."""
        super().forget()
        self._results.clear()

    def steps(self, cells: list[int], dtype: str, duration: float, repeats: int) -> list[float]:
        """Return the accepted adaptive Dormand–Prince steps per second of several runs of ``duration`` [s]."""
        simulation = _simulation(_mesh(cells), dtype, "auto", 1)
        rates = []
        for _ in range(repeats + 1):
            simulation.m = (1, 0.2, 0.5)
            before, start = int(simulation.state.steps[0]), perf_counter()
            simulation.run(duration, solver="dormand_prince")
            rates.append((int(simulation.state.steps[0]) - before) / (perf_counter() - start))
        return rates[1:]

    def evaluations(self, cells: list[int], dtype: str, replicas: int, steps: int, repeats: int) -> list[float]:
        """Return cells × evaluations per second of several runs of so many steps of a fixed length."""
        simulation = _simulation(_mesh(cells), dtype, "auto", replicas)
        rates = []
        for _ in range(repeats + 1):
            simulation.m = (1, 0.2, 0.5)
            before, start = simulation.state.evaluations.sum(), perf_counter()
            simulation.run(steps * 1e-14, solver="rk4", dt=1e-14)
            simulation.average_m()  # waits for the device
            done = int(simulation.state.evaluations.sum() - before)
            rates.append(done * simulation.mesh.n_cells / (perf_counter() - start))
        return rates[1:]

    def s_state(self, path: str) -> None:
        """Write the relaxed state of standard problem 4, (3, nz, ny, nx)."""
        simulation = _film((0, 0, 0))
        simulation.m = np.array((1, 0.1, 0))
        simulation.minimize()
        np.save(path, simulation.m[0])

    def standard_problem_4(self, start: str, field: list[float], duration: float, **accuracy: Any) -> dict[str, Any]:
        """Run from the relaxed state; return the wall time [s], and t [s] and ⟨mx⟩ at the outputs."""
        simulation = _film(field)
        simulation.m = np.load(start)
        simulation.run(problem.FILM_INTERVAL, **accuracy)  # whatever is done at the first step only
        simulation.m, simulation.t = np.load(start), 0.0
        t, mx = [], []

        def look(simulation: Simulation) -> None:
            t.append(float(simulation.t[0]))
            mx.append(float(simulation.average_m()[0, 0]))

        begin = perf_counter()
        simulation.run(duration, every=problem.FILM_INTERVAL, callback=look, **accuracy)
        return {"seconds": perf_counter() - begin, "t": t, "mx": mx}

    def prepare_macrospins(self, name: str, dtype: str, count: int, steps: int, dt: float) -> str:
        """Make ``name``: so many trajectories of a macrospin at a temperature by Heun's method; return the device."""
        ensemble = _macrospins(count, problem.SPIN_T, dtype)
        self.calls[name] = lambda: ensemble.run(steps * dt, dt)
        return ensemble.device

    def save_motion(self, steps: int, dt: float, path: str) -> None:
        """Write m, (3,), after so many steps of that macrospin without noise."""
        np.save(path, _macrospins(1, 0.0, "float64").run(steps * dt, dt, solver="heun").m[0])

    def _make(self, name: str, call: Callable[[], NDArray]) -> None:
        self.calls[name] = self._results[name] = call


def random_m(mesh: Mesh) -> NDArray[np.float64]:
    """Return unit vectors in random directions, (3, nz, ny, nx), always the same."""
    m = np.random.default_rng(0).normal(size=(3, *mesh.shape))
    return m / np.sqrt(np.sum(m**2, axis=0))


def padded_scipy(mesh: Mesh, dtype: str, threads: int) -> Callable[[NDArray], NDArray]:
    """Return the textbook convolution: the same field [T] from M, (3, nz, ny, nx) [A/m].

    `scipy.fft.rfftn` of the three components padded with zeros to a fast length of at least 2 n − 1 along each axis,
    the product with the components of the spectrum, `irfftn`, and what is beyond the mesh dropped.
    """
    nz, ny, nx = mesh.shape
    pz, py, px = (scipy.fft.next_fast_len(2 * n - 1, real=True) for n in mesh.shape)
    kernel = -MU_0 * _unfolded(demag_spectrum(mesh, default_cache(), (px, py, pz)), py, pz)
    kernel = kernel.astype(dtype)
    rows = [(0, 3, 4), (3, 1, 5), (4, 5, 2)] if nz > 1 else [(0, 3), (3, 1), (None, None, 2)]
    axes = (1, 2, 3)

    def convolve(magnetisation: NDArray) -> NDArray:
        waves = scipy.fft.rfftn(magnetisation, s=(pz, py, px), axes=axes, workers=threads)
        field = np.empty_like(waves)
        product = np.empty_like(waves[0])
        for a, row in enumerate(rows):
            terms = [(b, component) for b, component in enumerate(row) if component is not None]
            for count, (b, component) in enumerate(terms):
                np.multiply(kernel[component], waves[b], out=product if count else field[a])
                if count:
                    field[a] += product
        wide = scipy.fft.irfftn(field, s=(pz, py, px), axes=axes, workers=threads, overwrite_x=True)
        return wide[:, :nz, :ny, :nx]

    return convolve


def _unfolded(octant: NDArray[np.float64], py: int, pz: int) -> NDArray[np.float64]:
    """Return the spectrum at all wave numbers of y and z from those up to the middle; xy, xz and yz are odd."""
    for axis, length, odd in ((2, py, (3, 5)), (1, pz, (4, 5))):
        beyond = np.take(octant, range((length - 1) // 2, 0, -1), axis=axis)
        for component in odd:
            if component < len(octant):
                beyond[component] *= -1
        octant = np.concatenate([octant, beyond], axis=axis)
    return octant


def _mesh(cells: list[int]) -> Mesh:
    nx, ny, nz = cells
    return Mesh((nx, ny, nz), problem.CELL_SIZE)


def _simulation(mesh: Mesh, dtype: str, device: str, replicas: int, more: str = "") -> Simulation:
    Ku1: Any = problem.KU
    if replicas > 1:
        Ku1 = PerReplica(problem.KU * np.linspace(1, 1.1, replicas))
    A, D = (problem.A, problem.D) if more != "A and D per cell" else (_map(mesh, problem.A), _map(mesh, problem.D))
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku1, axis=(0, 0, 1)), Zeeman(B=problem.B), Demag()]
    if "D" in more:
        terms += [InterfacialDMI(D=D)]
    if "Ks" in more:
        terms += [InterfaceAnisotropy(Ks=problem.KS), Slonczewski(J=problem.J, P=problem.P)]
    return Simulation(mesh, terms, Ms=problem.MS, alpha=problem.ALPHA, device=device, dtype=dtype)


def _map(mesh: Mesh, value: float) -> NDArray:
    return value * np.random.default_rng(1).uniform(0.9, 1.1, mesh.shape)


def _macrospins(count: int, T: float, dtype: str) -> MacrospinEnsemble:
    volume = np.pi / 4 * problem.SPIN_DIAMETER**2 * problem.SPIN_THICKNESS
    a = spin_torque_field(problem.SPIN_J, problem.SPIN_P, problem.SPIN_MS, problem.SPIN_THICKNESS)
    return MacrospinEnsemble(
        np.tile(problem.SPIN_START, (count, 1)), alpha=problem.SPIN_ALPHA, B_K=problem.SPIN_B_K, a=-a,
        thermal_field=thermal_field(T, problem.SPIN_MS, volume), dtype=dtype,
    )  # fmt: skip


def _film(field: Any) -> Simulation:
    return Simulation(
        Mesh(problem.FILM_CELLS, problem.CELL_SIZE), [Exchange(A=problem.A), Zeeman(B=tuple(field)), Demag()],
        Ms=problem.MS, alpha=problem.ALPHA, gamma=problem.FILM_GAMMA,
    )  # fmt: skip


if __name__ == "__main__":
    serve(Own)
