"""The columns and fields that fdmag knows by name."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fdmag.quantities.junction import conductance
from fdmag.quantities.named import Column, Field
from fdmag.quantities.skyrmion import skyrmion_radius
from fdmag.quantities.texture import spin_angle, topological_center, topological_charge, topological_density
from fdmag.quantities.vortex import vortex_core
from fdmag.quantities.wall import changing_component, find_wall, profile, wall_count
from fdmag.simulation import Simulation
from fdmag.terms import Term, TunnelTorque
from fdmag.terms.spin_current import cross

COMPONENTS = "xyz"
MOVED = {"x": ", with the displacement of the window", "y": ""}
WALL = {
    "position": ("m", "x of the wall where m_a = 0, with the displacement of the window"),
    "width": ("m", "parameter Δ of the wall's profile tanh((x - position)/Δ)"),
    "angle": ("rad", "direction of m inside the wall: for a = z from x to y, for x from y to z, for y from z to x"),
    "velocity": ("m/s", "rate of change of wall_position, by dm/dt"),
}


def fields_of(terms: Mapping[str, type[Term]]) -> dict[str, Field]:
    """Return the fields of a simulation with these terms, by name."""
    found = [
        Field("m", "1", lambda s: s.m, True, "magnetisation"),
        Field("B", "T", lambda s: s.effective_field(), True, "effective field of all terms"),
        *(Field(f"B.{name}", "T", partial(_field, name=name), True, f"effective field of {name}") for name in terms),
        Field("energy_density", "J/m^3", _energy_density, False, "energy density of all terms that have one"),
        *(
            Field(f"energy_density.{name}", "J/m^3", partial(_energy_density_of, name=name), False,
                  f"energy density of {name}")
            for name, term in terms.items()
            if term.has_energy()
        ),
        Field("torque", "T", lambda s: cross(s.m, s.effective_field()), True, "m × B"),
        Field("dm_dt", "1/s", lambda s: s.dm_dt(), True, "rate of change of m"),
        Field("topological_density", "1/m^2", lambda s: topological_density(s.m, s.mesh), False,
              "topological charge per area"),
        Field("spin_angle", "rad", lambda s: spin_angle(s.m, s.mesh), False,
              "largest angle to a neighbouring cell's m"),
        Field("Ms", "A/m", partial(_of_material, name="Ms"), False, "saturation magnetisation, 0 in empty cells"),
        Field("alpha", "1", partial(_of_material, name="alpha"), False, "Gilbert damping"),
        Field("region", "1", _region, False, "number of the region, in the order they are given, grain by grain; "
              "0: in none"),
    ]  # fmt: skip
    return {field.name: field for field in found}


def columns_of(terms: Mapping[str, type[Term]]) -> dict[str, Column]:
    """Return the columns of a simulation with these terms that are no averages of fields, by name."""
    found = [
        Column("topological_charge", "1", lambda s: topological_charge(s.m, s.mesh),
               "+1 for a skyrmion with its core along +z in a film along -z; mean over the layers"),
        *(
            Column(f"topological_center.{axis}", "m", partial(_topological_center, axis=i),
                   f"{axis} of the centre of the topological charge{MOVED[axis]}")
            for i, axis in enumerate("xy")
        ),
        Column("skyrmion_radius", "m", lambda s: skyrmion_radius(s.m, s.mesh),
               "radius of a circle as large as the area in which mz has the sign of the core of a skyrmion"),
        Column("max_spin_angle", "rad", lambda s: spin_angle(s.m, s.mesh).max(axis=(1, 2, 3)),
               "largest angle between neighbouring cells"),
        *(
            Column(f"vortex_core.{axis}", "m", partial(_vortex_core, axis=i),
                   f"{axis} of the vortex core{MOVED[axis]}; NaN where there is none")
            for i, axis in enumerate("xy")
        ),
        Column("vortex_polarity", "1", lambda s: vortex_core(s.m, s.weights, s.mesh)[1], "sign of mz in the core"),
        Column("wall_count", "1", _wall_count, "number of walls across x"),
        *(_wall_column(kind, suffix) for kind in WALL for suffix in ("", ".x", ".y", ".z")),
        Column("window_displacement", "m", lambda s: s.window_displacement.copy(),
               "how far the moving window has gone along x"),
    ]  # fmt: skip
    for name, term in terms.items():
        if issubclass(term, TunnelTorque):
            suffix = name.removeprefix(term.name)
            found += [
                Column(f"resistance{suffix}", "ohm", partial(_resistance, name=name),
                       f"resistance of the junction of {name}"),
                Column(f"current{suffix}", "A", partial(_current, name=name),
                       f"current along +z through the junction of {name}"),
                Column(f"voltage{suffix}", "V", partial(_voltage, name=name),
                       f"voltage across the junction of {name}, without R_series"),
            ]  # fmt: skip
    return {column.name: column for column in found}


def _wall_column(kind: str, suffix: str) -> Column:
    def of_wall(number: int) -> Callable[[Simulation], NDArray]:
        return partial(_wall, kind=kind, suffix=suffix, number=number)

    unit, meaning = WALL[kind]
    which = f"a = {suffix[1:]}" if suffix else "a: the component that is large in the domains and changes most along x"
    return Column(f"wall_{kind}{suffix}", unit, of_wall(1), f"{meaning}; {which}", of_wall)


def _wall(simulation: Simulation, kind: str, suffix: str, number: int) -> NDArray:
    weights = simulation.weights
    along = profile(simulation.m, weights)
    component = np.full(simulation.batch, COMPONENTS.index(suffix[1:])) if suffix else changing_component(along)
    rate = profile(simulation.dm_dt(), weights) if kind == "velocity" else None
    found = find_wall(along, simulation.mesh, component, number, rate)
    moved = simulation.window_displacement if kind == "position" else 0
    return getattr(found, kind) + moved


def _wall_count(simulation: Simulation) -> NDArray:
    along = profile(simulation.m, simulation.weights)
    return wall_count(along, simulation.mesh, changing_component(along))


def _of_material(simulation: Simulation, name: str) -> NDArray:
    context = simulation.magnet.context(simulation.state.t)
    values = simulation.backend.to_numpy(context.value(getattr(simulation.magnet.material, name)))
    return np.broadcast_to(values[:, 0], (simulation.batch, *simulation.mesh.shape))


def _region(simulation: Simulation) -> NDArray:
    return np.broadcast_to(simulation.regions.numbers, (simulation.batch, *simulation.mesh.shape))


def _field(simulation: Simulation, name: str) -> NDArray:
    return simulation.effective_field(name)


def _energy_density_of(simulation: Simulation, name: str) -> NDArray:
    return simulation.energy_density(name)


def _energy_density(simulation: Simulation) -> NDArray:
    total = np.zeros((simulation.batch, *simulation.mesh.shape))
    for name, term in simulation.terms.items():
        if term.has_energy():
            total += simulation.energy_density(name)
    return total


def _topological_center(simulation: Simulation, axis: int) -> NDArray:
    center = topological_center(simulation.m, simulation.mesh)[:, axis]
    return center + simulation.window_displacement if axis == 0 else center


def _vortex_core(simulation: Simulation, axis: int) -> NDArray:
    position = vortex_core(simulation.m, simulation.weights, simulation.mesh)[0][:, axis]
    return position + simulation.window_displacement if axis == 0 else position


def _resistance(simulation: Simulation, name: str) -> NDArray:
    return 1 / conductance(simulation, name)[0]


def _voltage(simulation: Simulation, name: str) -> NDArray:
    return conductance(simulation, name)[1]


def _current(simulation: Simulation, name: str) -> NDArray:
    G, V = conductance(simulation, name)
    return G * V
