import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from tests.closeness import close


def test_cell_centres_are_centred_on_the_origin_unless_it_is_given():
    mesh = Mesh((4, 3, 2), (1e-9, 2e-9, 3e-9))
    np.testing.assert_allclose(mesh.x.ravel(), [-1.5e-9, -0.5e-9, 0.5e-9, 1.5e-9])
    np.testing.assert_allclose(mesh.y.ravel(), [-2e-9, 0, 2e-9], atol=1e-24)
    assert (mesh.x.shape, mesh.y.shape, mesh.z.shape) == ((1, 1, 4), (1, 3, 1), (2, 1, 1))
    shifted = Mesh((4, 3, 2), (1e-9, 2e-9, 3e-9), origin=(0, 0, 0))
    np.testing.assert_allclose(shifted.z.ravel(), [1.5e-9, 4.5e-9])


def test_derived_sizes():
    mesh = Mesh((4, 3, 2), (1e-9, 2e-9, 3e-9))
    assert mesh.shape == (2, 3, 4)
    assert mesh.n_cells == 24
    assert mesh.cell_volume == close(6e-27)
    assert mesh.size == close((4e-9, 6e-9, 6e-9))


def test_periodic_axes_by_letters_or_flags():
    assert Mesh((1, 1, 1), (1, 1, 1), "zx").periodic == (True, False, True)
    assert Mesh((1, 1, 1), (1, 1, 1), (False, True, False)).periodic == (False, True, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0, 1, 1), (1, 1, 1)), "at least 1"),
        (((float("inf"), 1, 1), (1, 1, 1)), "at least 1"),
        (((1, 1, 1), "2 nm"), "cell_size has 1"),
        (((1.5, 1, 1), (1, 1, 1)), "integers"),
        (((True, 1, 1), (1, 1, 1)), "integers"),
        (((1, 1), (1, 1, 1)), "cells has 2"),
        (((1, 1, 1), (1, 1)), "cell_size has 2"),
        (((1, 1, 1), (0, 1, 1)), "above 0 m"),
        (((1, 1, 1), (float("nan"), 1, 1)), "above 0 m"),
        (((1, 1, 1), (1, 1, 1), "xw"), r"unknown axes \['w'\]"),
        (((1, 1, 1), (1, 1, 1), "", (0, 0)), "origin has 2"),
    ],
)
def test_impossible_meshes_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Mesh(*arguments)
