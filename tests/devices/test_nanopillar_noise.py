"""Pillars in noise: error rates, passages and escapes against the Fokker–Planck equation and Arrhenius' law."""

import numpy as np
import pytest

from fdmag.analytic.thermal_switching import activated_rate
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_diagram import pulse_diagram
from fdmag.devices.pillar_stability import escape_rates
from fdmag.devices.pillar_switching import switching_times
from fdmag.devices.pillar_threshold import critical_current
from fdmag.devices.pillar_write_errors import write_errors
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, Thermal, UniaxialAnisotropy
from tests.closeness import close

ALPHA, B_K = 0.1, 0.6


def pillar(batch, T=300.0, **options):
    """A macrospin of 20 × 20 × 1 nm, Δ = 28.97 at 300 K; 1/(α γ B_K) is 95 ps."""
    terms = [UniaxialAnisotropy(Ku1=3e5), Slonczewski(J=0, P=0.6), Thermal(T=T, seed=2)]
    mesh = Mesh((1, 1, 1), (20e-9, 20e-9, 1e-9))
    return Nanopillar(Simulation(mesh, terms, Ms=1e6, alpha=ALPHA, batch=batch), dt=1e-12, **options)


def test_counted_errors_are_those_of_the_fokker_planck_equation():
    some = pillar(300, RA=5e-12)
    J = 2 * some.limit().J_c
    found = write_errors(some, [J], [0.15e-9, 0.25e-9], settle=0.2e-9, samples=600)
    assert 0.01 < found.limit[0, 1] < found.limit[0, 0] < 0.99
    assert np.all(np.abs(found.error - found.limit) < 4 * found.sigma)
    assert found.deviation_sigmas < 4
    assert np.all((found.low <= found.error) & (found.error <= found.high))
    assert found.energy[0, 1] == close(J**2 * 5e-12 * 0.25e-9 * 400e-18)


def test_split_errors_reach_where_no_count_does():
    some = pillar(1500)
    found = write_errors(some, [3 * some.limit().J_c], [0.15e-9, 0.3e-9], settle=0.2e-9, samples=1500, method="split",
                         groups=10)  # fmt: skip
    assert found.limit[0, 1] < 3e-4
    assert np.all(np.abs(found.error - found.limit) < 4 * found.sigma)
    assert found.sigma[0, 1] < 0.6 * found.error[0, 1]


def test_mean_passage_is_that_of_the_fokker_planck_equation():
    some = pillar(400)
    found = switching_times(some, [2.5 * some.limit().J_c], 2e-9, settle=0.2e-9, samples=400)
    assert found.switched[0] == 1
    # four standard errors, and 2 % for passages within a step of 1 ps that are not seen
    assert found.time[0] == pytest.approx(found.limit[0], abs=4 * found.sigma_time[0] + 0.02 * found.limit[0])
    assert found.p_value[0] < 0.05  # above the critical current there is a delay: no constant rate


def test_below_the_critical_current_the_rate_is_constant_and_grows_as_the_barrier_falls():
    """Δ (1 − i)² in the exponent: at Δ = 12 and i = 0.4 and 0.6, exponential times."""
    some = pillar(400, T=300 * 28.97 / 12, threshold=-0.6)
    J_c = some.limit().J_c
    found = switching_times(some, np.array([0.4, 0.6]) * J_c, 2e-9, samples=200)
    assert found.p_value[1] > 0.001
    ratio = found.time_constant[0] / found.time_constant[1]
    expected = activated_rate(0.6, 12.0) / activated_rate(0.4, 12.0)  # but for prefactors of the order of 1
    assert expected / 2.5 < ratio < expected * 2.5


def test_escapes_tell_the_barrier():
    some = pillar(300)
    found = escape_rates(some, 300 * 28.97 / np.array([3.0, 5.0]), 2.5e-9, samples=300, settle=0.2e-9)
    assert found.Delta == pytest.approx(28.97, abs=4 * found.sigma_Delta)
    assert found.sigma_Delta < 4
    assert found.attempt_rate / found.attempt_rate_limit == pytest.approx(1, abs=0.6)
    assert some.simulation.terms["thermal"].T.base.ravel().tolist() == [300]


def test_half_is_written_where_the_fokker_planck_equation_says():
    some = pillar(300)
    J = np.array([1.4, 2.0, 2.6]) * some.limit().J_c
    found = pulse_diagram(some, J, [0.2e-9], settle=0.2e-9, samples=200)
    assert found.written[0, 0] < 0.5 < found.written[0, 2]
    assert found.J_half[0] == close(found.limit[0], rel=0.06)  # 200 samples, and a straight line between currents


def test_a_pulse_that_writes_half_by_bisection():
    some = pillar(120)
    J_c = some.limit().J_c
    found = critical_current(some, 0.8 * J_c, 4 * J_c, 0.2e-9, settle=0.2e-9, samples=60, tolerance=0.1)
    share = 1 - some.limit().not_switched(0.2e-9, found.J_c[0], 300.0, absorbing=True)[0, 0]
    assert 0.25 < share < 0.75


def test_mistakes_in_noise():
    with pytest.raises(ParameterError, match="nothing fails by chance without noise"):
        write_errors(pillar(2, T=0.0), [1e11], [1e-10], settle=1e-10, samples=2)
    with pytest.raises(ParameterError, match='method = "counts"; allowed: count, split'):
        write_errors(pillar(2), [1e11], [1e-10], settle=1e-10, samples=2, method="counts")
    with pytest.raises(ParameterError, match="t_pulse does not rise"):
        write_errors(pillar(2), [1e11], [1e-10, 1e-10], settle=1e-10, samples=2)
    with pytest.raises(ParameterError, match="two temperatures need some: wait longer"):
        escape_rates(pillar(2), [300.0, 310.0], 1e-11, samples=1)
    with pytest.raises(ParameterError, match='prefactor = "linear"; allowed: axial, constant'):
        escape_rates(pillar(2), [300.0, 310.0], 1e-11, samples=1, prefactor="linear")
