"""What a device in a simulation is: columns of the result table, what it does with the simulation, what it found."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from fdmag.devices.compact_model import CompactModel
from fdmag.devices.result import Result
from fdmag.devices.result_model import model_of
from fdmag.quantities import Column

__all__ = ["Device", "Told"]

Told = Callable[[int, int], None]
"""Called after each step of an operation with how many are done, and how many there are."""


class Device(ABC):
    """A device that a simulation is part of.

    Attributes
    ----------
    operates : bool
        Whether it drives the simulation by itself, pulse by pulse; others are only read.
    """

    operates = False

    @abstractmethod
    def columns(self) -> list[Column]:
        """Return the columns it adds to the result table, without its name."""

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Drive the simulation; ``options`` are those of `fdmag.Simulation.run`: solver, tolerance, dt, dt_max."""
        raise NotImplementedError(f"{type(self).__name__} is only read")

    @abstractmethod
    def result(self) -> Result:
        """Return its figures as they are now."""

    def doubts(self) -> list[str]:
        """Return what is doubtful in what it has found, one sentence each: warnings of a run."""
        return []

    def compact_model(self, name: str) -> CompactModel:
        """Return what it found as a table with a reference evaluation; see `fdmag.devices.result_model.model_of`.

        Raises
        ------
        ParameterError
            If nothing in its result varies along an axis.
        """
        return model_of(self.result(), name)
