"""How many processors this process may use."""

import math
import os
from functools import cache
from pathlib import Path


def processors() -> int:
    """Return how many processors this process may keep busy: those it may run on, or what its group has time for."""
    allowed, limit = processors_allowed(), _own_limit()
    return allowed if limit is None else min(allowed, max(1, math.ceil(limit)))


@cache
def _own_limit() -> float | None:
    return cgroup_limit()


def processors_allowed() -> int:
    """Return on how many processors this process may run, which a batch queue may have made fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cgroup_limit(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return how many processors' time the control group may use, None without a limit.

    The smallest limit on the way from the root of the groups to that of this process counts.
    """
    try:
        entries = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    limits = []
    for number, controllers, path in (entry for entry in entries if len(entry) == 3):
        if number == "0":
            base, read = root, _limit_of_version_2
        elif "cpu" in controllers.split(","):
            base, read = root / "cpu", _limit_of_version_1
        else:
            continue
        parts = Path(path.lstrip("/")).parts
        limits += [read(base.joinpath(*parts[:depth])) for depth in range(len(parts) + 1)]
    return min((limit for limit in limits if limit is not None), default=None)


def _limit_of_version_2(group: Path) -> float | None:
    try:
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _limit_of_version_1(group: Path) -> float | None:
    try:
        quota, period = (
            int((group / f"cpu.cfs_{name}_us").read_text(encoding="ascii")) for name in ("quota", "period")
        )
        return quota / period if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
