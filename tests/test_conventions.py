"""The signs of docs/conventions.md, each as the sentence that stands there and with its converse.

A docstring here quotes the sentence; the last test finds every one of the page. NumPy's references are what is tested:
that the kernels are the same is tested elsewhere.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fdmag import initial
from fdmag import simulation as engine
from fdmag.mesh import Mesh
from fdmag.quantities import evaluate
from fdmag.terms import (
    BulkDMI,
    CubicAnisotropy,
    D2dDMI,
    Demag,
    Exchange,
    ExchangeBias,
    InterfaceAnisotropy,
    InterfacialDMI,
    InterlayerExchange,
    Oersted,
    OerstedCylinder,
    OerstedWire,
    Slonczewski,
    SpinOrbitTorque,
    TunnelTorque,
    UniaxialAnisotropy,
    Zeeman,
    ZhangLi,
)
from tests.closeness import close

PAGE = Path(__file__).parents[1] / "docs" / "conventions.md"
Simulation = partial(engine.Simulation, Ms=8e5, device="numpy")
ONE = Mesh((1, 1, 1), (4e-9,) * 3)
BOTH = pytest.mark.parametrize("sign", [1, -1])
OBLIQUE = (0.5, 0.4, 0.6)


def lowest(*terms, mesh=ONE, m=OBLIQUE, **options):
    """Return m of least energy, (3, nz, ny, nx)."""
    simulation = Simulation(mesh, terms, m=m, **options)
    simulation.minimize(1e-7)
    return simulation.m[0]


def direction(*terms, **options):
    return lowest(*terms, **options)[:, 0, 0, 0]


# ---- motion ---------------------------------------------------------------------------------------------------


@BOTH
def test_precession(sign):
    """With B along +z, an m along +x first moves towards +y."""
    rate = Simulation(ONE, [Zeeman(B=(0, 0, 0.1 * sign))], m=(1, 0, 0), alpha=0.0).dm_dt()[0, :, 0, 0, 0]
    assert rate[1] * sign > 0
    assert rate[0] == rate[2] == 0


@BOTH
def test_damping(sign):
    """Damping turns m into the field."""
    rate = Simulation(ONE, [Zeeman(B=(0, 0, 0.1 * sign))], m=(1, 0, 0), alpha=0.1).dm_dt()[0, :, 0, 0, 0]
    assert rate[2] * sign > 0


# ---- energies -------------------------------------------------------------------------------------------------

PAIR = Mesh((2, 1, 1), (4e-9,) * 3)
PAIR_M = np.array([[1, 0.2], [0, 1], [0.1, 0]]).reshape(3, 1, 1, 2)
HALVES = {"left": np.array([[[True, False]]]), "right": np.array([[[False, True]]])}


def cosine(m):
    """Cosine of the angle between the first and the last cell."""
    line = m.reshape(3, -1)
    return line[:, 0] @ line[:, -1]


def test_exchange():
    """A > 0 favours parallel neighbours"""
    assert cosine(lowest(Exchange(A=1e-11), mesh=PAIR, m=PAIR_M)) == close(1)


@BOTH
def test_exchange_across_a_border(sign):
    """a negative `A` or `scale` in `between` favours antiparallel neighbours"""
    for entry in ({"scale": 0.5 * sign}, {"A": 5e-12 * sign}):
        term = Exchange(A=1e-11, between=[{"regions": ["left", "right"], **entry}])
        assert cosine(lowest(term, mesh=PAIR, m=PAIR_M, regions=HALVES)) == close(sign)


@pytest.mark.parametrize(("coupling", "expected"), [({"J1": 1e-3}, 1), ({"J1": -1e-3}, -1), ({"J2": -1e-3}, 0)])
def test_interlayer_exchange(coupling, expected):
    """J1 > 0 favours parallel layers, J1 < 0 antiparallel ones, J2 < 0 a right angle"""
    mesh = Mesh((1, 1, 3), (4e-9,) * 3)
    Ms = np.array([8e5, 0, 8e5]).reshape(3, 1, 1)
    m = np.array([[1, 1, 0.2], [0, 0, 1], [0.1, 0, 0]]).reshape(3, 3, 1, 1)
    assert cosine(lowest(InterlayerExchange(**coupling), mesh=mesh, m=m, Ms=Ms)) == pytest.approx(expected, abs=1e-6)


@BOTH
@pytest.mark.parametrize("given", [{"B": 0.02}, {"J": 1e-4}])
def test_exchange_bias(given, sign):
    """B > 0 or J > 0 favours m along u, and shifts the loop to fields along −u"""
    ((key, value),) = given.items()
    bias = ExchangeBias(direction=(1, 0, 0), **{key: sign * value})
    assert direction(bias)[0] == close(sign)
    # Against a field of half its strength the state along the bias still is the one of least energy.
    half = bias_field(bias) / 2
    energies = [Simulation(ONE, [bias, Zeeman(B=(-half, 0, 0))], m=(m, 0, 0)).energy()[0] for m in (1, -1)]
    assert (energies[1] - energies[0]) * sign > 0


def bias_field(term):
    return Simulation(ONE, [term], m=(0, 1, 0)).effective_field()[0, 0, 0, 0, 0]


LINE = Mesh((60, 1, 1), (1e-9,) * 3, "yz")
PERPENDICULAR = (Exchange(A=13e-12), UniaxialAnisotropy(Ku1=4e5))


@BOTH
def test_interfacial_dmi(sign):
    """D > 0: a Néel wall's centre points from the domain along −n to the one along +n"""
    for up_on in (1, -1):
        m = np.stack(np.broadcast_arrays(0.0, 0.3, up_on * np.tanh(LINE.x / 6e-9)))
        centre = lowest(*PERPENDICULAR, InterfacialDMI(D=sign * 2e-3), mesh=LINE, m=m)[:, 0, 0, 30]
        assert centre[0] * up_on * sign > 0.95


def handedness(term, axis=0):
    """+1 where m of least energy turns like a right-handed screw along an axis, −1 for a left-handed one."""
    cells = [1, 1, 1]
    cells[axis] = 12
    mesh = Mesh(cells, (2e-9,) * 3, "xyz".replace("xyz"[axis], ""))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    m = np.zeros((3, 12))
    m[first], m[second], m[axis] = 1, 0.02 * np.random.default_rng(1).normal(size=12), 0.01
    found = lowest(Exchange(A=1e-11), term, mesh=mesh, m=m.reshape(3, *mesh.shape)).reshape(3, 12)
    turned = np.diff(np.unwrap(np.arctan2(found[second], found[first])))
    assert np.all(turned > 0) or np.all(turned < 0)
    return turned


@BOTH
def test_bulk_dmi(sign):
    """D > 0: a helix turns like a right-handed screw, with the period 4πA/D"""
    for axis in range(3):
        turned = handedness(BulkDMI(D=sign * 2e-3), axis)
        # 4πA/D = 62.8 nm, 2 nm a cell; finite differences make a tangent of the angle
        np.testing.assert_allclose(np.tan(turned), sign * 2 * np.pi * 2e-9 / (4 * np.pi * 1e-11 / 2e-3), rtol=1e-4)


@BOTH
def test_d2d_dmi(sign):
    """D > 0: a helix along a turns like a left-handed screw, one along b like a right-handed one"""
    assert handedness(D2dDMI(D=sign * 2e-3), axis=0)[0] * sign < 0
    assert handedness(D2dDMI(D=sign * 2e-3), axis=1)[0] * sign > 0
    assert handedness(D2dDMI(D=sign * 2e-3, a=(0, 1, 0), b=(1, 0, 0)), axis=0)[0] * sign > 0


@BOTH
def test_uniaxial_anisotropy(sign):
    """Ku1 > 0 makes u easy; perpendicular anisotropy is u = z"""
    along = direction(UniaxialAnisotropy(Ku1=sign * 1e5))[2]
    assert along == pytest.approx(1 if sign > 0 else 0, abs=1e-5)


def test_cubic_anisotropy():
    """Kc1 > 0 makes the cube edges easy (iron), Kc1 < 0 the space diagonals (nickel)"""
    assert np.abs(direction(CubicAnisotropy(Kc1=5e4))).max() == close(1)
    np.testing.assert_allclose(np.abs(direction(CubicAnisotropy(Kc1=-5e4))), 1 / np.sqrt(3), atol=1e-5)


@BOTH
def test_interface_anisotropy(sign):
    """Ks > 0 makes the film normal easy; with ξ > 0 a positive voltage strengthens this"""
    assert direction(InterfaceAnisotropy(Ks=sign * 1e-3))[2] == pytest.approx(1 if sign > 0 else 0, abs=1e-5)
    B = [
        Simulation(ONE, [InterfaceAnisotropy(Ks=1e-3, xi=6e-14, voltage=V, t_ox=1e-9)], m=(0, 0, 1)).effective_field()
        for V in (0, sign * 1.0)
    ]
    assert np.sign(B[1][0, 2] - B[0][0, 2]) == sign


@BOTH
def test_zeeman(sign):
    """m along B is lowest"""
    np.testing.assert_allclose(
        direction(Zeeman(B=(0.06 * sign, 0.08 * sign, 0))), np.array([0.6, 0.8, 0]) * sign, atol=1e-5
    )


def test_demag():
    """a film prefers its plane"""
    film = Mesh((1, 1, 1), (4e-9, 4e-9, 1e-9), "xy")
    assert direction(Demag(), mesh=film)[2] == pytest.approx(0, abs=1e-5)
    assert direction(Demag(), mesh=Mesh((1, 1, 1), (1e-9, 1e-9, 8e-9)))[2] == close(1)


@BOTH
def test_dmi_at_surfaces(sign):
    """With D > 0 the ends of a film magnetised along its normal tilt inwards (interfacial); the end towards +x of a
    wire magnetised along z tilts to −y (bulk).
    """
    m = (0.01, 0.01, 1)
    film = lowest(*PERPENDICULAR, InterfacialDMI(D=sign * 2e-3), mesh=LINE, m=m)[0, 0, 0]
    assert film[0] * sign > 0.3
    assert film[-1] * sign < -0.3
    wire = lowest(*PERPENDICULAR, BulkDMI(D=sign * 2e-3), mesh=LINE, m=m)[1, 0, 0]
    assert wire[-1] * sign < -0.3


PLANE = Mesh((40, 40, 1), (2e-9,) * 3)


def test_chirality():
    """Chirality 1 is what a positive D favours: the wall of a Néel skyrmion points to the domain along +z, and a Bloch
    helix turns like a right-handed screw.
    """
    for chirality in (1, -1):
        for style, term in (("neel", InterfacialDMI), ("bloch", BulkDMI)):
            m = initial.skyrmion(PLANE, 20e-9, style=style, chirality=chirality)[0]
            energy = Simulation(PLANE, [term(D=1e-3, boundary="free")], m=m).energy()[0]
            assert energy * chirality < 0
        m = initial.skyrmion(PLANE, 20e-9, chirality=chirality)[0, :, 0, 20, 30]  # core along +z, to the left of here
        assert m[0] * chirality < -0.9
        y, z = initial.helix(LINE, 40e-9, chirality=chirality)[0, 1:, 0, 0]
        assert np.all(np.diff(np.unwrap(np.arctan2(z, y))) * chirality > 0)


# ---- currents -------------------------------------------------------------------------------------------------


def pull(term, m=(1, 0, 0)):
    """Return dm/dt of a torque alone, without damping."""
    return Simulation(ONE, [term], m=m, alpha=0.0).dm_dt()[0, :, 0, 0, 0]


@BOTH
@pytest.mark.parametrize("side", [-1, 1], ids=["reference below", "reference above"])
def test_slonczewski(side, sign):
    """Electrons that flow from the reference layer into the free layer favour the parallel state"""
    # J > 0 flows along +z, its electrons along −z: into the free layer where the reference lies above.
    rate = pull(Slonczewski(J=sign * 1e11, P=0.5, side=side, p=(0, 0, 1)))
    into_the_free_layer = sign * side
    assert rate[2] * into_the_free_layer > 0


@BOTH
def test_tunnel_torque(sign):
    """The antiparallel state takes less current from a voltage than the parallel one"""
    junction = TunnelTorque(voltage=sign * 0.1, RA_P=5e-12, TMR=1.5, P=0.5)
    current = [evaluate(Simulation(ONE, [junction], m=(0, 0, m)), "current")[0] for m in (1, -1)]
    assert 0 < sign * current[1] < sign * current[0]
    assert pull(junction)[2] * sign < 0  # J along +z for a positive voltage: antiparallel, with the reference below


@BOTH
def test_tunnel_torque_of_a_current(sign):
    """from a source of current the voltage rises as the junction turns antiparallel"""
    junction = TunnelTorque(current=sign * 0.1, RA_P=5e-12, TMR=1.5, P=0.5)
    states = [Simulation(ONE, [junction], m=(0, 0, m)) for m in (1, -1)]
    voltage = [evaluate(state, "voltage")[0] for state in states]
    assert 0 < sign * voltage[0] < sign * voltage[1]
    assert evaluate(states[1], "current")[0] * sign > 0
    assert pull(junction)[2] * sign < 0  # I along +z, its electrons along −z: antiparallel, with the reference below


@BOTH
def test_spin_orbit_torque(sign):
    """With the heavy metal below and the current along +x, σ is +y; positive spin Hall angle then pulls m towards −y,
    and left-handed Néel walls (↑←↓, cobalt on platinum) move with the current.
    """
    term = SpinOrbitTorque(J=sign * 1e11, theta_SH=0.1, t_HM=5e-9, lambda_sf=1e-9)
    assert pull(term)[1] * sign < 0
    line = Mesh((60, 1, 1), (1e-9,) * 3)
    for inside in (-1, 1):
        m = initial.wall(line, width=5e-9, inside=(inside, 0, 0))
        rate = Simulation(line, [term], m=m, alpha=0.3).dm_dt()[0, 2].sum()  # up is on the left
        assert rate * sign * inside < 0
    field_like = pull_field(SpinOrbitTorque(J=sign * 1e11, xi_FL=0.1))
    own = pull_field(OerstedWire(J=sign * 1e11, width=1e-6, height=4e-9, center=(0, 0, -5e-9)))
    assert field_like[1] * sign < 0
    assert own[1] * sign < 0


def pull_field(term):
    return Simulation(ONE, [term], m=(1, 0, 0)).effective_field()[0, :, 0, 0, 0]


@BOTH
def test_zhang_li(sign):
    """for P > 0 a texture moves with the electrons, against J"""
    line = Mesh((60, 1, 1), (1e-9,) * 3)
    m = initial.wall(line, width=5e-9)
    wall = Simulation(line, [Exchange(A=1e-11), ZhangLi(J=(sign * 1e12, 0, 0), P=0.5, xi=0.02)], m=m, alpha=0.02)
    assert evaluate(wall, "wall_velocity")[0] * sign < 0


CROSS_SECTION = Mesh((9, 9, 1), (4e-9,) * 3)


@BOTH
def test_oersted_field(sign):
    """Seen against a current along +z, the field runs counter-clockwise"""
    J = np.zeros((3, *CROSS_SECTION.shape))
    J[2, 0, 4, 4] = sign * 1e12
    for term in (OerstedCylinder(J=sign * 1e12, radius=5e-9), Oersted(J=J, endless="z")):
        B = Simulation(CROSS_SECTION, [term]).effective_field()[0, :, 0]
        assert B[1, 4, 7] * sign > 0  # towards +x: along +y
        assert B[0, 7, 4] * sign < 0  # towards +y: along −x


@BOTH
def test_oersted_field_of_a_wire(sign):
    """A current along +x makes a field along −y above the wire."""
    wire = partial(OerstedWire, J=sign * 1e12, width=20e-9, height=4e-9)
    above, below = (pull_field(wire(center=(0, 0, z)))[1] for z in (-20e-9, 20e-9))
    assert above * sign < 0 < below * sign


# ---- derived quantities ---------------------------------------------------------------------------------------


@BOTH
def test_topological_charge(sign):
    """a skyrmion whose core points along +z in a film magnetised along −z has the charge +1"""
    m = initial.skyrmion(PLANE, 15e-9, polarity=sign)
    assert evaluate(Simulation(PLANE, [], m=m), "topological_charge")[0] == pytest.approx(sign, abs=1e-2)


@BOTH
def test_a_wall_in_a_field(sign):
    """In a field along +z a wall turns counter-clockwise seen from +z, and the domain along +z grows."""
    m = initial.wall(LINE, width=5e-9)
    wall = Simulation(LINE, [*PERPENDICULAR, Zeeman(B=(0, 0, sign * 0.05))], m=m, alpha=0.1)
    before = evaluate(wall, "wall_angle.z")[0], evaluate(wall, "m.z")[0]
    wall.run(10e-12)
    assert (evaluate(wall, "wall_angle.z")[0] - before[0]) * sign > 0
    assert (evaluate(wall, "m.z")[0] - before[1]) * sign > 0


# ---- completeness ---------------------------------------------------------------------------------------------


def sentences():
    """Return what stands in italics on the page, and the column of signs of the energies."""
    text = re.sub(r"\*\*[^*\n]+\*\*", "", PAGE.read_text(encoding="utf-8")).replace("see *Currents*", "")
    table = text[text.index("| term | energy density") :].split("\n\n")[0].splitlines()[2:]
    signs = [re.split(r"(?<!\\)\|", line)[3] for line in table]
    return re.findall(r"\*(?=\S)([^*\n]+?)(?<=\S)\*", text) + signs


def test_every_sentence_of_the_page_is_tested():
    """In these words, here or beside what it is about: who changes a sentence looks at its test."""

    def plain(words):
        return " ".join(words.split()).rstrip(".").casefold()

    tests = plain(" ".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py")))
    missing = [each.strip() for each in sentences() if plain(each) not in tests]
    assert missing == []
    assert len(sentences()) > 20
