"""The demagnetising field of periodic samples, for which it is known: films, stripes, laminates, bars."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag
from validation.problem import Problem, Result, Row

MS = 8e5
FILM = (True, True, False)  # periodic axes
BASIS = "accuracy of the tensor summed over all images, 1e-10"


class PeriodicDemag(Problem):
    """One, two and three periodic axes."""

    name = "periodic_demag"
    title = "Demagnetising field of samples periodic along x, xy and xyz"

    def compute(self) -> Result:
        """Compare factors, fields and an energy."""
        row = partial(Row, tolerance=1e-10, basis=BASIS)
        film = "a film of infinite extent: B = −µ0 Mz along its normal, none in its plane"
        rows = []
        for cells, size in (((6, 4, 1), (5e-9, 5e-9, 1e-9)), ((5, 8, 3), (2e-9, 5e-9, 4e-9))):
            factors, title = _factors(Mesh(cells, size, periodic=FILM)), " × ".join(map(str, cells))
            rows += [
                row(f"film of {title} cells: N{axis}", expected, ours, source=film)
                for axis, expected, ours in zip("xyz", (0, 0, 1), factors, strict=True)
            ]
        rows.append(row("layers of random Mz: largest |B + µ0 Mz|/µ0 Ms", 0, _layers(), source=film))
        rows.append(
            row("laminate periodic in xyz: largest |B + µ0 (M − mean M)·x|/µ0 Ms", 0, _laminate(),
                source="∇·(B + µ0 M) = 0 in one dimension; the mean has no field where nothing ends")
        )  # fmt: skip
        for height in (10, 3):
            bar = _factors(Mesh((7, 5, 2), (4e-9, 2e-9, height * 0.5e-9), periodic=(True, False, False)))
            across = _infinite_bar(10, height)
            source = "A. Aharoni, J. Appl. Phys. 83, 3432 (1998), eq. (1) in the limit of infinite length"
            for axis, expected, ours in zip("xyz", (0, 1 - across, across), bar, strict=True):
                rows.append(row(f"endless bar 10 × {height}: N{axis}", expected, ours, source=source))
        ours, exact = _stripes()
        rows.append(
            Row("stripes ±z, period 80 nm, film 6 nm: energy / (µ0 Ms²/2)", exact, ours, 1e-10,
                "C. Kooy, U. Enz, Philips Res. Rep. 15, 7 (1960): Σ over odd n of (8/π²n²)(1 − exp(−kt))/kt", BASIS)
        )  # fmt: skip
        return Result(rows)


def _field(mesh: Mesh, m: NDArray[np.float64], Ms: float | NDArray[np.float64] = MS) -> NDArray[np.float64]:
    return Simulation(mesh, [Demag()], Ms=Ms, m=m).effective_field() / (MU_0 * MS)


def _factors(mesh: Mesh) -> NDArray[np.float64]:
    field = _field(mesh, np.eye(3)[:, :, None, None, None])
    return -np.diag(field.mean(axis=(2, 3, 4)))


def _layers() -> float:
    """Random directions from layer to layer of a film, uniform within each."""
    mesh = Mesh((4, 6, 5), (3e-9, 2e-9, 1e-9), periodic=FILM)
    m = np.random.default_rng(1).standard_normal((3, 5, 1, 1)) + np.zeros((3, *mesh.shape))
    m /= np.linalg.norm(m, axis=0)
    field = _field(mesh, m)[0]
    field[2] += m[2]
    return float(np.abs(field).max())


def _laminate() -> float:
    """Random directions from sheet to sheet across x, in a sample without ends."""
    mesh = Mesh((8, 3, 4), (2e-9, 5e-9, 3e-9), periodic=(True, True, True))
    m = np.random.default_rng(2).standard_normal((3, 1, 1, 8)) + np.zeros((3, *mesh.shape))
    m /= np.linalg.norm(m, axis=0)
    field = _field(mesh, m)[0]
    field[0] += m[0] - m[0].mean()
    return float(np.abs(field).max())


def _infinite_bar(width: float, height: float) -> float:
    """Return N along the height of a bar of infinite length."""
    p = height / width
    return float(((1 - p**2) / (2 * p) * np.log1p(p**2) + p * np.log(p) + 2 * np.arctan(1 / p)) / np.pi)


def _stripes() -> tuple[float, float]:
    """Return energy density / (µ0 Ms²/2) of up and down stripes of equal width: ours, and the series."""
    period, thickness = 80e-9, 6e-9
    mesh = Mesh((16, 2, 2), (period / 16, 5e-9, thickness / 2), periodic=FILM)
    m = np.zeros((3, *mesh.shape))
    m[2] = np.where(np.arange(16) < 8, 1.0, -1.0)
    energy = Simulation(mesh, [Demag()], Ms=MS, m=m).energy()[0]
    ours = energy / (MU_0 * MS**2 / 2 * mesh.n_cells * mesh.cell_volume)
    n = np.arange(1, 40_001, 2)[::-1]
    kt = 2 * np.pi * n / period * thickness
    # the tail beyond n falls as Σ 1/n³ = 1/(4 n²)
    tail = 8 / np.pi**2 / (2 * np.pi * thickness / period) / (4 * (n[0] + 1.0) ** 2)
    return float(ours), float(np.sum(8 / (np.pi * n) ** 2 * -np.expm1(-kt) / kt) + tail)
