"""The cache of spectra: hits, damage, killed writers, concurrent processes, limits, unusable directories."""

import logging
import multiprocessing
import os
import time

import numpy as np
import pytest

import fdmag.demag.spectrum as spectrum_module
from fdmag.demag import DemagConvolution, SpectrumCache, default_cache, demag_spectrum
from fdmag.mesh import Mesh

MESH = Mesh((60, 50, 2), (1e-9, 1.1e-9, 2e-9))


@pytest.fixture
def cache(tmp_path):
    return SpectrumCache(tmp_path / "cache")


@pytest.fixture
def computed(monkeypatch):
    """List that grows by one mesh with each spectrum that is computed."""
    meshes = []
    compute = spectrum_module.demag_tensor
    monkeypatch.setattr(spectrum_module, "demag_tensor", lambda mesh: (meshes.append(mesh), compute(mesh))[1])
    return meshes


def entries(cache):
    return sorted(cache.directory.iterdir())


def test_the_second_time_nothing_is_computed(cache, computed):
    first = demag_spectrum(MESH, cache)
    again = demag_spectrum(MESH, SpectrumCache(cache.directory))
    assert len(computed) == 1
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    "other",
    [
        Mesh((61, 50, 2), MESH.cell_size),
        Mesh((50, 60, 2), MESH.cell_size),
        Mesh(MESH.cells, (1e-9, np.nextafter(1.1e-9, 1), 2e-9)),
        Mesh(MESH.cells, MESH.cell_size, "x"),
    ],
)
def test_the_key_holds_everything_that_matters(cache, computed, other):
    demag_spectrum(MESH, cache)
    demag_spectrum(other, cache)
    assert len(computed) == 2
    assert len(entries(cache)) == 2


def test_the_key_tells_a_periodic_axis_of_one_cell_from_an_open_one(cache, computed):
    for periodic in ("", "z"):  # transformed with the same lengths
        demag_spectrum(Mesh((60, 50, 1), MESH.cell_size, periodic), cache)
    assert len(computed) == 2


def test_the_origin_does_not_matter(cache, computed):
    demag_spectrum(MESH, cache)
    demag_spectrum(Mesh(MESH.cells, MESH.cell_size, origin=(0.0, 1.0, 2.0)), cache)
    assert len(computed) == 1


def test_small_spectra_of_open_meshes_are_not_kept(cache):
    demag_spectrum(Mesh((4, 4, 1), MESH.cell_size), cache)
    assert not cache.directory.exists()
    demag_spectrum(Mesh((4, 4, 1), MESH.cell_size, "x"), cache)
    assert len(entries(cache)) == 1


def damage_bit(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [damage_bit, lambda c: c[:-8], lambda c: c + b"x", lambda c: b"", lambda c: b"other" + c[5:]]
)
def test_a_damaged_file_is_replaced(cache, computed, caplog, damage):
    want = demag_spectrum(MESH, cache)
    (path,) = entries(cache)
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING, "fdmag"):
        np.testing.assert_array_equal(demag_spectrum(MESH, cache), want)
    assert "damaged" in caplog.text
    assert len(computed) == 2
    demag_spectrum(MESH, cache)
    assert len(computed) == 2


def test_what_killed_writers_left_is_removed_when_it_is_old(cache):
    cache.store("first", np.zeros(4))
    fresh, stale = (cache.directory / f"{name}.unfinished" for name in ("fresh", "stale"))
    for path in (fresh, stale):
        path.write_bytes(b"half a spectr")
    two_hours_ago = time.time() - 7200
    os.utime(stale, (two_hours_ago, two_hours_ago))
    cache.store("second", np.zeros(4))
    assert fresh.exists()
    assert not stale.exists()


def test_an_unfinished_file_is_never_read(cache, monkeypatch):
    def killed(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        cache.store("key", np.zeros(4))
    assert len(entries(cache)) == 1
    assert cache.load("key", (4,)) is None


def test_the_least_recently_used_make_room(tmp_path):
    array = np.arange(1000.0)
    cache = SpectrumCache(tmp_path, max_bytes=3 * 8200)
    for age, key in ((30, "a"), (20, "b"), (10, "c")):
        cache.store(key, array)
        then = time.time() - age
        os.utime(cache.directory / f"{key}.spectrum", (then, then))
    assert cache.load("a", (1000,)) is not None  # used now, so b is the oldest
    cache.store("d", array)
    assert [key for key in "abcd" if cache.load(key, (1000,)) is not None] == ["a", "c", "d"]
    assert sum(path.stat().st_size for path in entries(cache)) <= cache.max_bytes


def test_an_array_beyond_the_limit_is_not_stored(tmp_path):
    cache = SpectrumCache(tmp_path, max_bytes=1000)
    cache.store("small", np.zeros(10))
    cache.store("large", np.zeros(1000))
    assert cache.load("small", (10,)) is not None
    assert cache.load("large", (1000,)) is None


def test_an_unusable_directory_costs_one_notice_and_no_failure(tmp_path, caplog, computed):
    file = tmp_path / "file"
    file.write_text("not a directory")
    cache = SpectrumCache(file / "cache")
    with caplog.at_level(logging.WARNING, "fdmag"):
        first = demag_spectrum(MESH, cache)
        np.testing.assert_array_equal(demag_spectrum(MESH, cache), first)
    assert len(computed) == 2
    assert len(caplog.records) == 1
    assert "cannot be used" in caplog.text


def test_a_full_disk_leaves_nothing_behind(cache, monkeypatch, caplog):
    cache.store("before", np.zeros(4))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with caplog.at_level(logging.WARNING, "fdmag"):
        cache.store("key", np.zeros(4))
    assert "No space left" in caplog.text
    assert [path.name for path in entries(cache)] == ["before.spectrum"]


def _write_and_read(directory, barrier, results):
    cache = SpectrumCache(directory)
    meshes = [MESH, Mesh((40, 40, 3), (1e-9, 1e-9, 1e-9))]
    barrier.wait()
    whole = True
    for _ in range(5):
        for mesh in meshes:
            found = demag_spectrum(mesh, cache)
            whole = whole and bool(np.array_equal(found, demag_spectrum(mesh, None)))
        for path in cache.directory.glob("*.spectrum"):
            path.unlink(missing_ok=True)
    results.put(whole)


def test_two_processes_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=_write_and_read, args=(tmp_path, barrier, results)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [results.get(timeout=60) for _ in processes] == [True, True]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert not list(tmp_path.glob("*.unfinished"))


def test_the_environment_chooses_the_directory(monkeypatch, tmp_path):
    monkeypatch.undo()  # of the fixture for all tests of this folder
    monkeypatch.delenv("FDMAG_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache().directory == tmp_path / "xdg" / "fdmag"
    monkeypatch.setenv("FDMAG_CACHE", str(tmp_path / "own"))
    assert default_cache().directory == tmp_path / "own"
    DemagConvolution(MESH)
    assert len(list((tmp_path / "own").iterdir())) == 1
    for off in ("off", "OFF", "0", "none"):
        monkeypatch.setenv("FDMAG_CACHE", off)
        assert default_cache() is None
