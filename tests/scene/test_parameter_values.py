"""Every form a parameter value may have gives the field it should."""

import numpy as np
import pytest

from fdmag.mesh import Mesh
from fdmag.output import write_ovf, write_vti
from tests.closeness import close

CELLS = ("[10, 10, 1]", "[3, 2, 1]")
B = '[0, 0, "10 mT"]'
X = np.array([-5e-9, 0, 5e-9])
Y = np.array([-2.5e-9, 2.5e-9])
LEFT = '[regions.left]\nshape = { kind = "box", size = ["5 nm", "1 um", "1 um"], center = ["-5 nm", 0, 0] }\n'


def field_of(loaded, t=0.0):
    """Return the Zeeman field, (batch, 3, ny, nx)."""
    loaded.simulation.t = t
    return loaded.simulation.effective_field("zeeman")[:, :, 0]


def everywhere(*vector):
    return np.broadcast_to(np.array(vector, dtype=float)[:, None, None], (3, 2, 3))


@pytest.mark.parametrize(
    "value", ["[0, 0, 0.01]", '[0, 0, "10 mT"]', '[0, 0, "100 Oe"]', '{ value = [0, 0, "10 mT"] }']
)
def test_constants(scenes, value):
    (field,) = field_of(scenes.load(CELLS, (B, value)))
    np.testing.assert_allclose(field, everywhere(0, 0, 0.01), rtol=1e-15)


def test_regions(scenes):
    loaded = scenes.load(CELLS, (B, '{ regions = { left = [0, "1 mT", 0], default = [2, 0, 0] } }'), add=LEFT)
    wanted = everywhere(2, 0, 0).copy()
    wanted[:, :, 0] = [[0], [1e-3], [0]]
    assert np.array_equal(field_of(loaded)[0], wanted)


def test_replicas(scenes):
    loaded = scenes.load(CELLS, (B, '{ replicas = [[1, 0, 0], [0, "2 mT", 0], [0, 0, 3]] }'))
    assert loaded.simulation.batch == 3
    assert np.array_equal(
        field_of(loaded), np.stack([everywhere(1, 0, 0), everywhere(0, 2e-3, 0), everywhere(0, 0, 3)])
    )


@pytest.mark.parametrize("t", [0.0, 0.3e-9])
def test_expression_in_space_and_time(scenes, t):
    texts = '["x/(5*nm)", "y/nm + 10*t/ns", "sin(2*pi*t/ns)"]'
    loaded = scenes.load(CELLS, (B, f'{{ expression = {texts}, unit = "mT" }}'))
    wanted = np.empty((3, 2, 3))
    wanted[0] = X / 5e-9
    wanted[1] = (Y / 1e-9 + 10 * t / 1e-9)[:, None]
    wanted[2] = np.sin(2 * np.pi * t / 1e-9)
    np.testing.assert_allclose(field_of(loaded, t)[0], wanted * 1e-3, rtol=1e-14, atol=0)


def test_expression_of_a_scalar(scenes):
    loaded = scenes.load(CELLS, ('"800 kA/m"', '{ expression = "1 + (x > 0)", unit = "MA/m" }'))
    np.testing.assert_allclose(loaded.simulation.terms["zeeman"].bound()[0].base[0, 2], 0.01)
    density = loaded.simulation.energy_density("zeeman")[0, 0]  # -Ms Bz for m along +z
    np.testing.assert_allclose(density, 2 * [-np.array([1e6, 1e6, 2e6]) * 0.01], rtol=1e-14)


@pytest.mark.parametrize("t", [0.0, 0.2e-9])
@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("value = [0, 0, 2]", 2.0),
        ('expression = [0, 0, "x/(5*nm)"]', X / 5e-9),
        ("replicas = [[0, 0, 1], [0, 0, 4]]", None),
    ],
)
def test_signal(scenes, t, pattern, wanted):
    loaded = scenes.load(CELLS, (B, f'{{ {pattern}, signal = "cos(2*pi*t/ns)" }}'))
    factor = np.cos(2 * np.pi * t / 1e-9)
    field = field_of(loaded, t)[:, 2]
    wanted = np.array([1.0, 4.0])[:, None, None] if wanted is None else wanted
    np.testing.assert_allclose(field, np.broadcast_to(wanted * factor, field.shape), rtol=1e-14)


@pytest.mark.parametrize("suffix", ["npy", "ovf", "vti"])
@pytest.mark.parametrize("unit", [("", 1.0), (', unit = "mT"', 1e-3)])
def test_files(scenes, suffix, unit):
    rng = np.random.default_rng(5)
    values = rng.standard_normal((3, 1, 2, 3))
    mesh = Mesh((3, 2, 1), (5e-9, 5e-9, 3e-9))
    path = scenes.folder / f"b.{suffix}"
    if suffix == "npy":
        np.save(path, values)
    elif suffix == "ovf":
        write_ovf(path, mesh, values, format="binary8")
    else:
        write_vti(path, mesh, {"other": np.zeros((1, 2, 3)), "b": values})
    array = ', array = "b"' if suffix == "vti" else ""
    loaded = scenes.load(CELLS, (B, f'{{ file = "b.{suffix}"{array}{unit[0]} }}'))
    assert np.array_equal(field_of(loaded)[0], unit[1] * values[:, 0])


def test_array_of_a_vti_file(scenes):
    mesh = Mesh((3, 2, 1), (5e-9, 5e-9, 3e-9))
    write_vti(scenes.folder / "two.vti", mesh, {"a": np.ones((3, 1, 2, 3)), "b": np.ones((3, 1, 2, 3))})
    assert 'has no array "m"; it has a, b' in scenes.errors(CELLS, (B, '{ file = "two.vti" }'))
    np.save(scenes.folder / "small.npy", np.zeros((3, 1, 1, 1)))
    assert "this mesh needs (3, 1, 2, 3)" in scenes.errors(CELLS, (B, '{ file = "small.npy" }'))
    assert "array is for .vti files" in scenes.errors(CELLS, (B, '{ file = "small.npy", array = "m" }'))


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ('kind = "uniform"\ndirection = [0, 3, 4]', everywhere(0, 0.6, 0.8)),
        ('kind = "uniform"\ndirection = { expression = ["x/nm", 1, 0] }', None),
        ('kind = "expression"\nm = ["x/nm", 1, 0]', None),
    ],
)
def test_initial_states(scenes, table, wanted):
    loaded = scenes.load(CELLS, add=f"[initial]\n{table}\n")
    if wanted is None:
        wanted = np.zeros((3, 2, 3))
        wanted[0], wanted[1] = X / 1e-9, 1
        wanted /= np.linalg.norm(wanted, axis=0)
    np.testing.assert_allclose(loaded.simulation.m[0, :, 0], wanted, rtol=1e-15)


def test_setting_ms_stays_within_the_geometry(scenes, tmp_path):
    from fdmag.scene.run import run_scene

    path = scenes.write(
        CELLS,
        add='[geometry]\nshape = { kind = "box", size = ["5 nm", "1 um", "1 um"], center = ["-5 nm", 0, 0] }\n'
        '[[stages]]\nkind = "set"\nvalues.material.Ms = "400 kA/m"\n[[stages]]\nkind = "relax"\n'
        '[expect.energy]\ncolumn = "E_zeeman"\nvalue = -6e-22\ntolerance = 1e-30\nsource = "-Ms B V"\n',
    )
    # two cells of 5 x 5 x 3 nm with Ms = 400 kA/m in 10 mT
    (outcome,) = run_scene(path, tmp_path / "out")
    assert outcome.came == close(-4e5 * 0.01 * 2 * 75e-27, rel=1e-12)
    assert outcome.holds


def test_a_form_where_a_constant_belongs_is_told_its_place(scenes):
    wrong = 'B = { value = { regions = { default = [0, 0, 1] } }, signal = "t/ns" }'
    assert "write regions in its place, beside signal" in scenes.errors(('B = [0, 0, "10 mT"]', wrong))


def test_a_constant_without_its_prefix_is_refused(scenes):
    assert 'write "1 ns"' in scenes.errors(('duration = "1 ps"', "duration = 1"))
    assert 'Usual is some "13 pJ/m"' in scenes.errors(('A = "13 pJ/m"', "A = 13"))
    hard = '[terms.uniaxial_anisotropy]\nKu1 = "0.5e12 J/m^3"\n'
    assert "impossible" in scenes.errors(add=hard)
