import subprocess
import sys

import pytest

from fdmag.allocator import keep_freed_memory

PROGRAM = """
import resource, sys
import numpy as np
from fdmag.allocator import keep_freed_memory
if "keep" in sys.argv and not keep_freed_memory():
    sys.exit(9)
for _ in range(200):
    np.ones(2**18) + np.ones(2**18)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def page_faults(*arguments):
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 else None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only the GNU C library is told")
def test_freed_arrays_are_not_given_back_to_the_system():
    """600 arrays of 2 MB: each would cost 512 page faults."""
    kept, returned = page_faults("keep"), page_faults()
    if kept is None:
        pytest.skip("another C library")
    assert kept < returned / 3


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
