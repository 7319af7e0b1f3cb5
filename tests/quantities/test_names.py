"""Columns and fields by name: what they are, in a batch, over regions, of one's own, and what an unknown name gets."""

import numpy as np
import pytest

from fdmag import Mesh, PerReplica, Simulation, initial
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError
from fdmag.quantities import Catalogue, Column, Field, evaluate
from fdmag.shapes import Box
from fdmag.terms import Demag, Exchange, TunnelTorque, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MESH = Mesh((8, 6, 2), (2e-9, 3e-9, 1e-9))
REGIONS = {"free": Box((8e-9, 1, 1), center=(4e-9, 0)), "grain": np.arange(96).reshape(MESH.shape) // 90}
START = initial.random(MESH, 4, 3)
FIELDS = PerReplica([(0, 0, 0.1), (0.05, 0, 0), (0, 0.2, 0.1)])


def magnet(batch=3, **options):
    B = FIELDS if batch > 1 else FIELDS.values[0]
    tunnel = TunnelTorque(voltage=0.1, RA_P=5e-12, TMR=1.0, P=0.5)
    terms = [Exchange(A=1e-11), Demag(), UniaxialAnisotropy(Ku1=1e5), Zeeman(B=B), tunnel]
    Ms = np.full(MESH.shape, 8e5)
    Ms[:, 0, 3] = 0
    given = {"Ms": Ms, "regions": REGIONS, "m": START} | options
    return Simulation(MESH, terms, **given)


BATCH = magnet()
NAMES = Catalogue.of(BATCH).column_names()


@pytest.mark.parametrize("name", NAMES)
def test_every_column_of_a_batch_is_that_of_its_replicas_alone(name):
    values = evaluate(BATCH, name)
    assert values.shape[0] == 3
    for replica in (0, 2):
        alone = magnet(1, m=START[replica])
        alone.set("zeeman.B", FIELDS.values[replica])
        np.testing.assert_array_equal(evaluate(alone, name)[0], values[replica])


@pytest.mark.parametrize("name", list(Catalogue.of(BATCH).fields(["m", "B", "torque", "dm_dt"])), ids=lambda f: f.name)
def test_fields_have_the_shape_of_the_mesh_and_vanish_outside_the_magnet(name):
    values = name.evaluate(BATCH)
    assert values.shape == (3, 3, *MESH.shape)
    assert np.all(values[..., 0, 3] == 0)
    assert np.any(values)


def test_fields_are_those_of_the_simulation():
    def field(name):
        return Catalogue.of(BATCH).fields([name])[0].evaluate(BATCH)

    np.testing.assert_array_equal(field("B.demag"), BATCH.effective_field("demag"))
    np.testing.assert_allclose(field("B"), sum(field(f"B.{name}") for name in BATCH.terms), rtol=0, atol=1e-12)
    volume = MESH.cell_volume
    for name, energy in BATCH.energies().items():
        np.testing.assert_allclose(field(f"energy_density.{name}").sum(axis=(1, 2, 3)) * volume, energy, rtol=1e-10)
    np.testing.assert_allclose(field("energy_density").sum(axis=(1, 2, 3)) * volume, BATCH.energy(), rtol=1e-10)
    torque = field("torque")
    np.testing.assert_allclose(np.sqrt((torque**2).sum(axis=1)).max(axis=(1, 2, 3)), BATCH.max_torque(), rtol=1e-12)
    m, B, alpha = BATCH.m, field("B"), 0.01
    damped = np.cross(m, torque, axis=1)
    np.testing.assert_allclose(torque, np.cross(m, B, axis=1), rtol=0, atol=1e-12)
    gamma = 1.76085963023e11
    np.testing.assert_allclose(field("dm_dt"), -gamma / (1 + alpha**2) * (torque + alpha * damped), rtol=1e-9, atol=1e3)


def test_averages_are_over_the_magnetic_cells_of_a_region():
    mask = BATCH.regions.mask("free") & BATCH.magnetic[0]
    assert 0 < mask.sum() < BATCH.regions.mask("free").sum() + 1
    mean = BATCH.m[..., mask].mean(axis=-1)
    np.testing.assert_allclose(evaluate(BATCH, "m.free"), mean, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(evaluate(BATCH, "m.free.y"), evaluate(BATCH, "m.free")[:, 1])
    np.testing.assert_allclose(evaluate(BATCH, "m"), BATCH.average_m(), rtol=0, atol=1e-14)
    demag = BATCH.effective_field("demag")[..., mask].mean(axis=-1)
    np.testing.assert_allclose(evaluate(BATCH, "B.demag.free"), demag, rtol=0, atol=1e-14)
    grain = BATCH.regions.mask("grain.1") & BATCH.magnetic[0]
    np.testing.assert_allclose(
        evaluate(BATCH, "m.grain.1.x"), BATCH.m[:, 0][..., grain].mean(axis=-1), rtol=0, atol=1e-14
    )
    density = BATCH.energy_density("exchange")[..., mask].mean(axis=-1)
    np.testing.assert_allclose(evaluate(BATCH, "energy_density.exchange.free"), density, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("topological_charg", 'did you mean "topological_charge"?'),
        ("m.fre", 'did you mean "m.free"?'),
        ("B.demg", 'did you mean "B.demag"?'),
        ("wall_position.0", 'did you mean "wall_position'),
        ("energy_density.x", "is no column; allowed: topological_charge"),
        ("energy_density.tunnel_torque", "is no column"),
        ("m.free.w", "is no column"),
        ("", "is no column"),
        (".x", "is no column"),
        ("wall_position.z.²", "is no column"),
    ],
)
def test_an_unknown_column_gets_the_nearest(name, hint):
    with pytest.raises(ParameterError) as caught:
        Catalogue.of(BATCH).columns([name])
    assert hint in str(caught.value)


def test_an_unknown_field_gets_the_nearest():
    with pytest.raises(ParameterError, match=r'"B.demga" is no field; allowed: m, B, .*did you mean "B.demag"'):
        Catalogue.of(BATCH).fields(["B.demga"])
    with pytest.raises(ParameterError, match=r'the column "m\.x" comes twice'):
        Catalogue.of(BATCH).columns(["m", "m.x"])


def test_a_function_of_ones_own():
    squared = Column("mz2", "1", lambda s: (s.m[:, 2] ** 2).mean(axis=(1, 2, 3)))
    half = Field("half", "T", lambda s: s.effective_field() / 2, vector=True)
    catalogue = Catalogue.of(BATCH)
    assert [column.name for column in catalogue.columns([squared, "m.z"])] == ["mz2", "m.z"]
    np.testing.assert_array_equal(catalogue.fields([half])[0].evaluate(BATCH), BATCH.effective_field() / 2)
    with pytest.raises(
        ParameterError, match=r'column "bad": its function returned an array of shape \(\); needed: \(3,\)'
    ):
        Column("bad", "1", lambda _: np.float64(1)).evaluate(BATCH)


def test_resistance_of_uniform_states():
    """R_P, R_AP = R_P (1 + TMR), and in between the mean of the conductances: 1/R = (1/R_P + 1/R_AP)/2."""
    mesh = Mesh((10, 5, 3), (2e-9, 2e-9, 1e-9))
    states = np.array([(0, 0, 1), (0, 0, -1), (1, 0, 0)]).reshape(3, 3, 1, 1, 1)
    torque = TunnelTorque(voltage=PerReplica([0.2, 0.2, -0.1]), RA_P=5e-12, TMR=1.5, P=0.5)
    film = Simulation(mesh, [torque], Ms=1e6, m=states)
    parallel = 5e-12 / (20e-9 * 10e-9)
    wanted = parallel * np.array([1, 2.5, 2 / (1 + 1 / 2.5)])
    np.testing.assert_allclose(evaluate(film, "resistance"), wanted, rtol=1e-12)
    np.testing.assert_allclose(evaluate(film, "current"), [0.2, 0.2, -0.1] / wanted, rtol=1e-12)


def test_resistance_agrees_with_the_device():
    (tunnel,) = (term for term in BATCH.terms.values() if isinstance(term, TunnelTorque))
    resistance, current = TunnelJunction.of(tunnel).read(BATCH, 0.1, (0, 0, 1))
    np.testing.assert_allclose(evaluate(BATCH, "resistance"), resistance, rtol=1e-12)
    np.testing.assert_allclose(evaluate(BATCH, "current"), current, rtol=1e-12)


def test_resistance_is_that_of_the_cells_nearest_to_the_reference():
    """A stack of a fixed layer, a spacer and a free layer of two cells; and with bias, which halves TMR at V_h."""
    mesh = Mesh((4, 2, 4), (2e-9, 2e-9, 1e-9))
    layer = np.arange(4)[:, None, None] * np.ones(mesh.shape, int)
    Ms = np.where(layer == 1, 0, 1e6)
    m = np.zeros((3, *mesh.shape))
    m[2] = 1
    m[:, 2] = np.array([np.sqrt(0.75), 0, 0.5])[:, None, None]  # the lower cell of the free layer
    P = np.where(layer >= 2, 0.5, 0)
    torque = TunnelTorque(voltage=0.3, RA_P=4e-12, TMR=1.0, P=P, V_h=0.3, reference="fixed")
    stack = Simulation(mesh, [torque], Ms=Ms, m=m, regions={"fixed": layer == 0})
    area = 8e-9 * 4e-9
    antiparallel = 4e-12 * (1 + 0.5)
    conductance = area * (0.75 / 4e-12 + 0.25 / antiparallel)  # (1 ± cos θ)/2 of each
    assert evaluate(stack, "resistance") == close(1 / conductance, rel=1e-12)
    above = TunnelTorque(voltage=0.3, RA_P=4e-12, TMR=1.0, P=P, V_h=0.3, side=1, p=(0, 0, -1))
    upper = Simulation(mesh, [above], Ms=Ms, m=m)
    assert evaluate(upper, "resistance") == close(antiparallel / area, rel=1e-12)


def test_material_and_regions_are_fields(device):
    """What a scene makes of shapes can be looked at: Ms, alpha and the regions, in the order they are given."""
    left, right = np.zeros((2, 1, 2, 4), bool)
    left[..., :1], right[..., 3:] = True, True
    pair = Simulation(
        Mesh((4, 2, 1), (5e-9, 5e-9, 5e-9)), [], regions={"left": left, "right": right}, device=device,
        Ms={"left": 8e5, "right": 5e5, "default": 0}, alpha=PerReplica([0.1, 0.2]),
    )  # fmt: skip
    Ms, alpha, region = (each.evaluate(pair) for each in Catalogue.of(pair).fields(["Ms", "alpha", "region"]))
    np.testing.assert_array_equal(Ms[1, 0], [[8e5, 0, 0, 5e5]] * 2)
    np.testing.assert_array_equal(alpha[:, 0, 0, 0], [0.1, 0.2])
    np.testing.assert_array_equal(region[0, 0], [[1, 0, 0, 2]] * 2)
    assert evaluate(pair, "Ms.right").tolist() == [5e5, 5e5]
