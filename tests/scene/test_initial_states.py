"""Initial states of a scene: every kind is the one of Python; files of other meshes are resampled on request."""

from typing import get_args

import numpy as np
import pytest

from fdmag import initial
from fdmag.mesh import Mesh
from fdmag.output.ovf import write_ovf
from fdmag.output.vtk import write_vti
from fdmag.resample import resample_m, stretched
from fdmag.scene import state_tables

MESH = Mesh((10, 10, 1), (5e-9, 5e-9, 3e-9))
CASES = {
    "vortex": ('center = ["5 nm", 0]', lambda: initial.vortex(MESH, (5e-9, 0))),
    "antivortex": (
        'angle = "90 deg"\npolarity = -1\ncenter = [0, "1 nm"]\ncore_radius = "7 nm"',
        lambda: initial.antivortex(MESH, (0, 1e-9), np.pi / 2, -1, 7e-9),
    ),
    "skyrmion": (
        'radius = "12 nm"\nwidth = "4 nm"\nstyle = "bloch"\ncenter = ["1 nm", "2 nm"]\npolarity = -1\nchirality = -1\n'
        "charge = 2",
        lambda: initial.skyrmion(MESH, 12e-9, 4e-9, "bloch", (1e-9, 2e-9), -1, -1, 2),
    ),
    "helix": (
        'period = "25 nm"\ndirection = [0, 1, 0]\nstyle = "neel"\nnormal = [1, 0, 1]\nchirality = -1\nphase = "30 deg"',
        lambda: initial.helix(MESH, 25e-9, (0, 1, 0), "neel", (1, 0, 1), -1, np.pi / 6),
    ),
    "wall": ('position = "2 nm"', lambda: initial.wall(MESH, position=2e-9)),
    "walls": (
        'positions = ["-12 nm", "10 nm"]\naxis = "y"\nwidth = "3 nm"\nstyle = "neel"\nnormal = [0, 0, -1]\n'
        "chirality = [1, -1]",
        lambda: initial.walls(MESH, [-12e-9, 10e-9], "y", 3e-9, "neel", (0, 0, -1), [1, -1]),
    ),
}
OTHERS = {"uniform", "random", "expression", "file"}


@pytest.mark.parametrize("kind", CASES)
def test_a_texture_is_the_one_of_python(scenes, kind):
    text, build = CASES[kind]
    simulation = scenes.load(add=f'[initial]\nkind = "{kind}"\n{text}\n').simulation
    np.testing.assert_allclose(simulation.m, build(), rtol=0, atol=1e-14)


def test_every_texture_is_tested():
    kinds = {table.model_fields["kind"].default for table in get_args(get_args(state_tables.InitialTable)[0])}
    assert kinds == OTHERS | set(CASES)


@pytest.mark.parametrize("suffix", ["ovf", "vti", "npy"])
def test_a_file_of_another_mesh_is_resampled(scenes, suffix):
    source = Mesh((20, 30, 1), (2.5e-9, 2e-9, 3e-9), origin=(-20e-9, -30e-9, -1.5e-9))
    m = initial.vortex(source)[0]
    path = scenes.folder / f"m.{suffix}"
    if suffix == "npy":
        np.save(path, m)
    elif suffix == "ovf":
        write_ovf(path, source, m)
    else:
        write_vti(path, source, {"m": m})
    for way, mesh in (("place", source), ("stretch", stretched(source.shape, MESH))):
        entry = f'[initial]\nkind = "file"\nfile = "m.{suffix}"\nresample = "{way}"\n'
        if way == "place" and suffix == "npy":
            assert 'use resample = "stretch"' in scenes.errors(add=entry)
            continue
        found = scenes.load(add=entry).simulation.m[0]
        np.testing.assert_allclose(found, resample_m(m, mesh, MESH), rtol=0, atol=1e-12)
    assert 'add resample = "place"' in scenes.errors(add=f'[initial]\nkind = "file"\nfile = "m.{suffix}"\n')


@pytest.mark.parametrize("suffix", ["ovf", "vti"])
def test_a_file_of_the_same_mesh_comes_back_exactly(scenes, suffix):
    m = initial.skyrmion(MESH, 12e-9)[0]
    if suffix == "ovf":
        write_ovf(scenes.folder / "m.ovf", MESH, m)
    else:
        write_vti(scenes.folder / "m.vti", MESH, {"m": m})
    for way in ("", 'resample = "place"\n', 'resample = "stretch"\n'):
        simulation = scenes.load(add=f'[initial]\nkind = "file"\nfile = "m.{suffix}"\n{way}').simulation
        np.testing.assert_allclose(simulation.m[0], m, rtol=0, atol=1e-9 if way else 1e-15)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('kind = "skyrmion"\nradius = 0', "allowed: above 0 m"),
        ('kind = "skyrmion"\nradius = "5 nm"\ncharge = 0', "but not 0"),
        ('kind = "walls"\npositions = []', "positions"),
        ('kind = "walls"\npositions = [0]\nchirality = [1, 1]', "for all walls or for each"),
        ('kind = "helix"\nperiod = "5 nm"\nnormal = [1, 0, 0]', "give two that differ"),
    ],
)
def test_what_cannot_be_is_refused(scenes, entry, message):
    assert message in scenes.errors(add=f"[initial]\n{entry}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "wall"\naxis = "q"', "x"),
        ('kind = "wall"\nwidth = 0', "above 0"),
        ('kind = "wall"\ninside = [0, 0, 2]', "cancel each other"),
        ('kind = "wall"\nbefore = [0, 0, 0]', "zero length"),
        ('kind = "walls"\npositions = [0]\nchirality = 2', "allowed: 1, -1"),
        ('kind = "walls"\npositions = []', "at least 1"),
        ('kind = "vortex"\ncirculation = 2', "allowed: 1, -1"),
        ('kind = "vortex"\npolarity = 0', "allowed: 1, -1"),
        ('kind = "vortex"\ncore_radius = 0', "above 0"),
        ('kind = "antivortex"\npolarity = 0.5', "allowed: 1, -1"),
        ('kind = "skyrmion"\nradius = 0', "above 0"),
        ('kind = "skyrmion"\nradius = "5 nm"\ncharge = 0', "but not 0"),
        ('kind = "skyrmion"\nradius = "5 nm"\nstyle = "nel"', "neel"),
        ('kind = "helix"\nperiod = "5 nm"\nnormal = [1, 0, 0]', "are parallel"),
        ('kind = "random"\nseed = -1', "from 0"),
    ],
)
def test_textures_that_cannot_be_are_refused(scenes, text, message):
    said = scenes.errors(add=f"[initial]\n{text}\n")
    assert "[initial]" in said
    assert message in said


@pytest.mark.parametrize("suffix", ["ovf", "vti"])
def test_as_many_cells_of_another_size_are_refused_but_for_stretching(scenes, suffix):
    source = Mesh(MESH.cells, (7e-9, 5e-9, 3e-9))
    m = initial.vortex(MESH)[0]
    if suffix == "ovf":
        write_ovf(scenes.folder / "m.ovf", source, m)
    else:
        write_vti(scenes.folder / "m.vti", source, {"m": m})
    entry = f'[initial]\nkind = "file"\nfile = "m.{suffix}"\n'
    assert "holds cells of 7 × 5 × 3 nm; this mesh has 5 × 5 × 3 nm; to interpolate" in scenes.errors(add=entry)
    stretched_over = scenes.load(add=entry + 'resample = "stretch"\n').simulation.m[0]
    np.testing.assert_allclose(stretched_over, m, rtol=0, atol=1e-12)


def test_a_file_counted_from_another_origin_is_not_put_beside_itself(scenes):
    """Files of mumax3 begin at 0, meshes here are centred: by place three quarters would be its border, repeated."""
    source = Mesh((20, 20, 1), (2.5e-9, 2.5e-9, 3e-9), origin=(0, 0, 0))
    write_ovf(scenes.folder / "m.ovf", source, initial.vortex(source, (25e-9, 25e-9))[0])
    entry = '[initial]\nkind = "file"\nfile = "m.ovf"\nresample = "{}"\n'
    said = scenes.errors(add=entry.format("place"))
    assert "m.ovf ends at 0 and 50 nm along x, this mesh at -25 and 25 nm; give [mesh] origin, or use resample" in said
    scenes.load(("[mesh]", "[mesh]\norigin = [0, 0, 0]"), add=entry.format("place"))
    scenes.load(add=entry.format("stretch"))
