"""Fields carried from one mesh to another."""

import numpy as np
import pytest

from fdmag import initial
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.resample import resample, resample_m, stretched

NM = 1e-9
COARSE = Mesh((6, 5, 3), (3 * NM, 2 * NM, 4 * NM))


@pytest.mark.parametrize("cells", [(18, 10, 3), (7, 4, 5), (1, 1, 1), (6, 5, 3)])
def test_linear_fields_are_exact(cells):
    def linear(mesh):
        return np.stack([
            1 + mesh.x / NM - 2 * mesh.y / NM + 3 * mesh.z / NM,
            (mesh.x / NM) * (mesh.y / NM) + 0 * mesh.z,  # trilinear, so exact as well
        ])  # fmt: skip

    fine = stretched(cells[::-1], COARSE)
    np.testing.assert_allclose(resample(linear(COARSE), COARSE, fine), linear(fine), rtol=0, atol=1e-12)


def test_the_error_of_a_smooth_field_falls_with_the_square_of_the_cell():
    target = Mesh((31, 1, 1), (NM, NM, NM))

    def wave(mesh):
        return np.sin(2 * np.pi * mesh.x / (31 * NM))[None]

    errors = []
    for n in (16, 32, 64):
        source = stretched((1, 1, n), target)
        errors.append(np.abs(resample(wave(source), source, target) - wave(target)).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (orders > 1.7).all()


def test_periodic_axes_are_interpolated_around():
    target = Mesh((64, 1, 1), (NM, NM, NM), periodic="x")
    source = Mesh((16, 1, 1), (4 * NM, NM, NM))

    def wave(mesh, shift=0.0):
        return np.cos(2 * np.pi * (mesh.x / (64 * NM) - shift))[None]

    found = resample(wave(source), source, target)
    assert np.abs(found - wave(target)).max() < 0.025
    # as the field moves by one source cell, so does what comes out, over the border too
    np.testing.assert_allclose(
        resample(wave(source, 1 / 16), source, target), np.roll(found, 4, axis=-1), rtol=0, atol=1e-12
    )


def test_beyond_the_source_the_border_is_kept():
    wide = Mesh((12, 1, 1), (3 * NM, 2 * NM, 4 * NM))
    found = resample(np.broadcast_to(COARSE.x / NM, COARSE.shape)[None].copy(), COARSE, wide)[0, 0, 0]
    np.testing.assert_allclose(found, np.clip(wide.x.ravel() / NM, -9, 9))


def test_m_stays_of_unit_length_and_fills_empty_cells_from_the_nearest():
    source = Mesh((40, 40, 1), (2 * NM, 2 * NM, NM))
    target = Mesh((80, 80, 1), (NM, NM, NM))
    m = initial.skyrmion(source, 15 * NM, 6 * NM)[0]
    found = resample_m(m, source, target)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), 1)
    wanted = initial.skyrmion(target, 15 * NM, 6 * NM)[0]
    assert np.abs(found - wanted).max() < 0.04
    disc = np.hypot(source.x, source.y) < 30 * NM
    found = resample_m(np.where(disc, m, 0), source, target)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), 1)
    assert np.abs(found - wanted)[:, np.broadcast_to(np.hypot(target.x, target.y) < 30 * NM, target.shape)].max() < 0.1


def test_between_opposite_vectors_one_is_taken():
    source, target = Mesh((2, 1, 1), (2 * NM, NM, NM)), Mesh((1, 1, 1), (4 * NM, NM, NM))
    m = np.zeros((3, 1, 1, 2))
    m[2] = 1, -1
    assert abs(resample_m(m, source, target)[2, 0, 0, 0]) == 1


def test_refusals():
    with pytest.raises(ParameterError, match=r"allowed: \(ncomp"):
        resample(np.zeros((3, 2, 2, 2)), COARSE, COARSE)
    with pytest.raises(ParameterError, match="zero in every cell"):
        resample_m(np.zeros((3, *COARSE.shape)), COARSE, COARSE)
