"""One scene with twenty interactions at once, in layers, with drives of many kinds: it loads, and each acts."""

import numpy as np

from fdmag.mesh import Mesh
from fdmag.output.ovf import write_ovf
from fdmag.scene.load import load_scene

SCENE = """
[mesh]
cells = [8, 4, 6]
cell = ["4 nm", "4 nm", "1 nm"]
[regions]
pinned = { shape = { kind = "box", size = [1e-6, 1e-6, "1 nm"], center = [0, 0, "-2.5 nm"] } }
free = { shape = { kind = "box", size = [1e-6, 1e-6, "1 nm"], center = [0, 0, "-0.5 nm"] } }
top = { shape = { kind = "box", size = [1e-6, 1e-6, "2 nm"], center = [0, 0, "2 nm"] } }
[material]
Ms = { regions = { pinned = 8e5, free = 8e5, top = 6e5, default = 0 } }
alpha = 0.1
[terms.exchange]
A = { regions = { pinned = 1e-11, free = 2e-11, top = 1e-11, default = 0 } }
between = [{ regions = ["pinned", "free"], A = "-2 pJ/m" }, { regions = ["free", "top"], scale = -0.5 }]
[[terms.interlayer_exchange]]
regions = ["pinned", "free"]
J1 = "-0.5 mJ/m^2"
J2 = "-0.1 mJ/m^2"
[[terms.interlayer_exchange]]
regions = ["free", "top"]
J1 = "0.2 mJ/m^2"
[terms.exchange_bias]
direction = [1, 0, 0]
J = { regions = { pinned = "0.3 mJ/m^2", free = 0, top = 0, default = 0 } }
[[terms.uniaxial_anisotropy]]
Ku1 = 1e5
Ku2 = 1e4
[[terms.uniaxial_anisotropy]]
Ku1 = 2e4
axis = [1, 0, 0]
[terms.cubic_anisotropy]
Kc1 = 1e4
Kc2 = 1e3
Kc3 = 1e2
[terms.interface_anisotropy]
Ks = { regions = { free = "1 mJ/m^2", pinned = 0, top = 0, default = 0 } }
xi = "100 fJ/(V m)"
t_ox = "1 nm"
voltage = { value = 1, signal = { kind = "table", file = "wave.csv" } }
[terms.interfacial_dmi]
D = "0.5 mJ/m^2"
[terms.bulk_dmi]
D = "0.2 mJ/m^2"
[terms.d2d_dmi]
D = "0.1 mJ/m^2"
[terms.zeeman]
B = { sum = [
  [0, 0, "1 mT"],
  { file = "b.npy", unit = "mT", signal = "sin(2*pi*GHz*t)" },
  { file = "b.ovf", unit = "mT", signal = { kind = "sinc", cutoff = "5 GHz", center = "0.1 ns" } },
  { expression = ["x/(10*nm)", 0, 0], unit = "mT", signal = { kind = "gaussian", center = 0, sigma = "20 ps" } },
] }
[terms.oersted]
J = { value = [0, 0, 1e11], signal = { kind = "ramp", length = "0.1 ns", before = 0.5 } }
endless = "z"
[terms.oersted_cylinder]
J = 1e11
radius = "20 nm"
[terms.oersted_wire]
J = 1e11
width = "20 nm"
height = "10 nm"
[terms.slonczewski]
J = { expression = "1e11*exp(-x*x/(20*nm)**2)", signal = { kind = "pulse", length = "0.1 ns" } }
P = { regions = { free = 0.5, pinned = 0, top = 0, default = 0 } }
Lambda = 1.5
epsilon_prime = 0.02
reference = "pinned"
[terms.tunnel_torque]
voltage = { value = 0.1, signal = { kind = "pulse_train", length = "0.1 ns", period = "0.3 ns" } }
RA_P = "5 ohm um^2"
TMR = 1.0
P = { regions = { free = 0, pinned = 0, top = 0.5, default = 0 } }
reference = "free"
[terms.zhang_li]
J = { expression = ["1e11*(1 + x/(64*nm))", 0, 0], signal = { kind = "step" } }
P = 0.5
xi = 0.05
[terms.spin_orbit_torque]
J = { value = 1e11, signal = { kind = "sine", frequency = "2 GHz", phase = 1 } }
theta_SH = 0.1
t_HM = "5 nm"
lambda_sf = "1.5 nm"
[terms.demag]
[terms.thermal]
T = { expression = "300 + 100*x/(32*nm)", signal = { kind = "ramp", length = "0.1 ns", before = 0.5 } }
seed = 1
[initial]
kind = "random"
seed = 2
[[stages]]
kind = "run"
duration = "1 ps"
"""


def test_all_interactions_act_in_one_scene(tmp_path):
    mesh = Mesh((8, 4, 6), (4e-9, 4e-9, 1e-9))
    b = np.random.default_rng(1).normal(size=(3, *mesh.shape))
    np.save(tmp_path / "b.npy", b)
    write_ovf(tmp_path / "b.ovf", mesh, b)
    (tmp_path / "wave.csv").write_text("t (ns),V\n0,1\n1,2\n")
    (tmp_path / "all.toml").write_text(SCENE)
    simulation = load_scene(tmp_path / "all.toml", device="numpy").simulation
    total = simulation.effective_field()
    each = {name: simulation.effective_field(name) for name in simulation.terms}
    for name, field in each.items():
        assert np.isfinite(field).all(), name
        assert field.any() != simulation.terms[name].stochastic, name
        assert not field[0][:, ~simulation.magnetic[0]].any(), name
    np.testing.assert_allclose(sum(each.values()), total, rtol=0, atol=1e-12 * np.abs(total).max())
    simulation.run(1e-15, dt=1e-15)
    assert np.abs(np.linalg.norm(simulation.m[0], axis=0)[simulation.magnetic[0]] - 1).max() < 1e-12
