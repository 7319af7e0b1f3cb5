"""Stages that find something, or end early, as members of a sweep."""

from typing import get_args

import numpy as np
import pytest

import fdmag
from fdmag.constants import GAMMA_E
from fdmag.scene.progress import Silent
from fdmag.scene.run import Request, SceneRun
from fdmag.scene.tables import StageTable

pytest.importorskip("xarray")

PARTICLE = """
[mesh]
cells = [1, 1, 1]
cell = ["10 nm", "10 nm", "2 nm"]
[material]
Ms = "1 MA/m"
alpha = 0
[terms.uniaxial_anisotropy]
Ku1 = "0.2 MJ/m^3"
[terms.zeeman]
B = [0, 0, 0]
[initial]
kind = "uniform"
direction = [0, 0, 1]
"""
BARRIER = """
[[stages]]
kind = "barrier"
start = { kind = "uniform", direction = [0, 0, 1] }
end = { kind = "uniform", direction = [0, 0, -1] }
max_torque = "1 uT"
[sweep.quantities.Ku]
path = "terms.uniaxial_anisotropy.Ku1"
values = ["0.1 MJ/m^3", "0.2 MJ/m^3", "0.4 MJ/m^3"]
[sweep.results.Delta]
column = "barrier_kT"
"""
TURN = """
[[stages]]
kind = "run"
duration = "0.2 ns"
until = { column = "mx", below = 0 }
[sweep.quantities.field]
path = "terms.zeeman.B.2"
values = ["0.1 T", "0.2 T", "0.4 T"]
"""


@pytest.fixture
def swept(tmp_path):
    def run(text):
        (tmp_path / "scene.toml").write_text(text, encoding="utf-8")
        return fdmag.sweep(tmp_path / "scene.toml", tmp_path / "out", workers=0)

    return run


def test_a_barrier_over_an_anisotropy_is_ku_v(swept, device, monkeypatch):
    monkeypatch.setenv("FDMAG_DEVICE", device)
    data = swept(PARTICLE + BARRIER)
    np.testing.assert_allclose(data.barrier, np.array([0.1e6, 0.2e6, 0.4e6]) * 2e-25, rtol=1e-6)
    np.testing.assert_allclose(data.Delta, data.barrier / 1.380649e-23 / 300, rtol=1e-12)
    assert data.barrier.attrs["units"] == "J"
    path = data["barrier_0.E_total"]
    assert path.dims == ("Ku", "image")
    np.testing.assert_allclose(path.max("image") - path[:, 0], data.barrier, rtol=1e-9)


def test_the_table_of_a_member_is_that_of_its_own_run(swept, tmp_path):
    """To the last byte, though rows without barriers follow."""
    swept(PARTICLE + BARRIER.replace("[sweep.q", '[[stages]]\nkind = "relax"\n[sweep.q', 1))
    with SceneRun(Request(tmp_path / "scene.toml", tmp_path / "alone"), member=1) as run:
        run.carry_out(Silent())
    for file in ("table.csv", "tables/barrier_0.csv"):
        one, other = (tmp_path / name / file for name in ("alone", "out/members/0001"))
        assert one.read_bytes() == other.read_bytes()


def test_members_stop_each_at_its_time(swept):
    """Without damping and anisotropy m turns from +x through a quarter at t = π / (2 γ B)."""
    text = PARTICLE.replace('Ku1 = "0.2 MJ/m^3"', "Ku1 = 0").replace("direction = [0, 0, 1]", "direction = [1, 0, 0]")
    data = swept(text + TURN)
    np.testing.assert_allclose(data.t_stop, np.pi / 2 / GAMMA_E / data.field, rtol=1e-6)
    np.testing.assert_array_equal(data.t, data.t_stop)


def test_rows_of_members_end_when_they_stop(tmp_path):
    """However many are computed together: their tables are the same, and what is read off them."""
    text = PARTICLE.replace('Ku1 = "0.2 MJ/m^3"', "Ku1 = 0").replace("direction = [0, 0, 1]", "direction = [1, 0, 0]")
    (tmp_path / "scene.toml").write_text(
        text + TURN.replace('"0.2 ns"', '"0.2 ns"\ntable_every = "10 ps"')
        + '[sweep.results.mean]\ncolumn = "mx"\nmeasure = "mean"\n', encoding="utf-8",
    )  # fmt: skip
    runs = [fdmag.sweep(tmp_path / "scene.toml", tmp_path / f"{n}", workers=0, together=n) for n in (1, 3)]
    np.testing.assert_array_equal(runs[0]["mean"], runs[1]["mean"])
    for member in range(3):
        one, other = (tmp_path / n / "members" / f"{member:04d}" / "table.csv" for n in ("1", "3"))
        assert one.read_bytes() == other.read_bytes()
    rows = len((tmp_path / "3/members/0002/table.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert rows == 2 + int(np.pi / 2 / GAMMA_E / 0.4 / 10e-12)  # the start, every 10 ps, and the end


STAGES = {
    "relax": "",
    "minimize": "",
    "run": 'duration = "10 ps"\n',
    "operate": 'device = "bit"\n[device.bit]\nkind = "nanopillar"\n[device.bit.measure]\nkind = "critical_current"\n'
    'low = "1 GA/m^2"\nhigh = "9 TA/m^2"\nduration = "0.2 ns"\ntolerance = 0.5\ncurrents = 3\ncriterion = "growth"\n',
    "hysteresis": 'direction = [0, 0, 1]\nstart = "10 mT"\nstop = "-10 mT"\nsteps = 2\nmethod = "relax"\n',
    "set": 'values = { "terms.zeeman.B" = [0, 0, "1 mT"] }\n[[stages]]\nkind = "relax"\n',
    "modes": 'count = 1\nmax_torque = "10 mT"\n',
    "spectrum": 'duration = "0.1 ns"\nsample_every = "2 ps"\n',
    "barrier": 'end = { kind = "uniform", direction = [0, 0, -1] }\nimages = 5\n',
}
CURRENT = "[terms.slonczewski]\nJ = 0\nP = 0.5\n"


@pytest.mark.parametrize("kind", [get_args(table.model_fields["kind"].annotation)[0]
                                  for table in get_args(get_args(StageTable)[0])])  # fmt: skip
def test_every_kind_of_stage_can_be_swept(kind, swept):
    """One that is added has to be tried here."""
    text = PARTICLE.replace("alpha = 0\n", "alpha = 0.1\n").replace("direction = [0, 0, 1]", "direction = [0.01, 0, 1]")
    needs = CURRENT if kind == "operate" else ""
    sweep = '[sweep.quantities.Ku]\npath = "terms.uniaxial_anisotropy.Ku1"\nvalues = ["0.1 MJ/m^3", "0.2 MJ/m^3"]\n'
    data = swept(f'{text}{needs}[[stages]]\nkind = "{kind}"\n{STAGES[kind]}{sweep}')
    assert (data.status == "finished").all(), data.error.values
    assert np.isfinite(data.mz).all()
    assert len({*data.E_total.values.ravel()}) > 1
