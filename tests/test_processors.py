"""How many processors there are for this process: where it may run, and what its control group has time for."""

import pytest

from fdmag import processors
from fdmag.kernels.runtime import threads_wanted
from fdmag.processors import cgroup_limit


def test_the_limit_of_a_control_group(tmp_path):
    own = tmp_path / "own"
    own.write_text("0::/user/job\n")
    (tmp_path / "user" / "job").mkdir(parents=True)
    (tmp_path / "user" / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "user" / "job" / "cpu.max").write_text("max 100000\n")
    assert cgroup_limit(tmp_path, own) == 1.5
    (tmp_path / "user" / "job" / "cpu.max").write_text("50000 100000\n")
    assert cgroup_limit(tmp_path, own) == 0.5
    own.write_text("3:cpuset:/\n2:cpu,cpuacct:/job\n")
    assert cgroup_limit(tmp_path, own) is None
    (tmp_path / "cpu" / "job").mkdir(parents=True)
    for name, value in (("quota", "400000"), ("period", "100000")):
        (tmp_path / "cpu" / "job" / f"cpu.cfs_{name}_us").write_text(value)
    assert cgroup_limit(tmp_path, own) == 4
    (tmp_path / "cpu" / "job" / "cpu.cfs_quota_us").write_text("-1")
    assert cgroup_limit(tmp_path, own) is None


@pytest.mark.parametrize(("limit", "used"), [(None, 64), (2.0, 2), (1.5, 2), (0.25, 1), (100.0, 64)])
def test_no_more_threads_than_the_group_has_time_for(monkeypatch, limit, used):
    monkeypatch.delenv("FDMAG_THREADS", raising=False)
    monkeypatch.setattr(processors, "processors_allowed", lambda: 64)
    monkeypatch.setattr(processors, "_own_limit", lambda: limit)
    assert processors.processors() == threads_wanted() == used
    monkeypatch.setenv("FDMAG_THREADS", "5")
    assert threads_wanted() == 5
