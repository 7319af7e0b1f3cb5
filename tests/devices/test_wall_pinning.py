"""What holds a wall, and what moves it: notches, the slope of a track's width, heat."""

import numpy as np
import pytest

from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.devices.current_drive import CurrentDrive
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.quantities import evaluate
from fdmag.shapes import Polygon
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfacialDMI, SpinOrbitTorque, Thermal, UniaxialAnisotropy
from tests.closeness import close

MS, A, K, ALPHA, T, D = 7e5, 1e-11, 172e3, 0.3, 0.6e-9, 0.8e-3
WIDTH = np.sqrt(A / K)
ENERGY = 4 * np.sqrt(A * K) - np.pi * D
"""σ [J/m²] of a Néel wall."""


def shaped(outline, Ms=MS):
    """A track of this outline, without the tilt of m at its edges."""
    mesh = Mesh((64, 28, 1), (2.5e-9, 2.5e-9, T))
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=K), InterfacialDMI(D=D, boundary="free"),
             SpinOrbitTorque(J=0.0, xi_DL=0.07)]  # fmt: skip
    m = wall(mesh, width=WIDTH, inside=(-1, 0, 0))
    return Simulation(mesh, terms, Ms=Ms, alpha=ALPHA, m=m, geometry=Polygon(outline), smooth_edges=4)


@pytest.mark.parametrize(("share", "passes"), [(0.75, False), (1.3, True)])
def test_a_notch_holds_the_wall_up_to_its_pinning_field(share, passes):
    """A wall in a track of width w has the energy σ w t: it is held by H_p = σ w′/(2 Ms w)."""
    neck, slope = 40e-9, 0.25  # w = 40 nm + 0.25 |x|
    half, end = (neck + slope * 80e-9) / 2, 80e-9
    outline = [(-end, -half), (0, -neck / 2), (end, -half), (end, half), (0, neck / 2), (-end, half)]
    simulation = shaped(outline)
    H_p = ENERGY * slope / (2 * MS * neck)
    J = share * H_p / (np.pi / 2) / (HBAR * 0.07 / (2 * ELEMENTARY_CHARGE * MS * T))
    CurrentDrive(simulation, "spin_orbit_torque").set(J)
    simulation.run(1.2e-9)
    assert (evaluate(simulation, "wall_position.z")[0] > 2 * WIDTH) == passes


def test_a_gradient_of_the_width_leaks():
    """v_leak = γ Δ σ w′/(2 α Ms w), towards where the track is narrow."""
    narrow, wide, end = 40e-9, 60e-9, 80e-9
    slope = (wide - narrow) / (2 * end)
    simulation = shaped([(-end, -narrow / 2), (end, -wide / 2), (end, wide / 2), (-end, narrow / 2)])
    simulation.run(0.4e-9)
    before = evaluate(simulation, "wall_position.z")[0]
    simulation.run(0.3e-9)
    after = evaluate(simulation, "wall_position.z")[0]
    local = 50e-9 + slope * (before + after) / 2
    v = -GAMMA_E * WIDTH * ENERGY * slope / (2 * ALPHA * MS * local)
    assert (after - before) / 0.3e-9 == close(v, rel=0.1)


@pytest.mark.slow
def test_heat_moves_a_free_wall():
    """⟨Δq²⟩ = 2 k_B T γ Δ/(2 α Ms w t) × time: what a wall forgets that nothing pins, by Einstein's relation."""
    replicas, width, time, temperature = 48, 400e-9, 0.2e-9, 300.0
    mesh = Mesh((40, 1, 1), (3e-9, width, T), "y")
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=K), InterfacialDMI(D=1.2e-3),
             Thermal(T=temperature, seed=5)]  # fmt: skip
    m = np.repeat(wall(mesh, width=WIDTH, inside=(-1, 0, 0)), replicas, axis=0)
    track = Simulation(mesh, terms, Ms=MS, alpha=ALPHA, m=m)
    track.run(0.1e-9, dt=0.2e-12)
    before = evaluate(track, "wall_position.z")
    track.run(time, dt=0.2e-12)
    moved = evaluate(track, "wall_position.z") - before
    expected = 2 * BOLTZMANN * temperature * GAMMA_E * WIDTH / (2 * ALPHA * MS * width * T) * time
    # three standard errors of a variance of so many
    assert np.mean(moved**2) == close(expected, rel=3 * (2 / replicas) ** 0.5)
