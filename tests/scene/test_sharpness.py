"""What a run warns of: textures so sharp that the lattice of cells holds them, and walls that devices lost."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from fdmag import Mesh, PerReplica, Simulation, cli, initial
from fdmag.devices import DomainWallNeuron, JunctionDevice, TunnelJunction
from fdmag.scene.run import run_scene
from fdmag.scene.sharpness import sharp_texture
from fdmag.terms import Exchange, SpinOrbitTorque, Thermal, UniaxialAnisotropy
from tests.closeness import close

A, K, MS = 1e-11, 4e5, 8e5
WIDTH = np.sqrt(A / K)

TRACK = """
[mesh]
cells = [30, 1, 1]
cell = ["{cell} nm", "4 nm", "1 nm"]
periodic = "y"
[material]
Ms = "800 kA/m"
[terms.exchange]
A = "10 pJ/m"
[terms.uniaxial_anisotropy]
Ku1 = "400 kJ/m^3"
[initial]
kind = "wall"
[[stages]]
kind = "minimize"
[[stages]]
kind = "set"
values = {{ "material.alpha" = 0.1 }}
[[stages]]
kind = "run"
duration = "1 ps"
"""


def track(cell, n, terms=(), **options):
    mesh = Mesh((n, 1, 1), (cell, 4e-9, 1e-9), "y")
    given = [Exchange(A=A), UniaxialAnisotropy(Ku1=K), *terms]
    return Simulation(mesh, given, Ms=MS, m=initial.wall(mesh, width=WIDTH), **options)


def test_a_wall_that_the_lattice_holds_is_told_in_the_run_its_log_and_the_console(tmp_path):
    scene = tmp_path / "track.toml"
    scene.write_text(TRACK.format(cell=4))
    shown = CliRunner().invoke(cli.app, ["run", str(scene), "--out", str(tmp_path / "coarse")])
    assert shown.exit_code == 0
    warnings = json.loads((tmp_path / "coarse" / "run.json").read_text())["warnings"]
    assert [each[:8] for each in warnings] == ["stage 0 ", "stage 2 "]
    for text in (shown.output, (tmp_path / "coarse" / "log.txt").read_text()):
        assert "stage 0 (minimize): m turns by up to 54 degrees" in text.replace("\n", " ")

    scene.write_text(TRACK.format(cell=2))
    run_scene(scene, tmp_path / "fine")
    assert json.loads((tmp_path / "fine" / "run.json").read_text())["warnings"] == []


def test_what_is_held_by_the_lattice_is_what_is_sharp():
    """The energy of a wall between cells less that on a cell: what it takes to push it over, H_p = π ΔE/(2 Ms h).

    It falls about as exp(−π² Δ/h), the form factor of sech² at the wave number of the lattice.
    """
    held = {}
    for ratio in (0.5, 0.8, 1.0):
        cell, energies, angles = ratio * WIDTH, [], []
        for n in (30, 31):
            wall = track(cell, n)
            wall.minimize(1e-8)
            energies.append((wall.energy()[0] + K * cell * 4e-9 * 1e-9 * n) / (4e-9 * 1e-9))
            found = sharp_texture(wall)
            angles.append(0 if found is None else found[1])
        held[ratio] = np.pi * abs(energies[0] - energies[1]) / (2 * MS * cell) / (2 * K / MS)
        assert (max(angles) > 0) == (ratio > 0.6)
    assert held[0.5] < 1e-4 < 0.003 < held[0.8] < 0.03 < held[1.0]
    slope = np.log(held[1.0] / held[0.8]) / (1 / 0.8 - 1)
    assert slope == close(np.pi**2, rel=0.25)


@pytest.mark.parametrize("number", [0, 1])
def test_the_sharpest_replica_is_told(number):
    mesh = Mesh((30, 1, 1), (4e-9, 4e-9, 1e-9))
    widths = [12e-9, 12e-9]
    widths[number] = 4e-9
    m = np.concatenate([initial.wall(mesh, width=width) for width in widths])
    pair = Simulation(mesh, [Exchange(A=PerReplica([A, 2 * A]))], Ms=MS, m=m)
    replica, angle = sharp_texture(pair)
    assert replica == number
    assert angle == close(np.arccos(np.tanh(0.5) * -np.tanh(0.5) + np.cosh(0.5) ** -2), rel=1e-9)


def test_borders_with_an_exchange_of_their_own_noise_and_uncoupled_cells_are_not_told():
    cell = 2 * WIDTH
    assert sharp_texture(track(cell, 30)) is not None
    assert sharp_texture(track(cell, 30, [Thermal(T=300)])) is None
    halves = {"left": np.arange(30) < 15, "right": np.arange(30) >= 15}
    regions = {name: mask.reshape(1, 1, 30) for name, mask in halves.items()}
    mesh = Mesh((30, 1, 1), (4e-9, 4e-9, 1e-9))
    m = initial.wall(mesh, width=0.2e-9)
    between = [{"regions": ["left", "right"], "scale": -0.5}]
    assert sharp_texture(Simulation(mesh, [Exchange(A=A)], Ms=MS, m=m, regions=regions)) is not None
    assert sharp_texture(Simulation(mesh, [Exchange(A=A, between=between)], Ms=MS, m=m, regions=regions)) is None
    assert (
        sharp_texture(
            Simulation(mesh, [Exchange(A={"left": A, "right": 0, "default": 0})], Ms=MS, m=m, regions=regions)
        )
        is None
    )
    assert sharp_texture(Simulation(mesh, [UniaxialAnisotropy(Ku1=K)], Ms=MS, m=m)) is None


SYNAPSE = """
[mesh]
cells = [24, 1, 1]
cell = ["3.5 nm", "40 nm", "0.6 nm"]
periodic = "y"
[material]
Ms = "700 kA/m"
alpha = 0.3
[terms.exchange]
A = "10 pJ/m"
[terms.uniaxial_anisotropy]
Ku1 = "172 kJ/m^3"
[terms.interfacial_dmi]
D = { replicas = ["1.2 mJ/m^2", "-1.2 mJ/m^2"] }
[terms.spin_orbit_torque]
J = 0
xi_DL = 0.07
[initial]
kind = "wall"
width = "7.6 nm"
inside = [-1, 0, 0]
position = "-24 nm"
[[stages]]
kind = "operate"
device = "synapse"
[device.read]
kind = "mtj"
RA_P = "10 ohm um^2"
TMR = 1.0
[device.synapse]
kind = "wall_synapse"
junction = "read"
J = "0.3 TA/m^2"
width = "50 ps"
gap = "1 ps"
pulses = 4
"""


def test_a_wall_of_the_other_handedness_that_has_run_out_of_the_track_is_told(tmp_path):
    """With D < 0 and its middle along −x it is left to itself: its figures were not a number without a word."""
    scene = tmp_path / "synapse.toml"
    scene.write_text(SYNAPSE)
    run_scene(scene, tmp_path / "run")
    told = json.loads((tmp_path / "run" / "run.json").read_text())["warnings"]
    assert len(told) == 1
    assert "stage 0 (operate): synapse: the wall of replica 1 has left the track after pulse" in told[0]


def test_a_neuron_tells_when_its_wall_was_lost():
    mesh = Mesh((30, 1, 1), (3e-9, 40e-9, 0.6e-9), "y")
    m = initial.wall(mesh, position=-24e-9, width=7.6e-9)
    track = Simulation(mesh, [SpinOrbitTorque(J=0, xi_DL=0.07)], Ms=7e5, alpha=0.3, m=m)
    junction = JunctionDevice(track, TunnelJunction(RA_P=1e-11, TMR=1.0))
    neuron = DomainWallNeuron(track, junction, durations=[2e-12], drive=[0.0], every=1e-12)
    neuron.operate()
    assert neuron.doubts() == []
    track.m = (0, 0, 1)
    neuron.operate()
    assert neuron.doubts()[0].startswith("the wall of replica 0 has left the track at 0.003 ns")
