"""Error classes: each message says where, what came, what is allowed, what to write instead."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Self


class FdmagError(Exception):
    """Base of every error fdmag raises on purpose."""


class ParameterError(FdmagError, ValueError):
    """A value has the wrong shape, sign, unit or name."""


class SolverError(FdmagError, RuntimeError):
    """A solver cannot reach what was asked (step size underflow, no energy to minimise).

    ``failures`` are the replicas that are known to fail, with what each would say if it were alone; a batch goes on
    without them.
    """

    def __init__(self, message: str, failures: Mapping[int, str] | None = None) -> None:
        super().__init__(message)
        self.failures = dict(failures or {})

    @classmethod
    def of_replicas(cls, failures: Mapping[int, str]) -> Self:
        """Return the error of some replicas; the message is that of the first."""
        first = next(iter(failures))
        return cls(f"replica {first} {failures[first]}", failures)


class CompilerError(FdmagError, RuntimeError):
    """The host's compiler refused a kernel, or what it made cannot be loaded."""


class FileFormatError(FdmagError, ValueError):
    """A data file is damaged or of a kind that cannot be read."""


class ExpressionError(FdmagError, ValueError):
    """An expression is outside the small language that scenes may use."""


class OutputError(FdmagError, OSError):
    """A run directory cannot be written or would be overwritten."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return ``'; did you mean "x"?'`` for the nearest allowed name, or an empty string.

    >>> did_you_mean("exchnge", ["exchange", "demag"])
    '; did you mean "exchange"?'
    >>> did_you_mean("zzz", ["exchange"])
    ''
    """
    allowed = list(allowed)
    near = get_close_matches(name, allowed, n=1, cutoff=0.6)
    if not near:
        lowered = {candidate.lower(): candidate for candidate in allowed}
        near = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)]
    return f'; did you mean "{near[0]}"?' if near else ""
