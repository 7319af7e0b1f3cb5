"""Results as compact models: every kind of result comes back from its files, bit for bit, with its axes and units."""

import importlib
import pkgutil
from dataclasses import fields

import numpy as np
import pytest

import fdmag.devices
from fdmag.devices.compact_model import CompactModel
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.result import Result, quantities
from fdmag.devices.result_model import model_of
from fdmag.devices.wall_velocity import WallVelocities
from fdmag.devices.write_energy import write_energy_scaling
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from tests.closeness import close

for module in pkgutil.iter_modules(fdmag.devices.__path__):
    importlib.import_module(f"fdmag.devices.{module.name}")
NAMES = ("mechanism", "parameter")
"""Axes whose values are texts."""


def kinds(of=Result):
    for each in of.__subclasses__():
        if each.__module__.startswith("fdmag.devices"):
            yield each
        yield from kinds(each)


def made(kind):
    """A result of this kind, all numbers at random, axes falling, three values along the first, four along the next."""
    random, sizes, given = np.random.default_rng(2), {}, {}
    for field in fields(kind):
        what = field.metadata.get("quantity")
        if field.name == "driven_by":
            continue
        if what is None:
            given[field.name] = "A/m^2" if field.name == "drive_unit" else "note"
            continue
        shape = tuple(sizes.setdefault(dim, 3 + len(sizes) % 2) for dim in what.dims)
        value = random.random(shape) if shape else float(random.random())
        if what.dims == (field.name,):
            value = np.array(list("abcd")[: shape[0]]) if field.name in NAMES else np.arange(shape[0], 0.0, -1.0)
        given[field.name] = value
    return kind(**given)


WITH_CURVES = [kind for kind in dict.fromkeys(kinds()) if any(what.dims for what in quantities(kind).values())]


@pytest.mark.parametrize("kind", WITH_CURVES, ids=lambda kind: kind.__name__)
def test_every_kind_of_result_comes_back_from_its_files(kind, tmp_path):
    result, declared = made(kind), quantities(kind)
    model = model_of(result, "device")
    model.write(tmp_path / "device")
    again = CompactModel.read(tmp_path / "device")
    assert again.axes.keys() == model.axes.keys()
    assert all(axis.unit != "unit of the drive" for axis in again.axes.values())
    for key, output in model.outputs.items():
        assert np.array_equal(again.outputs[key].values, output.values)
        assert again.outputs[key].unit == output.unit
    assert again.constants == model.constants
    # and each value is where the result has it
    for key in model.outputs:
        value = getattr(result, key)
        own = (kind.abscissa,) if kind.abscissa and declared[key].dims == ("replica",) else declared[key].dims
        at = dict.fromkeys(model.axes, 0.0) | {dim: axis.values[0] for dim, axis in model.axes.items()}
        for dim in own:
            numbers = getattr(result, dim, None)
            counted = dim != kind.abscissa and (dim not in declared or declared[dim].dims != (dim,) or dim in NAMES)
            at[dim] = 1.0 if counted else float(np.asarray(numbers)[1])
        found = float(again(**at)[key])
        assert found == close(float(np.asarray(value)[(1,) * len(own)]), rel=1e-12)


def curve(J, velocity):
    J, velocity = np.asarray(J), np.asarray(velocity)
    more = {name: np.zeros(len(J)) for name in ("drift", "width")} | {"angle": np.where(J > 0, -3.1, 3.1)}
    t = np.array([0.0, 1e-9])
    return WallVelocities(drive=J, velocity=velocity, steady=velocity, t=t, position=velocity[:, None] * t, **more)


def test_what_is_driven_is_modelled_over_its_drive():
    """Between 0.5 and 2 TA/m² are what was measured there, and not what stands next to each other in the scene."""
    model = model_of(curve([0.5e12, 2e12, -2e12, 6e12], [40.0, 142.0, -142.0, 260.0]), "track")
    assert list(model.axes) == ["drive"]
    assert model.axes["drive"].unit == "A/m^2"
    assert model(drive=[-2e12, 1.25e12, 4e12])["steady"] == close([-142.0, 91.0, 201.0], rel=1e-12)
    assert np.cos(model(drive=[-1e12, 0.0, 0.4e12])["angle"]) == pytest.approx(-1, abs=0.001)
    repeated = model_of(curve([1e12, 1e12], [70.0, 72.0]), "track")
    assert list(repeated.axes) == ["replica", "t"]
    undriven = model_of(curve([np.nan, np.nan], [70.0, 72.0]), "track")
    assert list(undriven.axes) == ["replica", "t"]


def test_axes_of_one_value_and_fields_that_are_not_numbers_are_left_out():
    scaling = write_energy_scaling([20e-9, 40e-9], [fdmag.devices.SpinTransferWrite()])
    model = model_of(scaling, "one mechanism")
    assert list(model.axes) == ["diameter"]
    assert model.outputs["energy"].values.shape == (2,)
    with pytest.raises(ParameterError, match="every axis of WriteEnergyScaling has one value only"):
        model_of(write_energy_scaling([20e-9], [fdmag.devices.SpinTransferWrite()]), "point")


def test_junction_over_voltage_and_cosine():
    simulation = Simulation(Mesh((2, 1, 1), (50e-9, 50e-9, 1e-9)), [], Ms=8e5, m=(0, 0, -1))
    junction = JunctionDevice(simulation, TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.5, R_series=200.0), V=0.3)
    model = junction.compact_model("junction")
    assert float(model(V=0.3, cosine=-1)["resistance"]) == close(junction.resistance()[0], rel=1e-6)
    assert float(model(V=0.3, cosine=-1)["current"]) == close(0.3 / junction.resistance()[0], rel=1e-6)
