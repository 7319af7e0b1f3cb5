"""µMAG standard problem 4: the shipped scene, run as a user runs it, against the published solutions."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.output.table_data import TableData, read_table
from fdmag.scene.expect import zero_crossing
from fdmag.scene.progress import Silent
from fdmag.scene.run import run_scene
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

ROOT = Path(__file__).parents[2]
SCENE = ROOT / "scenes" / "standard_problem_4.toml"
PUBLISHED = ROOT / "validation" / "reference" / "standard_problem_4.csv"
SOURCE = (
    "R. D. McMichael et al., µMAG standard problem 4, mean over the published submissions "
    "(https://www.ctcms.nist.gov/~rdm/mumag.org.html), as collected in MagTense (R. Bjørk et al., "
    "J. Magn. Magn. Mater. 535, 168057 (2021))"
)
COMPONENTS = ("mx", "my", "mz")
CROSSINGS = ((0.1384, 0.0005), (0.1368, 0.001))  # ns: first ⟨mx⟩ = 0 and its spread
S_STATE = ((0.9669, 0.0010), (0.1254, 0.0016), (0.0, 0.0001))
ALLOWANCE = 0.005  # of this mesh's cells of 2.5 nm and of the standard deviation itself, from a dozen solutions


@dataclass(frozen=True)
class Band:
    """Published mean and standard deviation of ⟨m⟩, (n, 3), at times t [s], (n,), for one field."""

    t: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @property
    def allowed(self) -> NDArray[np.float64]:
        """Return 3 standard deviations and the allowance."""
        return 3 * self.std + ALLOWANCE


def published(field: int) -> Band:
    """Read the band of field 1 or 2."""
    rows = np.loadtxt(PUBLISHED, delimiter=",", skiprows=5)
    rows = rows[rows[:, 0] == field]
    return Band(rows[:, 1] * 1e-12, rows[:, 2:5], rows[:, 5:8])


class StandardProblem4(Problem):
    """Both fields are replicas of one run; only its table is looked at."""

    name = "standard_problem_4"
    title = "µMAG standard problem 4: reversal of a permalloy film in two fields, 0.6 ns"
    slow = True
    precision: ClassVar[str] = "float64"

    def compute(self) -> Result:
        """Run the scene into a temporary directory and compare its table."""
        with TemporaryDirectory() as folder:
            shorter = ["stages.2.duration=0.6 ns"]
            run_scene(SCENE, folder, precision=self.precision, overrides=shorter, progress=Silent())
            table = read_table(Path(folder) / "table.csv")
        return compare(table, self.name)


def compare(table: TableData, name: str = StandardProblem4.name) -> Result:
    """Return the rows for the table of the scene, and plots whose names begin with ``name``."""
    rows = _s_state(table.replica(0))
    curves = []
    for field, (crossing, spread) in enumerate(CROSSINGS, start=1):
        t, m = _curve(table.replica(field - 1))
        curves.append((t, m))
        band = published(field)
        span = band.t[-1] * 1e9
        rows += [
            Row(
                f"field {field}: largest |⟨{component}⟩ − mean| / (3 std + 0.005), every 10 ps to {span:g} ns",
                0,
                np.max(np.abs(np.interp(band.t, t, m[:, i]) - band.mean[:, i]) / band.allowed[:, i]),
                1,
                SOURCE,
                "three standard deviations of the submissions and 0.005 for their small number and for cells of 2.5 nm",
            )
            for i, component in enumerate(COMPONENTS)
        ]
        rows.append(
            Row(f"field {field}: first ⟨mx⟩ = 0", crossing, zero_crossing(t, m[:, 0]) * 1e9, spread, SOURCE,
                "standard deviation of the submissions there over the slope, and cells of 2.5 nm", "ns")
        )  # fmt: skip
    return Result(rows, {f"{name}_field_{i + 1}": partial(_draw, i + 1, *curves[i]) for i in range(2)})


def _s_state(table: TableData) -> list[Row]:
    """Compare the state before the field is switched on."""
    start = table["stage"] == 0
    return [
        Row(f"S-state ⟨{name}⟩", value, table[name][start][-1], spread, SOURCE,
            "standard deviation of the submissions")
        for name, (value, spread) in zip(COMPONENTS, S_STATE, strict=True)
    ]  # fmt: skip


def _curve(table: TableData) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return t [s] and ⟨m⟩, (n, 3), of the last stage."""
    reversal = table["stage"] == table["stage"].max()
    return table["t"][reversal], np.stack([table[name][reversal] for name in COMPONENTS], axis=1)


def _draw(field: int, t: NDArray, m: NDArray, figure: Figure) -> None:
    axes = label(figure.add_subplot(), "t [ns]", "⟨m⟩", f"standard problem 4, field {field}")
    band = published(field)
    for i, name in enumerate(COMPONENTS):
        low, high = band.mean[:, i] - band.allowed[:, i], band.mean[:, i] + band.allowed[:, i]
        axes.fill_between(band.t * 1e9, low, high, color=COLOURS[i], alpha=0.25, linewidth=0)
        axes.plot(t * 1e9, m[:, i], color=COLOURS[i], label=f"⟨{name}⟩, fdmag")
    axes.fill_between([], [], [], color="grey", alpha=0.25, label="published mean ± (3 std + 0.005)")
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xlim(0, t[-1] * 1e9)
    axes.legend(fontsize="small", ncols=2)
