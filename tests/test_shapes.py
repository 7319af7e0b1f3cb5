"""Shapes: exact on boxes, convergent on curves, and an algebra of sets."""

from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.shapes import (
    Box,
    Cylinder,
    Difference,
    Ellipse,
    Ellipsoid,
    ImageMask,
    Intersection,
    Polygon,
    Repeat,
    Rotate,
    Sphere,
    Translate,
    Union,
)
from tests.closeness import close

NM = 1e-9
MESH = Mesh(cells=(20, 16, 4), cell_size=(NM, NM, NM))
STAR = [(0, 4), (1, 1), (4, 0), (1, -1), (0, -4), (-1, -1), (-4, 0), (-1, 1)]  # concave


def scaled(points, factor=NM):
    return [(x * factor, y * factor) for x, y in points]


def shapes():
    """Any bounded shape, at any place."""
    size = st.floats(0.5e-9, 12e-9)
    place = st.tuples(*[st.floats(-8e-9, 8e-9)] * 3)
    return st.one_of(
        st.builds(Box, st.tuples(size, size, size), place),
        st.builds(Ellipse, st.tuples(size, size), place, size),
        st.builds(Cylinder, size, size, place, st.sampled_from("xyz")),
        st.builds(Ellipsoid, st.tuples(size, size, size), place),
        st.builds(Sphere, size, place),
        st.builds(lambda s, c, h: Polygon(scaled(STAR, s / 8), c, h), size, place, size),
        st.builds(
            Rotate,
            st.builds(Box, st.tuples(size, size, size)),
            st.floats(-7, 7),
            st.tuples(st.floats(0.1, 1), st.floats(-1, 1), st.floats(-1, 1)),
            place,
        ),
    )


class TestBoundary:
    """A box of n cells fills n cells, wherever it lies and however its numbers are rounded."""

    @settings(max_examples=200, deadline=None)
    @given(
        d=st.floats(1e-10, 1e-6),
        n=st.integers(1, 40),
        start=st.integers(0, 20),
        halves=st.integers(0, 1),
        origin=st.floats(-1e-6, 1e-6),
    )
    def test_box_fills_its_number_of_cells(self, d, n, start, halves, origin):
        mesh = Mesh(cells=(64, 1, 1), cell_size=(d, d, d), origin=(origin, 0.0, 0.0))
        # halves = 1: the faces lie exactly on cell centres, but for rounding.
        middle = origin + (start + n / 2 + halves / 2) * d
        expected = np.zeros(64, dtype=bool)
        expected[start : start + n] = True
        np.testing.assert_array_equal(Box((n * d, None, None), center=(middle, 0, 0)).fill(mesh)[0, 0], expected)
        square = [(-n * d / 2, -d), (n * d / 2, -d), (n * d / 2, d), (-n * d / 2, d)]
        np.testing.assert_array_equal(Polygon(square, center=(middle, d / 2)).fill(mesh)[0, 0], expected)
        upright = Mesh(cells=(1, 64, 1), cell_size=(d, d, d), origin=(0.0, origin, 0.0))
        turned = Polygon([(y, x) for x, y in square], center=(d / 2, middle))
        np.testing.assert_array_equal(turned.fill(upright)[0, :, 0], expected)
        np.testing.assert_array_equal(
            Cylinder(9 * d, n * d, center=(middle, d / 2, d / 2), axis="x").fill(mesh)[0, 0], expected
        )

    @pytest.mark.parametrize("turn", range(8))
    def test_adjacent_polygons_share_no_cell_and_leave_none(self, turn):
        """Eight slices of a square, with edges at multiples of 45 degrees through cell centres."""
        mesh = Mesh(cells=(9, 9, 1), cell_size=(NM, NM, NM))
        ring = [(3, 0), (3, 3), (0, 3), (-3, 3), (-3, 0), (-3, -3), (0, -3), (3, -3)]
        ring = ring[turn:] + ring[:turn]
        slices = [Polygon(scaled([(0, 0), ring[i], ring[(i + 1) % 8]])) for i in range(8)]
        count = sum(piece.fill(mesh).astype(int) for piece in slices)
        np.testing.assert_array_equal(count, Box((6 * NM, 6 * NM, None)).fill(mesh))

    def test_curved_shapes_are_symmetric_and_closed(self):
        mesh = Mesh(cells=(9, 9, 9), cell_size=(NM, NM, NM))
        for shape in (Ellipse((6 * NM, 6 * NM)), Cylinder(6 * NM), Sphere(6 * NM)):
            mask = shape.fill(mesh)
            np.testing.assert_array_equal(mask, mask[:, ::-1])
            np.testing.assert_array_equal(mask, mask[:, :, ::-1])
            assert mask[4, 4, 1]
            assert mask[4, 4, 7]


class TestVolumes:
    """Volumes of filled cells against closed forms."""

    CASES = [
        (Ellipse((70 * NM, 40 * NM)), pi / 4 * 70 * 40 * 50),
        (Cylinder(44 * NM, height=30 * NM, axis="x"), pi / 4 * 44**2 * 30),
        (Ellipsoid((70 * NM, 40 * NM, 30 * NM)), pi / 6 * 70 * 40 * 30),
        (Sphere(45 * NM), pi / 6 * 45**3),
        (Box((70 * NM, 20 * NM, 10 * NM)).rotate(0.4, (1, 2, 3)), 70 * 20 * 10),
        (Polygon(scaled(STAR, 8 * NM), height=20 * NM), 16 * 8**2 * 20),
    ]

    @pytest.mark.parametrize(("shape", "volume"), CASES, ids=lambda case: type(case).__name__)
    def test_error_falls_at_least_as_the_cell_size(self, shape, volume):
        """Cells wrong at the surface: their share of the volume is at most of first order."""
        shape = shape.translate((0.3 * NM, 0.17 * NM, 0.11 * NM))
        errors = []
        for n in (20, 40, 80):
            mesh = Mesh(cells=(n, n, n // 2), cell_size=(100 * NM / n,) * 3)
            errors.append(abs(shape.fill(mesh).sum() * mesh.cell_volume / (volume * NM**3) - 1))
        assert all(error < bound for error, bound in zip(errors, [0.1, 0.05, 0.025], strict=True)), errors
        assert errors[-1] < 0.01

    def test_ellipse_area_converges_with_its_order(self):
        """The count of centres in an ellipse has an error of order 1.5 in the cell size, on average over places."""
        rms = []
        for n in (16, 32, 64, 128):
            mesh = Mesh(cells=(n, n, 1), cell_size=(100 * NM / n,) * 3)
            places = np.random.default_rng(3).uniform(-5 * NM, 5 * NM, size=(40, 2))
            areas = [Ellipse((80 * NM, 50 * NM), center=tuple(p)).fill(mesh).sum() for p in places]
            ratio = np.array(areas) * (100 / n) ** 2 / (pi / 4 * 80 * 50)
            rms.append(np.sqrt(np.mean((ratio - 1) ** 2)))
        order = -np.polyfit(np.log([16, 32, 64, 128]), np.log(rms), 1)[0]
        assert 1.3 < order < 1.7

    def test_fraction_is_the_covered_share(self):
        mesh = Mesh(cells=(4, 1, 1), cell_size=(NM, NM, NM), origin=(0.0, 0.0, 0.0))
        fraction = Box((1.9 * NM, None, None), center=(1.25 * NM, 0)).fill(mesh, samples=4)  # 0.3 ... 2.2 nm
        np.testing.assert_array_equal(fraction[0, 0], [0.75, 1, 0.25, 0])
        half = Box((None, 1 * NM, 1 * NM), center=(0, 0)).fill(mesh, samples=2)
        np.testing.assert_array_equal(half, np.full((1, 1, 4), 0.25))

    def test_fraction_improves_on_centres(self):
        mesh = Mesh(cells=(10, 10, 1), cell_size=(NM, NM, NM))
        shape, area = Cylinder(7.3 * NM, center=(0.21 * NM, 0.1 * NM)), pi / 4 * 7.3**2
        errors = [abs(shape.fill(mesh, samples).sum() / area - 1) for samples in (1, 8)]
        assert errors[1] < 0.01
        assert errors[1] < errors[0]

    @pytest.mark.parametrize("samples", [0, -1, 1.5, True])
    def test_samples_are_checked(self, samples):
        with pytest.raises(ParameterError, match="samples"):
            Sphere(NM).fill(MESH, samples)


class TestAlgebra:
    """Union, difference and intersection are those of sets."""

    @settings(max_examples=60, deadline=None)
    @given(a=shapes(), b=shapes(), c=shapes())
    def test_set_identities(self, a, b, c):
        def fill(shape):
            return shape.fill(MESH)

        A, B, C = fill(a), fill(b), fill(c)
        np.testing.assert_array_equal(fill(a | b), A | B)
        np.testing.assert_array_equal(fill(a & b), A & B)
        np.testing.assert_array_equal(fill(a - b), A & ~B)
        np.testing.assert_array_equal(fill((a - b) | (a & b)), A)
        np.testing.assert_array_equal(fill(Difference(a, b, c)), A & ~(B | C))
        np.testing.assert_array_equal(fill(Union(a, b, c)), fill(a | (b | c)))
        np.testing.assert_array_equal(fill(Intersection(a, b, c)), A & B & C)
        assert not fill(a - a).any()

    @settings(max_examples=100, deadline=None)
    @given(shape=shapes(), other=shapes())
    def test_bounds_hold_the_shape(self, shape, other):
        for body in (shape, shape | other, shape & other, shape - other, shape.translate((NM, 2 * NM, -NM))):
            mask = body.fill(MESH)
            lower, upper = body.bounds
            for c, low, high in zip((MESH.x, MESH.y, MESH.z), lower, upper, strict=True):
                inside = np.broadcast_to(c, MESH.shape)[mask]
                assert (inside >= low - 1e-16).all()
                assert (inside <= high + 1e-16).all()

    def test_coordinates_broadcast(self):
        for shape in (Box((NM, None, None)), Ellipse((NM, NM)), Polygon(scaled(STAR)), Box((NM, NM, NM)) | Sphere(NM)):
            assert shape.contains(0, 0, 0).shape == ()
            assert shape.contains(np.zeros(3), np.zeros((2, 1)), 0).shape == (2, 3)
            assert shape.contains(0, 0, np.zeros(5)).shape == (5,)
            assert shape.contains(0, 0, 0)

    def test_shapes_are_immutable_and_comparable(self):
        box = Box([NM, NM, None])
        with pytest.raises(AttributeError):
            box.size = (1, 1, 1)
        assert box == Box((NM, NM, None))
        assert len({box, Box((NM, NM, None)), Sphere(NM)}) == 2
        assert Union(box, box) != Intersection(box, box)

    @pytest.mark.parametrize("combine", [Union, Intersection, Difference])
    def test_only_shapes_combine(self, combine):
        with pytest.raises(ParameterError, match="a Shape is needed"):
            combine(Sphere(NM), 3)
        with pytest.raises(ParameterError, match="at least one"):
            combine()


class TestMotion:
    """Translation, rotation and repetition."""

    @settings(max_examples=50, deadline=None)
    @given(shape=shapes(), shift=st.tuples(*[st.integers(-3, 3)] * 3))
    def test_translation_moves_the_cells(self, shape, shift):
        whole = Mesh(cells=(24, 20, 12), cell_size=(NM, NM, NM))
        mask = shape.fill(whole)
        moved = shape.translate([s * NM for s in shift]).fill(whole)
        sx, sy, sz = shift
        inner = slice(4, -4)
        np.testing.assert_array_equal(
            moved[inner, inner, inner], np.roll(mask, (sz, sy, sx), axis=(0, 1, 2))[inner, inner, inner]
        )

    @pytest.mark.parametrize(
        ("axis", "size"),
        [
            ("z", (4, 10, 2)),
            ("x", (10, 2, 4)),
            ("y", (2, 4, 10)),
            ((0, 0, 7), (4, 10, 2)),
            ((0, -1e-30, 0), (2, 4, 10)),
        ],
    )
    def test_quarter_turn_swaps_two_edges(self, axis, size):
        mesh = Mesh(cells=(12, 12, 12), cell_size=(NM, NM, NM))
        turned = Box((10 * NM, 4 * NM, 2 * NM)).rotate(pi / 2, axis)
        np.testing.assert_array_equal(turned.fill(mesh), Box([s * NM for s in size]).fill(mesh))
        np.testing.assert_allclose(turned.bounds[1], [s * NM / 2 for s in size], rtol=1e-12)

    def test_turn_is_counterclockwise_about_the_center(self):
        dot = Sphere(NM, center=(3 * NM, 0, 0))
        assert dot.rotate(pi / 2).contains(0, 3 * NM, 0)
        assert dot.rotate(pi / 2, "y").contains(0, 0, -3 * NM)
        assert dot.rotate(pi / 2, "z", center=(2 * NM, 0)).contains(2 * NM, NM, 0)
        assert dot.rotate(2 * pi / 3, (1, 1, 1)).contains(0, 3 * NM, 0)

    @settings(max_examples=40, deadline=None)
    @given(shape=shapes(), angle=st.floats(-4, 4))
    def test_turning_back_restores(self, shape, angle):
        mesh = Mesh(cells=(11, 9, 4), cell_size=(NM, NM, NM), origin=(-5.123e-9, -4.217e-9, -2.0319e-9))
        back = shape.rotate(angle, (1, 2, -1)).rotate(-angle, (1, 2, -1))
        # Points on the boundary may flip; there are next to none at such odd coordinates.
        assert (back.fill(mesh) != shape.fill(mesh)).sum() <= 1

    def test_unbounded_shapes_turn(self):
        wire = Box((None, 2 * NM, 2 * NM)).rotate(pi / 2)
        assert wire.bounds[1][1] == np.inf
        assert wire.bounds[1][0] == close(NM)
        assert wire.contains(0, 1.0, 0)

    def test_repeat_without_end_tiles_the_mesh(self):
        dots = Cylinder(3.2 * NM, center=(-31 * NM, 2 * NM)).repeat((4 * NM, 4 * NM, None))
        mask = dots.fill(MESH)
        one = Cylinder(3.2 * NM).fill(Mesh(cells=(4, 4, 4), cell_size=(NM, NM, NM)))
        assert one.sum() == 4 * 12
        assert mask.sum() == one.sum() * 20
        np.testing.assert_array_equal(mask[:, :, 4:], mask[:, :, :-4])
        np.testing.assert_array_equal(mask[:, 4:], mask[:, :-4])

    def test_repeat_of_a_whole_period_fills_everything(self):
        assert Box((3 * NM, 5 * NM, None), center=(0.5 * NM, 0)).repeat((3 * NM, 5 * NM, None)).fill(MESH).all()

    @settings(max_examples=60, deadline=None)
    @given(
        shape=shapes(),
        period=st.tuples(*[st.floats(1e-9, 9e-9)] * 3),
        counts=st.tuples(*[st.integers(1, 3)] * 3),
    )
    def test_counted_repeat_is_the_union_of_copies(self, shape, period, counts):
        copies = [shape.translate([i * p for i, p in zip(index, period, strict=True)]) for index in np.ndindex(*counts)]
        np.testing.assert_array_equal(shape.repeat(period, counts).fill(MESH), Union(*copies).fill(MESH))

    def test_repeat_of_a_repeat(self):
        pairs = Box((NM, NM, NM)).repeat((2 * NM, None, None), (2, None, None)).repeat((6 * NM, None, None))
        line = pairs.contains(np.arange(12) * NM, 0, 0)
        np.testing.assert_array_equal(line.astype(int), [1, 0, 1, 0, 0, 0] * 2)

    def test_unbounded_shapes_do_not_repeat(self):
        with pytest.raises(ParameterError, match="unbounded along z"):
            Cylinder(NM).repeat((NM, NM, NM))


class TestPolygon:
    """Even-odd rule, whatever the sense of the outline."""

    @pytest.mark.parametrize("shift", range(8))
    def test_orientation_and_first_corner_do_not_matter(self, shift):
        points = scaled(STAR, 1.9 * NM)
        turned = points[shift:] + points[:shift]
        expected = Polygon(points).fill(MESH)
        assert 0 < expected.sum() < MESH.n_cells
        np.testing.assert_array_equal(Polygon(turned).fill(MESH), expected)
        np.testing.assert_array_equal(Polygon(turned[::-1]).fill(MESH), expected)

    def test_concave_corner_is_outside(self):
        star = Polygon(scaled(STAR))
        np.testing.assert_array_equal(
            star.contains(np.array([0, 3, 2, -2, 0.5]) * NM, np.array([0, 0, 2, -2, 0.9]) * NM, 0),
            [True, True, False, False, True],
        )

    def test_overlap_is_a_hole(self):
        five = [(np.cos(a), np.sin(a)) for a in np.arange(5) * 4 * pi / 5]
        pentagram = Polygon(scaled(five))
        assert not pentagram.contains(0, 0, 0)
        assert pentagram.contains(0.7 * NM, 0, 0)

    def test_height_and_center(self):
        prism = Polygon(scaled(STAR), center=(0, 0, 5 * NM), height=2 * NM)
        np.testing.assert_array_equal(prism.contains(0, 0, np.array([3.9, 4, 5.9, 6]) * NM), [False, True, True, False])

    @pytest.mark.parametrize(
        "points",
        [
            [(0, 0), (1, 0)],
            [(0, 0), (1, 1), (2, 2)],
            [(0, 0), (0, 0), (0, 0)],
            [(0, 0), (1, 0), (0, np.nan)],
            [(0, 0), (1, 0), (0, 1, 2)],
        ],
    )
    def test_impossible_outlines_are_refused(self, points):
        with pytest.raises(ParameterError, match="Polygon"):
            Polygon(points)


@pytest.mark.parametrize(
    "make",
    [
        lambda v: Box((v, NM, NM)),
        lambda v: Ellipse((NM, v)),
        lambda v: Ellipse((NM, NM), height=v),
        lambda v: Cylinder(v),
        lambda v: Cylinder(NM, height=v),
        lambda v: Ellipsoid((NM, NM, v)),
        lambda v: Sphere(v),
        lambda v: Polygon(scaled(STAR), height=v),
        lambda v: ImageMask([[1]], size=(NM, v)),
        lambda v: Repeat(Sphere(NM), (v, NM, NM)),
    ],
)
@pytest.mark.parametrize("value", [-NM, 0.0, np.nan, np.inf, "1 nm", True])
def test_lengths_are_checked(make, value):
    with pytest.raises(ParameterError, match=r"above 0|finite"):
        make(value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Box((NM, NM)), "three lengths"),
        (lambda: Box((NM, NM, NM), center=(0, 0, np.nan)), "center = .*3 finite"),
        (lambda: Sphere(NM, center=(0,)), "center = .*3 finite"),
        (lambda: Translate(Sphere(NM), (0, np.inf, 0)), "shift = .*3 finite"),
        (lambda: Sphere(NM).rotate(np.nan), "angle = nan"),
        (lambda: Sphere(NM).rotate(1.0, "w"), "axis = 'w'; allowed are 'x', 'y', 'z' or a vector"),
        (lambda: Sphere(NM).rotate(1.0, (0, 0, 0)), "non-zero length"),
        (lambda: Cylinder(NM, axis="xy"), "axis = 'xy'; allowed are 'x', 'y', 'z'"),
        (lambda: Repeat(Sphere(NM), (NM, NM)), "three values"),
        (lambda: Repeat(Sphere(NM), (NM, NM, NM), (0, 1, 1)), "integers of at least 1"),
        (lambda: Repeat(Sphere(NM), (NM, NM, NM), (1.5, 1, 1)), "integers of at least 1"),
    ],
)
def test_other_parameters_are_checked(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_sphere_is_a_round_ellipsoid():
    sphere = Sphere(5 * NM, center=(NM, 0, 0))
    np.testing.assert_array_equal(sphere.fill(MESH), Ellipsoid((5 * NM,) * 3, (NM, 0, 0)).fill(MESH))
