"""The stage that finds energy barriers: what it writes, what it leaves, and what it refuses."""

import json

import numpy as np
import pytest

from fdmag.analytic.domain_wall import bar_reversal_barrier
from fdmag.analytic.stoner_wohlfarth import energy_barrier
from fdmag.output import read_table
from fdmag.output.vtk_read import read_pvd, read_vti
from fdmag.scene.load import load_scene
from fdmag.scene.run import run_scene
from fdmag.scene.sweeps.run import sweep
from tests.closeness import close

SCENE = """
[mesh]
cells = [1, 1, 1]
cell = ["8 nm", "8 nm", "8 nm"]
[material]
Ms = "800 kA/m"
alpha = 0.5
[terms.uniaxial_anisotropy]
Ku1 = "200 kJ/m^3"
[terms.zeeman]
B = {B}
{terms}
[[stages]]
kind = "barrier"
start = {{ kind = "uniform", direction = [0, 0, 1] }}
end = {{ kind = "uniform", direction = [0, 0, -1] }}
images = 9
{keys}
{more}
"""
KV, B_K = 2e5 * 512e-27, 0.5
AGAINST = '{ replicas = [[0, 0, 0], [0, 0, "-100 mT"], ["60 mT", 0, "-60 mT"]] }'


def written(folder, B="[0, 0, 0]", keys="", more="", terms=""):
    path = folder / "particle.toml"
    path.write_text(SCENE.format(B=B, keys=keys, more=more, terms=terms), encoding="utf-8")
    return path


def test_barriers_of_replicas_and_what_is_left_of_them(tmp_path):
    run_scene(written(tmp_path, AGAINST, "halve_images = true", '[[stages]]\nkind = "relax"'), tmp_path / "out")
    table = read_table(tmp_path / "out" / "table.csv")
    rows = table["stage"] == 0
    exact = KV * np.array([1, 0.8**2, float(energy_barrier(-(0.0072**0.5) / B_K, np.radians(45)))])
    np.testing.assert_allclose(table["barrier"][rows], exact, rtol=1e-5)
    np.testing.assert_allclose(table["barrier_halved"][rows], exact, rtol=1e-5)
    np.testing.assert_allclose(table["barrier_kT"][rows], exact / (1.380649e-23 * 300), rtol=1e-5)
    # a single cell turns as one: the same, but for the angles that are looked at
    np.testing.assert_allclose(table["barrier_uniform"][rows], exact, rtol=1e-3)
    np.testing.assert_allclose(table["barrier_uniform_kT"][rows], exact / (1.380649e-23 * 300), rtol=1e-3)
    np.testing.assert_array_equal(table["saddle_descents"][rows], 1)
    assert table.units["barrier"] == "J"
    # The row is of the saddle; then m is at the start again.
    np.testing.assert_allclose(table["max_torque"][rows], 0, atol=1e-4)
    assert abs(table["mz"][rows][0]) < 1e-4
    assert np.all(table["mz"][~rows] > 0.9)
    assert np.all(np.isnan(table["barrier"][~rows]))
    path = read_table(tmp_path / "out" / "tables" / "barrier_0.csv").replica(1)
    assert path["image"].tolist() == list(range(9))
    assert path["distance"][-1] == close(np.pi, rel=1e-5)
    assert path["E_total"].max() - path["E_total"][0] == close(exact[1], rel=1e-5)
    parts = path["E_uniaxial_anisotropy"] + path["E_zeeman"]
    np.testing.assert_allclose(parts, path["E_total"], rtol=1e-12)
    frames = read_pvd(tmp_path / "out" / "fields" / "barrier_0.pvd")
    assert [time for time, _ in frames] == list(range(9))
    last = read_vti(tmp_path / "out" / "fields" / frames[-1][1]).fields["m_0000"]
    np.testing.assert_allclose(last.ravel(), [0, 0, -1], atol=1e-5)


def test_the_next_stage_goes_on_from_the_start(tmp_path):
    """Without start, a second barrier is one out of the state that the field has changed."""
    second = (
        '[[stages]]\nkind = "set"\nvalues = { "terms.zeeman.B" = [0, 0, "-250 mT"] }\n[[stages]]\nkind = "barrier"\n'
        'end = { kind = "uniform", direction = [0, 0, -1] }\npath = { kind = "sweep" }\n'
        '[expect.first]\ncolumn = "barrier"\nstage = 0\nvalue = "1.024e-19 J"\ntolerance = "1e-24 J"\nsource = "Ku V"\n'
        '[expect.second]\ncolumn = "barrier"\nvalue = "0.256e-19 J"\ntolerance = "1e-24 J"\nsource = "Ku V (1 - h)^2"'
    )
    found = run_scene(written(tmp_path, more=second), tmp_path / "out")
    assert all(outcome.holds for outcome in found), "\n".join(map(str, found))


@pytest.mark.parametrize(
    "path",
    [
        '{ kind = "rotation", through = [0, 1, 0] }',
        '{ kind = "sweep", direction = [0, 1, 0], width = "2 nm", through = [1, 0, 0] }',
        '{ kind = "states", states = [{ kind = "wall" }, { kind = "file", file = "m.npy" }] }',
        '{ kind = "noise", T = "3000 K", duration = "20 ns", every = "10 ps" }',
    ],
)
def test_where_the_path_begins(path, tmp_path):
    np.save(tmp_path / "m.npy", np.array([1, 0, -0.4]).reshape(3, 1, 1, 1))
    scene = written(tmp_path, '[0, 0, "-100 mT"]', f"path = {path}", terms="[terms.thermal]\nT = 0")
    assert load_scene(scene).resolved() == load_scene(scene, [f"stages.0.path={path}"]).resolved()
    run_scene(scene, tmp_path / "out")
    table = read_table(tmp_path / "out" / "table.csv")
    assert table["barrier"][-1] == close(KV * 0.64, rel=1e-6)
    again = run_scene(tmp_path / "out" / "scene.toml", tmp_path / "again")  # with its copy of the file
    assert again == []
    assert read_table(tmp_path / "again" / "table.csv")["barrier"][-1] == table["barrier"][-1]


@pytest.mark.parametrize(
    ("keys", "terms", "message"),
    [
        ("images = 2", "", "number of images, both ends included is an integer from 3 to 1000"),
        ('path = { kind = "sweeep" }', "", "rotation"),
        ('path = { kind = "sweep", width = 0 }', "", "above 0"),
        ('path = { kind = "states", states = [] }', "", "states"),
        ('path = { kind = "states", states = [{ kind = "file", file = "no.npy" }] }', "", '"no.npy" is no file'),
        ('path = { kind = "states", states = [{ kind = "expression", m = [0, "z", 0] }] }', "", "zero length"),
        ('path = { kind = "noise", T = 300, duration = "1 ns" }', "", "needs a thermal term"),
        ("max_torque = 0", "", "above 0"),
        ("", "[terms.slonczewski]\nJ = 1e10\nP = 0.5", "slonczewski derives from no energy"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(keys, terms, message, tmp_path):
    text = written(tmp_path, keys=keys, terms=terms).read_text()
    if "images = 2" in keys:
        text = text.replace("images = 9\n", "")
    (tmp_path / "particle.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load_scene(tmp_path / "particle.toml")
    assert message in str(caught.value).replace("\n    ", " ")
    assert "[[stages]]" in str(caught.value)


def test_noise_is_for_one_replica(tmp_path):
    noise = 'path = { kind = "noise", T = 300, duration = "1 ns" }'
    with pytest.raises(ValueError, match="is for one replica"):
        load_scene(written(tmp_path, AGAINST, noise, terms="[terms.thermal]\nT = 0"))


def test_a_path_too_large_for_the_memory_is_refused(tmp_path):
    scene = written(tmp_path)
    load_scene(scene, ["mesh.cells=[1, 1, 1]"])
    with pytest.raises(ValueError, match=r"paths of 9 images; that needs about 1.92e\+03 GB"):
        load_scene(scene, ["mesh.cells=[5000, 5000, 8]"])


BAR = """
[mesh]
cells = [18, 1, 1]
size = ["24 nm", "4 nm", "4 nm"]
[material]
Ms = "1.1 MA/m"
[terms.exchange]
A = "16 pJ/m"
[terms.uniaxial_anisotropy]
Ku1 = "0.2 MJ/m^3"
[[stages]]
kind = "set"
values = { "terms.uniaxial_anisotropy.Ku1" = KU }
[[stages]]
kind = "barrier"
start = { kind = "uniform", direction = [0, 0, 1] }
end = { kind = "uniform", direction = [0, 0, -1] }
path = { kind = "sweep", width = "4 nm" }
images = 11
halve_cells = true
"""
EXACT = float(bar_reversal_barrier(16e-12, 1e6, 24e-9)) * 16e-18


def test_cells_are_halved(tmp_path):
    """A bar of six wall widths: the error (h/Δ)²/24 is extrapolated away; what a stage has set holds on finer cells."""
    path, out = tmp_path / "bar.toml", tmp_path / "out"
    path.write_text(BAR.replace("KU", '"1 MJ/m^3"'), encoding="utf-8")
    run_scene(path, out, device="numpy")
    row = read_table(out / "table.csv").columns
    error = EXACT - row["barrier"][-1]
    assert error / EXACT == close(1 / 9 / 24, rel=0.15)
    assert (EXACT - row["barrier_fine"][-1]) / error == close(1 / 4, rel=0.05)
    assert abs(EXACT - row["barrier_extrapolated"][-1]) < error / 50
    assert row["barrier_uncertainty"][-1] == close(row["barrier_fine"][-1] - row["barrier"][-1])
    assert row["barrier_extrapolated_kT"][-1] == close(row["barrier_extrapolated"][-1] / (1.380649e-23 * 300))
    (told,) = json.loads((out / "run.json").read_text(encoding="utf-8"))["barriers"]
    assert told["barrier_uncertainty"] == row["barrier_uncertainty"][-1]
    fine = read_table(out / "tables" / "barrier_1_fine.csv")
    assert fine["E_total"].max() - fine["E_total"][0] == close(row["barrier_fine"][-1])
    np.testing.assert_allclose(fine["E_exchange"] + fine["E_uniaxial_anisotropy"], fine["E_total"], rtol=1e-12)
    assert (out / "barrier_1.png").stat().st_size > 5000
    run_scene(path, out, device="numpy", overwrite=True)  # its own picture is no foreign file


def test_edges_that_run_through_cells_leave_no_order(tmp_path):
    path, out = tmp_path / "bar.toml", tmp_path / "out"
    shape = '[geometry]\nshape = { kind = "box", size = ["23 nm", "4 nm", "4 nm"] }\n'
    path.write_text(BAR.replace("KU", '"1 MJ/m^3"') + shape, encoding="utf-8")
    run_scene(path, out, device="numpy")
    row = read_table(out / "table.csv").columns
    assert np.isnan(row["barrier_extrapolated"][-1])
    assert row["barrier_uncertainty"][-1] > 0


def test_the_field_of_a_hysteresis_before_is_there_on_finer_cells(tmp_path):
    """A bar shorter than a wall turns as one: Ku V (1 − B/B_K)², B being the last of the loop, on both meshes."""
    path, out = tmp_path / "bar.toml", tmp_path / "out"
    loop = """[[stages]]
kind = "hysteresis"
direction = [0, 0, 1]
start = 0
stop = "-0.4 T"
steps = 1
back = false
max_torque = 1e-3
"""
    text = (
        BAR.replace("KU", '"1 MJ/m^3"').replace('size = ["24 nm"', 'size = ["4 nm"').replace("[18, 1, 1]", "[2, 1, 1]")
    )
    head, _, tail = text.rpartition('[[stages]]\nkind = "barrier"')
    head = head.replace("[[stages]]", "[terms.zeeman]\nB = [0, 0, 0]\n[[stages]]", 1)
    path.write_text(f'{head}{loop}[[stages]]\nkind = "barrier"{tail}', encoding="utf-8")
    run_scene(path, out, device="numpy")
    row = read_table(out / "table.csv").columns
    exact = 1e6 * 64e-27 * (1 - 0.4 * 1.1e6 / 2e6) ** 2
    assert row["barrier"][-1] == close(exact, rel=1e-4)
    assert row["barrier_fine"][-1] == close(exact, rel=1e-4)


def test_each_replica_has_its_own_on_finer_cells(tmp_path):
    path, out = tmp_path / "bar.toml", tmp_path / "out"
    path.write_text(BAR.replace("KU", '{ replicas = ["1 MJ/m^3", "0.8 MJ/m^3"] }'), encoding="utf-8")
    run_scene(path, out, device="numpy")
    table = read_table(out / "table.csv")
    exact = [float(bar_reversal_barrier(16e-12, Ku, 24e-9)) * 16e-18 for Ku in (1e6, 0.8e6)]
    np.testing.assert_allclose(table["barrier_extrapolated"], exact, rtol=1 / 9 / 240)


def test_what_cannot_be_laid_out_on_finer_cells_is_told(tmp_path):
    np.save(tmp_path / "Ku.npy", np.full((1, 1, 18), 1e6))
    path = tmp_path / "bar.toml"
    text = BAR.replace("KU", '"1 MJ/m^3"').replace('Ku1 = "0.2 MJ/m^3"', 'Ku1 = { file = "Ku.npy" }')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="halve_cells") as caught:
        load_scene(path)
    message = str(caught.value).replace("\n    ", " ")
    assert "cannot be done: on cells half as large" in message
    assert "Ku1" in message
    assert "this mesh needs (1, 2, 36)" in message
    load_scene(path, ["stages.1.halve_cells=false"])
    with pytest.raises(ValueError, match=r"needs\s+\[terms\.exchange\]"):
        load_scene(written(tmp_path, keys="halve_cells = true"))
    # a state from a file does no harm: the finer path begins from the coarse one
    np.save(tmp_path / "m.npy", np.tile([0.0, 0.0, 1.0], (18, 1)).T.reshape(3, 1, 1, 18))
    state = '{kind="file", file="m.npy"}'
    load_scene(path, ["terms.uniaxial_anisotropy.Ku1='1 MJ/m^3'", f"stages.1.start={state}", f"initial={state}"])


def test_members_of_a_sweep_have_finer_cells_of_their_own(tmp_path):
    """A diameter that is swept has on both meshes what it has alone, bit for bit."""
    pytest.importorskip("xarray")
    path = tmp_path / "discs.toml"
    text = BAR.replace("[18, 1, 1]", "[6, 6, 1]").replace('["24 nm", "4 nm", "4 nm"]', '["12 nm", "12 nm", "2 nm"]')
    text = text.replace("KU", '"1 MJ/m^3"').replace("images = 11", "images = 5").replace("sweep", "rotation")
    text = text.replace(', width = "4 nm"', "")
    path.write_text(
        text + "[terms.demag]\nedges = true\n"
        '[geometry]\nshape = { kind = "cylinder", diameter = "9 nm" }\nsmooth_edges = 4\n'
        '[sweep.quantities.diameter]\npath = "geometry.shape.diameter"\nvalues = ["8 nm", "11 nm"]\n'
        '[sweep.results.fine]\ncolumn = "barrier_fine"\n[sweep.results.apart]\ncolumn = "barrier_uncertainty"\n',
        encoding="utf-8",
    )
    data = sweep(path, tmp_path / "swept", device="numpy", workers=0)
    fine, apart = data["fine"].values, data["apart"].values
    assert np.all(apart > 0)
    alone, out = tmp_path / "alone.toml", tmp_path / "out"
    alone.write_text(path.read_text(encoding="utf-8").partition("[sweep")[0], encoding="utf-8")
    run_scene(alone, out, device="numpy", overrides=["geometry.shape.diameter=11 nm"])
    row = read_table(out / "table.csv").columns
    assert (row["barrier_fine"][-1], row["barrier_uncertainty"][-1]) == (fine[1], apart[1])
