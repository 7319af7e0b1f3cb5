"""The voltage across a junction in a circuit, against a bracketing solver of the circuit's own equation."""

import numpy as np
import pytest
from scipy.optimize import brentq

from fdmag.analytic.tunnel_junction import MOST_STEPS, voltage_across
from tests.closeness import close

R_P = 1e3


def conductance(V, c, TMR, V_h):
    """Half of the cells parallel and half antiparallel for c = 0, as two resistors side by side."""
    antiparallel = R_P * (1 + (TMR / (1 + (V / V_h) ** 2) if V_h else TMR))
    return (1 + c) / 2 / R_P + (1 - c) / 2 / antiparallel


def cases():
    rng = np.random.default_rng(0)
    TMR = np.concatenate([rng.uniform(-2 / 3, 0, 100), 10 ** rng.uniform(-3, 1.5, 300)])
    c, V_h = rng.uniform(-1, 1, 400), 10 ** rng.uniform(-1, 0.5, 400)
    c[::4], V_h[::7] = -1, 0  # the antiparallel state, where the fall of TMR does most
    return TMR, c, V_h, rng.choice([-1, 1], 400) * 10 ** rng.uniform(-3, 2, 400)


@pytest.mark.parametrize("R", [None, 0.0, 2e2, 1e5])
def test_it_solves_the_equation_of_the_circuit(R):
    """Kirchhoff's law to rounding, at the place where a bracketing solver finds the only root."""
    TMR, c, V_h, V_0 = cases()
    drive, line, load = (V_0 / R_P, 0, 1) if R is None else (V_0, 1, R)
    V = voltage_across(drive, line, load, 1 / R_P, c / R_P, TMR, V_h)
    for k in range(V.size):
        d = drive[k]

        def excess(U, k=k, d=d):
            return U * (line + load * conductance(U, c[k], TMR[k], V_h[k])) - d

        assert abs(excess(V[k])) <= 1e-14 * abs(d)
        far = 40 * abs(V_0[k])
        assert V[k] == close(brentq(excess, -far, far, xtol=1e-300, rtol=1e-14), rel=1e-12)


@pytest.mark.parametrize("TMR", [-2 / 3, 0.5, 10.0, 1e3])
def test_newtons_steps_end_long_before_they_are_cut_off(TMR):
    """Fewer of them give the same bits, for anything from very small to very large bias."""
    V_0 = np.logspace(-6, 6, 200)
    found = []
    for steps in (MOST_STEPS, MOST_STEPS // 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("fdmag.analytic.tunnel_junction.MOST_STEPS", steps)
            found.append(voltage_across(V_0 / R_P, 0, 1, 1 / R_P, -1 / R_P, TMR, 0.4))
    np.testing.assert_array_equal(*found)


def test_each_entry_is_what_it_is_alone():
    TMR, c, V_h, V_0 = cases()
    together = voltage_across(V_0 / R_P, 0, 1, 1 / R_P, c / R_P, TMR, V_h)
    alone = [voltage_across(V_0[k] / R_P, 0, 1, 1 / R_P, c[k] / R_P, TMR[k], V_h[k]) for k in range(c.size)]
    np.testing.assert_array_equal(together, alone)


def test_below_minus_eight_ninths_a_current_has_several_voltages():
    """Down to there it rises with the voltage, in the antiparallel state too: the range that terms allow is safe."""
    V = np.linspace(1e-3, 3, 20_000)
    for TMR, rises in ((-2 / 3, True), (-0.888, True), (-0.89, False)):
        assert bool(np.all(np.diff(V * conductance(V, -1, TMR, 1.0)) > 0)) == rises


def test_nothing_drives_nothing():
    assert voltage_across(0.0, 0, 1, 1 / R_P, 0.0, 1.5, 0.4) == 0
    assert voltage_across(0.3, 1, 0.0, 1 / R_P, 0.0, 1.5, 0.4) == close(0.3, rel=1e-15)
