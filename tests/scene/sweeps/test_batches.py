"""Members of a sweep as replicas of one batch: bit for bit what each is alone, whichever share a chunk."""

import numpy as np
import pytest

from tests.scene.sweeps.conftest import FIELD, tables

SHORT = (
    'duration = "20 ps"\ntable_every = "10 ps"',
    'duration = "2 ps"\ntable_every = "1 ps"\ntolerance = 0.05',
)
NOISE = ("[terms.zeeman]", "[terms.thermal]\nT = 300\nseed = 4\n[terms.zeeman]")
DEMAG = ("[terms.exchange]", "[terms.demag]\n[terms.exchange]")


def quantity(name: str, path: str, values: str) -> str:
    return f'\n[sweep.quantities.{name}]\npath = "{path}"\n{values}\n'


MERGED = {
    "parameters": (
        quantity("Ku", "terms.uniaxial_anisotropy.Ku1", 'values = ["0.1 MJ/m^3", "0.35 MJ/m^3"]')
        + quantity("Ms", "material.Ms", 'values = ["600 kA/m", "800 kA/m"]'),
        [DEMAG],
    ),
    "geometry": (
        quantity("diameter", "geometry.shape.diameter", 'values = ["11 nm", "14 nm", "20 nm"]'),
        [DEMAG, ("[material]", '[geometry]\nshape = { kind = "cylinder", diameter = "20 nm" }\n[material]')],
    ),
    "smooth edges": (
        quantity("diameter", "geometry.shape.diameter", 'values = ["11 nm", "14 nm", "18 nm"]'),
        [
            DEMAG,
            (
                "[material]",
                '[geometry]\nsmooth_edges = 3\nshape = { kind = "cylinder", diameter = "20 nm" }\n[material]',
            ),
        ],
    ),
    "initial state": (
        quantity("start", "initial.direction", "values = [[1, 0, 0.1], [0, 1, 0.1], [0.3, 0.2, 1]]"),
        [],
    ),
    "pulses": (
        quantity("length", "terms.zeeman.B.signal.length", 'values = ["4 ps", "9 ps", "30 ps"]'),
        [
            (
                'B = ["3 mT", 0, "10 mT"]',
                'B = { value = [0, "0.3 T", 0], signal = { kind = "pulse", length = "1 ps", rise = "2 ps" } }',
            )
        ],
    ),
    "waves in a sum": (
        quantity("frequency", "terms.zeeman.B.sum.1.signal.frequency", 'values = ["20 GHz", "200 GHz"]'),
        [
            (
                'B = ["3 mT", 0, "10 mT"]',
                'B = { sum = [[0, 0, "10 mT"], { value = ["0.1 T", 0, 0], '
                'signal = { kind = "sine", frequency = "5 GHz" } }] }',
            )
        ],
    ),
    "noise": (
        quantity("temperature", "terms.thermal.T", "values = [3, 30, 31]"),
        [NOISE, SHORT],
    ),
    "seeds of noise": (
        quantity("seed", "terms.thermal.seed", "values = [4, 5, 18446744073709551615]"),
        [("[terms.zeeman]", "[terms.thermal]\nT = 30\nseed = 4\n[terms.zeeman]"), SHORT],
    ),
    "what a stage sets": (
        quantity("alpha", "stages.1.values.material.alpha", "values = [0.01, 0.2]")
        + quantity("field", "terms.zeeman.B.2", 'values = ["-20 mT", "20 mT"]'),
        [
            (
                'table_every = "10 ps"\n',
                'table_every = "10 ps"\n[[stages]]\nkind = "set"\n[stages.values.material]\nalpha = 0.5\n'
                '[[stages]]\nkind = "run"\nduration = "10 ps"\n[[stages]]\nkind = "relax"\n',
            )
        ],
    ),
    "directions of a hysteresis": (
        quantity("direction", "stages.0.direction", "values = [[1, 0, 0.2], [0.1, 0.2, 3]]"),
        [
            (
                'kind = "run"\nduration = "20 ps"\ntable_every = "10 ps"\n',
                'kind = "hysteresis"\ndirection = [1, 0, 0]\nstart = "0.2 T"\nstop = "-0.2 T"\nsteps = 4\n'
                "back = false\n",
            )
        ],
    ),
}


ON_EVERY_DEVICE = ["parameters", "geometry", "pulses", "noise"]


def check_a_batch(name, sweeps):
    add, changes = MERGED[name]
    sweep = sweeps.load(add, *changes)
    (group,) = sweep.groups
    count = sweep.expansion.count
    assert group.members == list(range(count))
    alone = {member: sweeps.alone(member) for member in range(count)}
    assert len(set(alone.values())) == count  # they do differ
    assert tables(sweep, count) == alone
    assert tables(sweep, 2) == alone


@pytest.mark.parametrize("name", ON_EVERY_DEVICE)
def test_members_of_a_batch_are_bit_for_bit_what_they_are_alone(name, device, sweeps):
    check_a_batch(name, sweeps)


@pytest.mark.parametrize("name", sorted(set(MERGED) - set(ON_EVERY_DEVICE)))
def test_whatever_differs_between_the_members_of_a_batch(name, sweeps, monkeypatch):
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    check_a_batch(name, sweeps)


def test_no_result_depends_on_the_size_of_a_chunk(device, sweeps):
    add = FIELD + quantity("T", "terms.thermal.T", "values = [3, 30]")
    sweep = sweeps.load(add, NOISE, DEMAG, SHORT)
    sizes = {size: tables(sweep, size) for size in (1, 3, 8)}
    assert sizes[1] == sizes[3] == sizes[8]
    assert len(set(sizes[1].values())) == 8


APART = {
    "meshes": quantity("nx", "mesh.cells.0", "values = [3, 4]"),
    "durations": quantity("duration", "stages.0.duration", 'values = ["10 ps", "20 ps"]'),
    "no torque": quantity("Ku", "terms.uniaxial_anisotropy.Ku1", 'values = [0, "0.3 MJ/m^3"]'),
    "forms": quantity("A", "terms.exchange.A", 'values = ["13 pJ/m", { expression = "1 + 0.1*x/nm", unit = "pJ/m" }]'),
    "formulas": quantity("A", "terms.zeeman.B.signal", 'values = ["sin(t*GHz)", "cos(t*GHz)"]'),
}


@pytest.mark.parametrize("name", APART)
def test_members_that_do_not_go_together_are_batches_of_their_own(name, sweeps, monkeypatch):
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    driven = ('B = ["3 mT", 0, "10 mT"]', 'B = { value = ["3 mT", 0, "10 mT"], signal = "sin(t*GHz)" }')
    steps = ('table_every = "10 ps"', 'table_every = "10 ps"\ndt = "0.5 ps"')
    apart = name != "formulas"  # which are signals, and these may differ
    sweep = sweeps.load(APART[name], *([] if apart else [driven, steps]))
    assert [group.members for group in sweep.groups] == ([[0], [1]] if apart else [[0, 1]])
    assert tables(sweep, 9) == {member: sweeps.alone(member) for member in range(2)}


def test_a_member_is_the_run_of_its_own_scene(sweeps, tmp_path, monkeypatch):
    """The very file: what the command line writes for a member alone."""
    from fdmag.scene.progress import Silent
    from fdmag.scene.run import Request, SceneRun

    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    sweep = sweeps.load(FIELD, DEMAG)
    with SceneRun(Request(sweeps.path, tmp_path / "alone"), member=2) as run:
        run.carry_out(Silent())
    assert (tmp_path / "alone" / "table.csv").read_bytes() == tables(sweep, 4)[2]


def test_replicas_with_pulses_of_their_own_stop_at_their_own_edges_alone(sweeps, monkeypatch):
    """A replica whose pulse ends late takes no step that the end of another's cuts short."""
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    add, changes = MERGED["pulses"]
    sweep = sweeps.load(add, *changes)
    together = compute_counts(sweep)
    assert together == [counts(sweeps, member) for member in range(3)]
    assert len(set(together)) > 1


def compute_counts(sweep):
    from fdmag.scene.sweeps.chunk import compute

    return [result.counts["evaluations"] for result in compute(sweep.chunk(sweep.groups[0], [0, 1, 2]))]


def counts(sweeps, member):
    from fdmag.output.rows import RowsInMemory
    from fdmag.scene.load import load_scene
    from fdmag.scene.progress import Silent
    from fdmag.scene.stages import run_stages

    loaded = load_scene(sweeps.path, member=member)
    rows = RowsInMemory(loaded.simulation)
    run_stages(loaded.simulation, loaded.scene.stages, loaded.parts.settings, rows, Silent())
    return int(np.sum(loaded.simulation.state.evaluations))
