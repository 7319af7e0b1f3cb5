"""Read-out of a wall in a track: the closed form against integrals and against a micromagnetic state."""

import numpy as np
import pytest
from scipy.integrate import quad

from fdmag.analytic.wall_readout import mean_over_wall
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.track_readout import TrackReadout
from fdmag.errors import ParameterError
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, UniaxialAnisotropy
from tests.closeness import close

JUNCTION = TunnelJunction(RA_P=5e-12, TMR=1.5)
READOUT = TrackReadout(JUNCTION, -50e-9, 50e-9, 20e-9, 5e-9)
MESH = Mesh((200, 10, 1), (1e-9, 2e-9, 1e-9))
INSIDE = np.broadcast_to(np.abs(MESH.x) < 50e-9, MESH.shape)


@pytest.mark.parametrize("q", [-400e-9, -55e-9, -48e-9, 0.0, 13e-9, 52e-9])
@pytest.mark.parametrize("width", [1e-9, 5e-9, 60e-9])
def test_mean_is_the_integral(q, width):
    at, over = q * 1e9, width * 1e9
    exact, _ = quad(lambda x: np.tanh((at - x) / over), -50, 50, points=[np.clip(at, -49, 49)], epsabs=1e-11)
    assert mean_over_wall(q, -50e-9, 50e-9, width) == pytest.approx(exact / 100, rel=1e-9, abs=1e-12)


def test_linear_inside_and_flat_outside():
    q = np.linspace(-30e-9, 30e-9, 7)
    np.testing.assert_allclose(READOUT.cosine(q), q / 50e-9, atol=1e-4)
    assert READOUT.conductance(-1e-6) == close(READOUT.area / 12.5e-12)
    assert READOUT.conductance(1e-6) == close(READOUT.area / 5e-12)
    # at an end of the junction half of the slope is left
    curve = READOUT.curve([0.0, 50e-9])
    assert curve.slope[1] / curve.slope[0] == close(0.5, rel=1e-3)


@pytest.mark.parametrize("up_before", [True, False])
def test_slope_and_inverse(up_before):
    readout = TrackReadout(JUNCTION, -20e-9, 60e-9, 20e-9, 8e-9, up_before)
    q = np.linspace(-45e-9, 85e-9, 27)
    curve = readout.curve(q)
    np.testing.assert_allclose(readout.position(curve.conductance), q, atol=1e-14)
    h = 1e-12
    numerical = (readout.conductance(q + h) - readout.conductance(q - h)) / (2 * h)
    np.testing.assert_allclose(curve.slope, numerical, rtol=1e-4, atol=1e-3)
    assert np.all(curve.slope > 0) == up_before


@pytest.mark.parametrize("q", [-52e-9, -20e-9, 0.0, 37e-9, 49e-9])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_wall_in_a_simulation(q, sign):
    """Cells of 1 nm: the sum over cells differs from the integral by (h/Δ)²/24 of what the wall smears."""
    ends = {"before": (0, 0, sign), "after": (0, 0, -sign)}
    track = Simulation(MESH, [], Ms=8e5, m=wall(MESH, position=q, width=5e-9, **ends))
    R, _ = JUNCTION.read(track, 0.1, (0, 0, 1), INSIDE)
    readout = TrackReadout(JUNCTION, -50e-9, 50e-9, 20e-9, 5e-9, up_before=sign > 0)
    assert 1 / R[0] == close(float(readout.conductance(q)), rel=2e-4)


def test_a_relaxed_wall(device):
    """The wall finds its width sqrt(A/K) by itself; it is read where it was put."""
    A, K = 10e-12, 4e5
    track = Simulation(
        MESH, [Exchange(A=A), UniaxialAnisotropy(Ku1=K)], Ms=8e5, m=wall(MESH, position=10e-9, width=8e-9)
    )
    track.relax(1e-4)
    R, _ = JUNCTION.read(track, 0.1, (0, 0, 1), INSIDE)
    readout = TrackReadout(JUNCTION, -50e-9, 50e-9, 20e-9, np.sqrt(A / K))
    # the wall may slide by a fraction of a cell while it relaxes
    assert readout.position(1 / R[0]) == pytest.approx(10e-9, abs=0.2e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TrackReadout(JUNCTION, 0, 0, 1e-9, 1e-9), "x2 = 0 m is not above"),
        (lambda: TrackReadout(JUNCTION, 0, 1e-9, 1e-9, 0), "wall_width = 0 m"),
        (lambda: READOUT.position(1.0), "G = 1 S; allowed: between 0.00016 and 0.0004 S"),
        (lambda: mean_over_wall(0, 1e-9, 0, 1e-9), "x2 - x1"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
