"""Spin torques and frozen spins in scenes: what Python can say a scene can, and mistakes are told with their place."""

import numpy as np
import pytest

from fdmag.quantities import evaluate
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from tests.closeness import close

STACK = """
[mesh]
cells = [2, 2, 4]
cell = ["5 nm", "5 nm", "1 nm"]

[regions.pinned]
shape = { kind = "box", size = ["10 nm", "10 nm", "1 nm"], center = [0, 0, "-1.5 nm"] }

[regions.free]
shape = { kind = "box", size = ["10 nm", "10 nm", "2 nm"], center = [0, 0, "1 nm"] }

[material]
Ms = { regions = { pinned = "1 MA/m", free = "1.2 MA/m", default = 0 } }
frozen = { regions = { pinned = 1, free = 0, default = 0 } }

[terms.slonczewski]
J = { value = "-50 GA/m^2", signal = "pulse(t, 10*ps, 1*ns)" }
P = { regions = { free = 0.6, pinned = 0, default = 0 } }
reference = "pinned"

[initial]
kind = "uniform"
direction = { regions = { pinned = [0, 0, 1], free = [1, 0, 0], default = [0, 0, 1] } }

[[stages]]
kind = "run"
duration = "0.1 ns"
"""


def load(tmp_path, text):
    (tmp_path / "scene.toml").write_text(text, encoding="utf-8")
    return load_scene(tmp_path / "scene.toml")


def test_a_frozen_reference_layer_turns_the_free_one(tmp_path):
    loaded = load(tmp_path, STACK)
    magnet = loaded.simulation
    magnet.run(0.1e-9)
    np.testing.assert_allclose(magnet.m[0, :, 0, 0, 0], [0, 0, 1], rtol=0, atol=1e-15)
    assert magnet.m[0, 2, 2:].min() > 0.05  # electrons from the pinned layer: towards parallel
    assert loaded.resolved()["terms"]["slonczewski"]["reference"] == "pinned"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('reference = "pinned"', 'reference = "pined"', r"\[terms.slonczewski\].*no region 'pined'; did you mean"),
        ("P = { regions = { free = 0.6, pinned = 0, default = 0 } }", "P = 0.6", "which cells are the free layer"),
        ("P = {", "Lambda = 0\nP = {", "Lambda"),
        ('J = { value = "-50 GA/m^2"', 'J = { value = "-50 GA/m"', "J"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(tmp_path, old, new, message):
    with pytest.raises(SceneError, match=message):
        load(tmp_path, STACK.replace(old, new))


@pytest.mark.parametrize("key", ["theta_SH = 0.1", 'normal = [1, 0, 0]\nxi_DL = 0.1\nthickness = "1 nm"'])
def test_a_spin_orbit_torque_without_what_it_needs(tmp_path, key):
    text = STACK[: STACK.index("[terms.slonczewski]")] + f'[terms.spin_orbit_torque]\nJ = "1 TA/m^2"\n{key}\n'
    with pytest.raises(SceneError, match=r"\[terms.spin_orbit_torque\].*(theta_SH needs|parallel)"):
        load(tmp_path, text + '[[stages]]\nkind = "relax"\n')


@pytest.mark.parametrize(
    ("source", "volts"),
    [('current = "50 uA"', 0.5), ('voltage = "1 V"\nR_series = "10 kohm"', 0.5), ('voltage = "0.5 V"', 0.5)],
)
def test_a_junction_has_the_voltage_of_its_source(tmp_path, source, volts):
    """1 Ω µm² over 100 nm² is 10 kΩ, parallel; the column is the voltage across the junction alone."""
    torque = f'[terms.tunnel_torque]\n{source}\nRA_P = "1 ohm um^2"\nTMR = 1.0\n'
    old = STACK[STACK.index("[terms.slonczewski]") : STACK.index("P = {")]
    text = STACK.replace(old, torque).replace("[1, 0, 0]", "[0, 0, 1]")
    magnet = load(tmp_path, text).simulation
    assert evaluate(magnet, "voltage") == close(volts, rel=1e-12)
    assert evaluate(magnet, "current") == close(50e-6, rel=1e-12)
    other = "voltage" if "current" in source else "current"
    change = '[[stages]]\nkind = "set"\nvalues = { "terms.tunnel_torque.%s" = %s }\n'
    with pytest.raises(SceneError, match=rf'2nd \(set\) values."terms.tunnel_torque.{other}": (this|the source)'):
        load(tmp_path, text + change % (other, 1))
    own = source.partition(" ")[0]
    load(tmp_path, text + change % (own, 0) + change % (own, -0.1))
