"""What a valid scene hardly means is told before anything is computed, in the log, in run.json and by `check`."""

import json

import pytest
from typer.testing import CliRunner

from fdmag.cli import app
from fdmag.output import read_table
from fdmag.scene.doubts import scene_doubts
from fdmag.scene.run import run_scene


def told(scenes, *changes, add="", **options):
    return [str(doubt) for doubt in scene_doubts(scenes.load(*changes, add=add, **options))]


def only(scenes, *changes, add="", **options):
    (doubt,) = told(scenes, *changes, add=add, **options)
    return doubt


def test_a_magnetisation_in_cgs_is_told(scenes):
    """1000 emu/cm³ is 1 MA/m, and 1000 A/m is µ0 M = 1.3 mT."""
    assert "0.0013 T" in only(scenes, ('Ms = "800 kA/m"', "Ms = 1000"))
    assert not told(scenes, ('Ms = "800 kA/m"', 'Ms = "1 kA/m"'))  # a ferrimagnet near its compensation
    assert not told(scenes, ('Ms = "800 kA/m"', "Ms = 8e5"))


def test_a_current_in_place_of_its_density_is_told(scenes):
    """50 µA without a unit, for one of several replicas and by --set."""
    torque = "[terms.slonczewski]\nP = 0.6\n"
    assert "current over the area" in only(scenes, add=torque + "J = { replicas = [1e11, 50e-6] }")
    assert "J: came 5e-05" in only(scenes, add=torque + "J = 1e11", overrides=["terms.slonczewski.J=50e-6"])
    assert not told(scenes, add=torque + "J = 0")


def test_each_of_several_terms_has_its_place(scenes):
    two = '[[terms.uniaxial_anisotropy]]\nKu1 = "1 MJ/m^3"\n[[terms.uniaxial_anisotropy]]\nKu1 = 0.5\n'
    small = ('cell = ["5 nm", "5 nm", "3 nm"]', 'cell = ["1 nm", "1 nm", "3 nm"]')
    assert '"0.5 MJ/m^3"' in only(scenes, small, add=two)


def test_an_angle_in_degrees_is_told(scenes):
    turned = (
        '[geometry]\nshape = { kind = "rotate", angle = ANGLE, shape = { kind = "box", size = [4e-8, 3e-8, 1] } }\n'
    )
    assert '"45 deg"' in only(scenes, add=turned.replace("ANGLE", "45"))
    for right in ('"45 deg"', "0.7854", '"45 rad"'):
        assert not told(scenes, add=turned.replace("ANGLE", right))


@pytest.mark.parametrize(
    ("shape", "part"),
    [
        ('{ kind = "cylinder", diameter = "80 nm" }', "80 nm along x, of 50 nm and 80 nm along y, of 50 nm"),
        ('{ kind = "cylinder", diameter = "40 nm", center = ["20 nm", 0, 0] }', "40 nm along x"),
        ('{ kind = "box", size = ["40 nm", "40 nm", "5 nm"] }', "5 nm along z, of 3 nm"),
        ('{ kind = "box", size = ["40 nm", "40 nm", "1 nm"] }', "have 3 times the volume"),
        ('{ kind = "cylinder", diameter = "8 nm" }', "have 2 times the volume"),  # 4 cells of 25 nm², and π 16 nm²
    ],
)
def test_a_shape_that_the_cells_do_not_hold_is_told(scenes, shape, part):
    assert part in only(scenes, add=f"[geometry]\nshape = {shape}\n")


@pytest.mark.parametrize(
    "shape",
    [
        '{ kind = "cylinder", diameter = "50 nm" }',
        '{ kind = "cylinder", diameter = "40 nm", axis = "x", height = "90 nm" }',  # a wire that goes on
        '{ kind = "box", size = ["90 nm", "40 nm", "3 nm"] }',  # a track that does
        '{ kind = "box", size = ["40 nm", "40 nm", "1 um"] }',  # through all layers
    ],
)
def test_a_shape_that_goes_on_or_through_is_meant(scenes, shape):
    assert not [doubt for doubt in told(scenes, add=f"[geometry]\nshape = {shape}\n") if "ends before" in doubt]


def test_damping_that_comes_later_is_waited_for(scenes):
    noise = '[terms.thermal]\nT = "300 K"\n'
    undamped = ("alpha = 0.02", "alpha = 0")
    assert "without damping" in only(scenes, undamped, add=noise)
    later = '[[stages]]\nkind = "set"\nvalues = { "material.alpha" = 0.1 }\n'
    assert not told(scenes, undamped, add=noise + later)


def test_a_run_keeps_what_it_warned_of(scenes, tmp_path):
    path = scenes.write(("alpha = 0.02", "alpha = 0"), add='[terms.thermal]\nT = "300 K"\n')
    path.write_text(path.read_text().replace('kind = "relax"', 'kind = "minimize"'))
    run_scene(path, tmp_path / "out")
    (warning,) = json.loads((tmp_path / "out/run.json").read_text())["warnings"]
    assert "without damping there is no noise" in warning
    assert f"WARNING {warning}" in (tmp_path / "out/log.txt").read_text()


def test_check_and_run_warn_on_the_terminal(scenes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = scenes.write(("alpha = 0.02", "alpha = 0"), add='[terms.thermal]\nT = "300 K"\n')
    path.write_text(path.read_text().replace('kind = "relax"', 'kind = "minimize"'))
    for command in (["check"], ["run"], ["run", "--overwrite"]):
        told = CliRunner().invoke(app, [*command, str(path)])
        assert told.exit_code == 0
        assert told.stderr.count("warning: [terms.thermal] T: without damping") == 1
    assert not CliRunner().invoke(app, ["run", "--overwrite", "--quiet", str(path)]).output


@pytest.mark.parametrize(
    ("direction", "J", "warned"), [("0", "5e12", True), ("0.01", "5e12", False), ("0", "0", False)]
)
def test_a_run_that_cannot_begin_is_told(scenes, tmp_path, direction, J, warned):
    """Exactly along the axis a torque a m × (m × p) is zero, however far it is above the critical current."""
    torque = f'[terms.slonczewski]\nP = 0.6\nJ = {J}\n[initial]\nkind = "uniform"\ndirection = [{direction}, 0, 1]\n'
    run_scene(scenes.write(('kind = "relax"', 'kind = "set"\nvalues = { "material.alpha" = 0.1 }'), add=torque),
              tmp_path / "out")  # fmt: skip
    warnings = json.loads((tmp_path / "out/run.json").read_text())["warnings"]
    assert any("m has not moved at all" in each for each in warnings) == warned


def test_the_far_end_of_a_sweep_is_looked_at(scenes, monkeypatch):
    """Discs of 30 to 80 nm on a mesh of 50 nm: the first fits, the last does not."""
    sweep = '[sweep.quantities.width]\npath = "geometry.shape.diameter"\nvalues = ["30 nm", "40 nm", "80 nm"]\n'
    monkeypatch.chdir(scenes.folder)
    scenes.write(add='[geometry]\nshape = { kind = "cylinder", diameter = "30 nm" }\n' + sweep)
    told = CliRunner().invoke(app, ["check", "film.toml"])
    assert told.exit_code == 0
    assert told.stderr.count("warning") == 1
    assert "80 nm along x, of 50 nm" in told.stderr
    assert "member 2" in told.stderr


@pytest.mark.parametrize(("direction", "warned"), [("[0, 0, 1]", True), ("[0.02, 0, 1]", False)])
def test_a_loop_exactly_along_the_axis_does_not_open(scenes, tmp_path, direction, warned):
    """Ku1 = 0.1 MJ/m³ and Ms = 800 kA/m have B_K = 250 mT: at −300 mT m is still up, or down with a tilt of 1°."""
    loop = f'kind = "hysteresis"\ndirection = {direction}\nstart = "300 mT"\nstop = "-300 mT"\nsteps = 4\nback = false'
    anisotropy = '[terms.uniaxial_anisotropy]\nKu1 = "0.1 MJ/m^3"\n'
    text = scenes.text(('kind = "relax"', loop), add=anisotropy).replace(
        '[[stages]]\nkind = "run"\nduration = "1 ps"\n', ""
    )
    (scenes.folder / "film.toml").write_text(text)
    run_scene(scenes.folder / "film.toml", tmp_path / "out")
    warnings = json.loads((tmp_path / "out/run.json").read_text())["warnings"]
    assert sum("first -300 mT, m is at rest but not stable" in each for each in warnings) == warned
    assert (read_table(tmp_path / "out/table.csv")["mz"][-1] > 0) == warned


def test_a_junction_that_reads_the_lowest_layer_of_a_stack_is_told(scenes):
    stack = (
        ("cells = [10, 10, 1]", "cells = [2, 2, 3]"),
        ('Ms = "800 kA/m"', "Ms = { regions = { gap = 0, default = 8e5 } }"),
    )
    gap = '[regions.gap]\nshape = { kind = "box", size = [1, 1, "3 nm"] }\n'
    read = '[device.read]\nkind = "mtj"\nRA_P = "5 ohm um^2"\nTMR = 1\n'
    top = '[regions.top]\nshape = { kind = "box", size = [1, 1, "3 nm"], center = [0, 0, "3 nm"] }\n'
    assert "lowest of several layers" in only(scenes, *stack, add=gap + read)
    named = stack[0], ('Ms = "800 kA/m"', "Ms = { regions = { gap = 0, top = 8e5, default = 8e5 } }")
    assert not told(scenes, *named, add=gap + top + read + 'free = "top"\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TMR = 120\nRA_P = 5e-12\nvoltage = 0.1", 'TMR: came 120.0, which is 120 times, not per cent; is it "120 %"?'),
        ("TMR = 1.2\nRA_P = 5\nvoltage = 0.1", 'RA_P: came 5.0, which is 5 ohm m^2; is it "5 ohm um^2"?'),
        ('TMR = "120 %"\nRA_P = "5 ohm um^2"\nvoltage = 0.1', None),
    ],
)
def test_percent_and_square_micrometres_are_told(scenes, text, message):
    found = told(scenes, add=f"[terms.tunnel_torque]\nP = 0.6\n{text}\n")
    assert found == ([] if message is None else [f"[terms.tunnel_torque] {message}"])


def test_an_ensemble_without_noise_is_told(scenes):
    five, noise = "[ensemble]\nreplicas = 5\n", '[terms.thermal]\nT = "300 K"\n'
    assert "all are the same" in only(scenes, add=five)
    assert not told(scenes, add=five + noise)
    assert not told(scenes, add=five + '[initial]\nkind = "random"\nseed = 1\n')


def test_a_criterion_that_is_met_at_the_start_is_told(scenes, tmp_path):
    path = scenes.write(('duration = "1 ps"', 'duration = "1 ps"\nuntil = { column = "mz", above = 0 }'))
    run_scene(path, tmp_path / "out")
    assert "until is met at the start" in (tmp_path / "out/log.txt").read_text()
