"""What is changed while a run is under way counts from there on, and alike on every device."""

import numpy as np
import pytest

from fdmag.kernels.compiler import find_compiler
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Thermal, Zeeman

pytestmark = pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler")
MESH = Mesh((6, 5, 2), (3e-9, 3e-9, 3e-9))


def driven(t):
    return 0.05 * np.sin(2e10 * t), 0.02, 0.3


def after(device, change, number, B=driven, where="callback", **options):
    """The m of a run during which ``change(simulation)`` happens at the call with this number."""
    terms = [Exchange(A=1.3e-11), Zeeman(B=B), Demag(), Thermal(T=0.0)]
    simulation = Simulation(MESH, terms, Ms=8e5, alpha=0.05, m=(1, 0.2, 0.1), device=device, dtype="float64")
    calls = []

    def call(*_):
        calls.append(0)
        if len(calls) == number:
            change(simulation)

    if where == "callback":
        simulation.run(8e-12, every=2e-12, callback=call, **options)
    else:
        simulation.run(2e-12, on_step=call, **options)
    assert np.isfinite(simulation.m).all()
    return simulation.m


def vary_Ms(simulation):
    Ms = np.full(MESH.shape, 8e5)
    Ms[0, 0, 0] *= 1 + 1e-9
    simulation.set("material.Ms", Ms)


CHANGES = {
    "a drive ends": lambda s: s.set("zeeman.B", (0.4, 0, 0)),
    "relaxed": lambda s: s.relax(1e-5),
    "Ms varies": vary_Ms,
}


@pytest.mark.parametrize("options", [{"solver": "rk4", "dt": 1e-13}, {"dt_max": 1e-13}], ids=["fixed", "adaptive"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("number", [1, 3])
def test_in_a_callback(change, number, options):
    numpy, host = (after(device, change, number, **options) for device in ("numpy", "host"))
    below_its_criterion = 1e-5 / 0.3  # of relaxing, in the field: how far from the minimum it may end
    np.testing.assert_allclose(
        host, numpy, rtol=0, atol=2 * below_its_criterion if change is CHANGES["relaxed"] else 1e-9
    )
    assert np.abs(numpy - after("numpy", lambda s: None, number, **options)).max() > (0 if change is vary_Ms else 1e-3)


@pytest.mark.parametrize("change", [CHANGES["a drive ends"], vary_Ms], ids=["a drive ends", "Ms varies"])
def test_in_a_step(change):
    numpy, host = (after(device, change, 5, B=(0, 0.2, 0.3), where="step", dt=5e-14) for device in ("numpy", "host"))
    np.testing.assert_allclose(host, numpy, rtol=0, atol=1e-12)


def test_noise_switched_on_in_the_first_callback_acts_from_the_start():
    warm = after("host", lambda s: s.set("thermal.T", 300), 1, B=(0, 0, 0.3), dt=1e-13)
    simulation = Simulation(
        MESH, [Exchange(A=1.3e-11), Zeeman(B=(0, 0, 0.3)), Demag(), Thermal(T=300.0)],
        Ms=8e5, alpha=0.05, m=(1, 0.2, 0.1), device="host", dtype="float64",
    )  # fmt: skip
    simulation.run(8e-12, every=2e-12, dt=1e-13)
    np.testing.assert_allclose(warm, simulation.m, rtol=0, atol=1e-12)
