"""Terms of a user's own that need to know of all cells: sums that the compiled kernel makes before it visits any."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from fdmag.errors import CompilerError
from fdmag.parameter import Parameter, PerReplica, derived, parameter
from fdmag.terms import Exchange, Term
from tests.test_kernels import MESH, assert_all_close, both, needs_compiler, random_m

pytestmark = needs_compiler
HEADER = """
struct Together : Parameters {
    FD_HD real share(int which, const Site& site, const Magnet& magnet) const {
        return which == 0 ? magnet.Ms[site.i] : magnet.Ms[site.i] * magnet.m(site.i).z;
    }
    FD_HD double total(const double* sums) const { return sums[1] / sums[0]; }
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const { return {0, 0, B[site.i] * mean[site.i]}; }
};
"""


@dataclass
class Together(Term):
    """A field along z by the mean moment along z: the energy is −M V B ⟨m_z⟩²/2."""

    name = "together"
    degree = 2
    kernel = "set by the test"
    B: Any = parameter("T", "field of a magnet that is saturated along z")
    mean: Parameter = derived("1", "mean of m_z by the moment", sums=2)

    def complete(self, mesh, regions, Ms):
        self.derive(mesh, regions, mean=np.zeros((1, 1, 1, 1, 1)))

    def field(self, m, context):
        Ms = np.broadcast_to(context.Ms[:, 0], (len(m), *m.shape[2:])).astype(np.float64)
        mean = np.array([np.sum(M * mz) / np.sum(M) for M, mz in zip(Ms, m[:, 2], strict=True)])
        along_z = np.array([0, 0, 1]).reshape(1, 3, 1, 1, 1)
        return (context.value(self.B) * mean[:, None, None, None, None] * along_z).astype(m.dtype)


@pytest.fixture
def header(tmp_path, monkeypatch):
    path = tmp_path / "together.h"
    monkeypatch.setattr(Together, "kernel", str(path))
    path.write_text(HEADER, encoding="utf-8")
    return path


def test_the_sums_are_those_of_the_reference(header):
    """Beside other terms, twice in one magnet, in some of the replicas, in a magnet with holes."""
    rng = np.random.default_rng(0)
    Ms = 8e5 * rng.uniform(0.5, 1.5, MESH.shape) * (rng.uniform(size=MESH.shape) > 0.3)
    terms = [Together(B=0.2), Exchange(A=1e-11), Together(B=PerReplica([0.1, -0.3, 0.2]))]
    numpy, host = both(terms, Ms=Ms)
    m = random_m(rng) * (Ms > 0)
    assert_all_close(numpy, host, m, "float64")
    chosen = np.array([2, 0])
    assert_all_close(numpy, host, m[chosen], "float64", np.zeros(2), chosen)
    host.field(np.concatenate([m] * 5), host.context(np.zeros(15), np.tile(np.arange(3), 5)))  # more rows than before
    assert_all_close(numpy, host, m, "float64")


def test_a_header_that_does_not_say_what_the_sum_makes_is_told_so(header):
    header.write_text(HEADER.replace("total(", "summary("), encoding="utf-8")
    _, host = both([Together(B=0.2)])
    with pytest.raises(CompilerError, match="needed here is struct Together : Parameters with field, share and total"):
        host.slope(random_m(np.random.default_rng(0)), np.zeros(3), None)
