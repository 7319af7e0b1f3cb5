"""Tapered tracks, notches, rough edges: areas, places, statistics."""

import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.shapes import Box, Cylinder, Notch, Rough, Trapezoid
from fdmag.shapes.rough import MODES
from tests.closeness import close

NM = 1e-9
FINE = Mesh((400, 300, 1), (0.1 * NM, 0.1 * NM, NM))


def area(shape):
    """Area [nm²] in the fine mesh."""
    return shape.fill(FINE).sum() * 0.01


@pytest.mark.parametrize("direction", [(0, -1), (1, 0), (3, 4)])
@pytest.mark.parametrize(
    ("form", "depth", "wanted"),
    [
        ("triangle", 5, 0.5 * 8 * 5),
        ("rectangle", 5, 8 * 5),
        ("circle", 4, np.pi * 16 / 2),
        # a segment of the circle of radius (4² + 2²) / (2 · 2) = 5, half angle asin(4/5)
        ("circle", 2, 25 * np.arcsin(0.8) - 4 * 3),
    ],
)
def test_a_notch_takes_its_area_out_of_a_half_plane(form, depth, wanted, direction):
    u = np.array(direction) / np.hypot(*direction)
    half = Box((None, 50 * NM, None), center=(0, -25 * NM)).rotate(float(np.arctan2(u[0], -u[1])))
    notched = half - Notch(form, (0, 0), 8 * NM, depth * NM, direction)
    assert area(half) - area(notched) == close(wanted, rel=0.02)
    inside = u * depth * NM
    assert half.contains(*(0.9 * inside), 0)
    assert not notched.contains(*(0.9 * inside), 0)
    assert notched.contains(*(1.1 * inside), 0)


def test_a_notch_reaches_beyond_its_edge_and_lies_in_its_bounds():
    notch = Notch("circle", (3 * NM, 2 * NM), 6 * NM, 3 * NM)
    assert notch.contains(3 * NM, 4 * NM, 0)
    (x0, y0, _), (x1, y1, _) = notch.bounds
    x, y = np.meshgrid(np.linspace(-10, 15, 126) * NM, np.linspace(-12, 12, 121) * NM)
    held = notch.contains(x, y, 0)
    assert held.any()
    assert ((x[held] >= x0) & (x[held] <= x1) & (y[held] >= y0) & (y[held] <= y1)).all()


def test_the_area_of_a_tapered_track_is_that_of_a_trapezoid():
    track = Trapezoid(30 * NM, (20 * NM, 6 * NM))
    assert area(track) == close(30 * (20 + 6) / 2, rel=0.002)
    assert area(Trapezoid(30 * NM, (20 * NM, 0))) == close(300, rel=0.003)
    assert track.contains(-14.9 * NM, 9.9 * NM, 0)
    assert not track.contains(14.9 * NM, 3.2 * NM, 0)


def edge(rough, x):
    """Height of the upper edge of a rough half plane y < 0 at x, by bisection."""
    low, high = np.full(x.shape, -10 * NM), np.full(x.shape, 10 * NM)
    for _ in range(25):
        middle = (low + high) / 2
        inside = np.diagonal(rough.contains(x[None, :], middle[:, None], 0))
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return (low + high) / 2


def test_the_edge_has_the_standard_deviation_and_the_autocorrelation_it_should():
    """Mean over 60 seeds and 12 edges of 80 correlation lengths; the lengths along the edge are independent samples."""
    sigma, xi, step = 1 * NM, 10 * NM, 2.5 * NM
    x = np.arange(320) * step
    covariance, mean, fourth = np.zeros(12), [], []
    for seed in range(60):
        rough = Box((None, 2000 * NM, None), center=(0, -1000 * NM)).roughen(sigma, xi, seed)
        h = rough.displacement(x[None, :], np.zeros((1, 1)))[1].ravel()
        covariance += np.array([(h[: 320 - lag] * h[lag:]).mean() for lag in range(12)]) / 60
        mean.append(h.mean())
        fourth.append((h**4).mean())
    # 80 correlation lengths × 60 seeds: the variance is known to some 2 / sqrt(4800) = 3 %
    wanted = sigma**2 * np.exp(-((np.arange(12) * step / xi) ** 2))
    np.testing.assert_allclose(covariance, wanted, atol=0.07 * sigma**2)
    assert abs(np.mean(mean)) < 0.05 * sigma
    assert np.mean(fourth) / sigma**4 == pytest.approx(3, abs=0.4)


def test_the_edge_of_a_shape_lies_where_the_displacement_puts_it():
    """To first order in the slope, which is 0.1 here."""
    rough = Box((None, 2000 * NM, None), center=(0, -1000 * NM)).roughen(0.5 * NM, 10 * NM, 3)
    x = np.linspace(-100, 100, 40) * NM
    found = edge(rough, x)
    moved = -rough.displacement(x[None, :], np.zeros((1, 1)))[1].ravel()
    assert np.std(found) > 0.3 * NM
    assert np.abs(found - moved).max() < 0.3 * NM
    assert np.sqrt(np.mean((found - moved) ** 2)) < 0.1 * np.std(found) + 0.02 * NM


def test_the_spectrum_of_an_edge():
    """Power per wave number σ² ξ √π exp(-k² ξ²/4), on a periodic mesh, whose wave numbers are its own.

    On average w of the waves of an edge have the same wave number. As their phases are random, the power has the mean w
    and the variance w + w², which says how near the sums over some wave numbers and all seeds come: within 4σ.
    """
    sigma, xi, n, seeds = 1 * NM, 10 * NM, 256, 80
    mesh = Mesh((n, 1, 1), (2 * NM, NM, NM), periodic="x")
    power = np.zeros(n // 2)
    for seed in range(seeds):
        rough = Box((None, 4 * NM, None)).roughen(sigma, xi, seed).fitted(mesh)
        h = rough.displacement(mesh.x[0], np.zeros((1, 1)))[1].ravel()
        power += np.abs(np.fft.rfft(h)[: n // 2]) ** 2 / seeds * (2 * NM) / n
    k = 2 * np.pi * np.fft.rfftfreq(n, 2 * NM)[: n // 2]
    wanted = sigma**2 * xi * np.sqrt(np.pi) * np.exp(-(k**2) * xi**2 / 4)
    waves = MODES * wanted / wanted.sum()
    for part in slice(0, 15), slice(15, 30), slice(30, 40):
        spread = np.sqrt((waves + waves**2)[part].sum() / seeds) / waves[part].sum()
        assert spread < 0.08
        assert power[part].sum() == close(wanted[part].sum(), rel=4 * spread)
    assert power[100:].sum() < 1e-6 * power.sum()


def test_roughness_is_that_of_its_seed_on_every_mesh():
    disc = Cylinder(20 * NM)
    rough = disc.roughen(1 * NM, 5 * NM, 7)
    coarse = Mesh((40, 30, 1), (NM, NM, NM))
    same = rough.contains(coarse.x, coarse.y, coarse.z)
    np.testing.assert_array_equal(same, rough.fill(coarse))
    shuffled = np.random.default_rng(0).permutation(1200)
    x, y = (np.broadcast_to(c, coarse.shape).ravel()[shuffled] for c in (coarse.x, coarse.y))
    np.testing.assert_array_equal(rough.contains(x, y, 0), same.ravel()[shuffled])
    assert (disc.roughen(1 * NM, 5 * NM, 8).fill(coarse) != same).any()
    assert (disc.fill(coarse) != same).any()


def test_on_a_periodic_mesh_the_roughness_is_periodic():
    mesh = Mesh((60, 40, 1), (NM, NM, NM), periodic="x")
    rough = Box((None, 20 * NM, None)).roughen(1.5 * NM, 6 * NM, 1).fitted(mesh)
    here = np.array(rough.displacement(mesh.x, mesh.y)) / NM
    np.testing.assert_allclose(rough.displacement(mesh.x + 60 * NM, mesh.y) / np.array(NM), here, atol=1e-6)
    assert not np.allclose(np.array(rough.displacement(mesh.x, mesh.y + 40 * NM)) / NM, here, atol=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Trapezoid(0, (1, 1)), "length = 0"),
        (lambda: Trapezoid(1, (0, 0)), "above 0 m for one"),
        (lambda: Trapezoid(1, (-1, 1)), "at least 0 m"),
        (lambda: Notch("star", (0, 0), 1, 1), "'triangle', 'rectangle', 'circle'"),
        (lambda: Notch("circle", (0, 0), 2, 1.5), "at most half the width"),
        (lambda: Notch("triangle", (0, 0), 2, -1), "depth = -1"),
        (lambda: Notch("triangle", (0, 0), 2, 1, (0, 0)), "non-zero length"),
        (lambda: Rough(Cylinder(1), 0, 1, 1), "sigma = 0"),
        (lambda: Rough(Cylinder(1), 1, 1.5, 1), "at least 2 sigma"),
        (lambda: Rough(Cylinder(1), 1, 5, -1), "seed = -1"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
