import os
import subprocess
import sys

import numpy as np
import pytest

from fdmag import Mesh, Simulation
from fdmag.allocator import address, aligned_like, keep_freed_memory

PROGRAM = """
import resource, sys
import numpy as np
from fdmag.allocator import keep_freed_memory
if "keep" in sys.argv and not keep_freed_memory():
    sys.exit(9)
size, count = map(int, sys.argv[1:3])
for _ in range(count):
    np.ones(size) + np.ones(size)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def page_faults(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False,
        env=os.environ | {"NUMPY_MADVISE_HUGEPAGE": "0"},
    )  # fmt: skip
    return int(done.stdout) if done.returncode == 0 else None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only the GNU C library is told")
@pytest.mark.parametrize(("size", "count"), [(2**18, 200), (5 * 2**20, 10)])
def test_freed_arrays_are_not_given_back_to_the_system(size, count):
    """Arrays of 2 MB and 40 MB, three in each round: each would cost 512 page faults, or 10240."""
    kept, returned = page_faults(size, count, "keep"), page_faults(size, count)
    if kept is None:
        pytest.skip("another C library")
    assert kept < returned / 3


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 3), (1, 3, 1, 64, 64), (3, 3, 5, 37, 41)])
def test_large_arrays_begin_at_a_cache_line(shape, dtype):
    arrays, places = zip(*(aligned_like(np.empty(shape, dtype)) for _ in range(5)), strict=True)
    assert [array.ctypes.data for array in arrays] == list(places)
    for number, array in enumerate(arrays):
        array[...] = number
        assert (array.shape, array.dtype, array.flags.c_contiguous) == (shape, dtype, True)
        assert address(array) == array.ctypes.data
        assert array.nbytes < 2**15 or address(array) % 64 == 0
    assert all((array == number).all() for number, array in enumerate(arrays))


def test_the_address_of_what_is_not_in_one_piece_is_refused():
    array = np.zeros((4, 6))
    with pytest.raises(TypeError, match="contiguous"):
        address(array[:, ::2])
    array.flags.writeable = False
    assert address(array) == array.ctypes.data


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_so_does_the_magnetisation(dtype):
    magnet = Simulation(Mesh((64, 64, 1), (1e-9, 1e-9, 1e-9)), [], Ms=1e6, alpha=0.1, m=(1, 2, 2), dtype=dtype)
    assert magnet.state.m.ctypes.data % 64 == 0
    np.testing.assert_allclose(magnet.m[0, :, 0, 9, 60], [1 / 3, 2 / 3, 2 / 3], rtol=1e-6)
