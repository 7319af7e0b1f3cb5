"""Barriers found again on cells half as large, against a bar whose error in the size of the cells is known."""

import numpy as np
import pytest

from fdmag.analytic.domain_wall import bar_reversal_barrier
from fdmag.barriers import WallSweep, cells, find_again, find_barrier, halve_cells, halved
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, UniaxialAnisotropy
from tests.closeness import close

A, KU, MS = 16e-12, 1e6, 1.1e6
WIDTH = 4e-9  # sqrt(A/Ku)
LENGTH = 6  # in widths
EXACT = float(bar_reversal_barrier(A, KU, LENGTH * WIDTH)) * WIDTH**2
COARSE = Mesh((LENGTH * 3, 1, 1), (WIDTH / 3, WIDTH, WIDTH))


def bar(mesh):
    return Simulation(mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=KU)], Ms=MS)


@pytest.fixture
def coarse():
    return find_barrier(bar(COARSE), path=WallSweep(width=WIDTH), images=15)


def test_the_error_of_the_second_order_is_extrapolated_away(coarse):
    """Cells of h = Δ/3 have an error of (h/Δ)²/24 in a wall's energy, halved cells a quarter of it.

    Of what is extrapolated the next order is left, (h/Δ)⁴ times a small number: here less than a fiftieth of the error.
    """
    found = halve_cells(coarse, bar(halved(COARSE)), order=2)
    error = found.coarse.forward - EXACT
    assert abs(error) / EXACT == close(1 / 9 / 24, rel=0.15)
    assert (found.fine.forward - EXACT) / error == close(1 / 4, rel=0.05)
    assert abs(found.extrapolated - EXACT) < abs(error) / 50
    # the difference is three quarters of the coarse error: a bound of the finer one
    assert found.uncertainty == close(0.75 * abs(error), rel=0.05)
    assert abs(found.fine.forward - EXACT) < found.uncertainty


def test_the_path_on_the_coarse_cells_saves_most_of_the_work(coarse):
    fine = bar(halved(COARSE))
    anew = find_barrier(fine, path=WallSweep(width=WIDTH), images=15)
    found = halve_cells(coarse, fine)
    assert found.fine.forward == close(anew.forward, rel=1e-6)
    assert found.fine.images == 5
    assert found.fine.evaluations < 0.6 * anew.evaluations  # a wall swept through a bar is as good a beginning


def test_without_an_order_nothing_is_extrapolated(coarse):
    found = halve_cells(coarse, bar(halved(COARSE)))
    assert np.isnan(found.extrapolated)
    assert found.uncertainty > 0


def test_another_mesh_is_refused(coarse):
    with pytest.raises(ParameterError, match=r"needed: \(36, 2, 1\) of"):
        halve_cells(coarse, bar(Mesh((24, 1, 1), (WIDTH / 4, WIDTH, WIDTH))))
    assert find_again(coarse, bar(Mesh((24, 1, 1), (WIDTH / 4, WIDTH, WIDTH)))).images == 15


def test_the_picture_has_both_paths_and_the_uncertainty(coarse):
    axes = halve_cells(coarse, bar(halved(COARSE)), order=2).plot()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "cells twice as large" in labels
    assert any(label.startswith("± ") for label in labels)
    assert any(label.startswith("extrapolated") for label in labels)


def test_where_few_images_do_not_settle_all_are_taken(coarse, monkeypatch):
    monkeypatch.setattr(cells, "FEW_STEPS", 2)
    assert halve_cells(coarse, bar(halved(COARSE))).fine.images == 15
