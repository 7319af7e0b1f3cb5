"""A measurement of a pillar as a device of a simulation: it drives, its columns are read, it has one result."""

from collections.abc import Callable
from typing import Any

from fdmag.devices.device import Device, Told
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.result import Result
from fdmag.errors import ParameterError
from fdmag.quantities import Column

__all__ = ["PillarMeasurement"]


class PillarMeasurement(Device):
    """One of the functions of the pillar's modules, to be carried out when asked.

    Parameters
    ----------
    pillar : Nanopillar
    measure : callable
        Takes the pillar and what is to be told of progress, and returns the result.
    driven : bool
        Whether it drives the pillar at all: else there is no column of the drive.
    """

    operates = True

    def __init__(
        self, pillar: Nanopillar, measure: Callable[[Nanopillar, Told | None], Result], *, driven: bool = True
    ) -> None:
        self.pillar, self._driven = pillar, driven
        self._measure = measure
        self._result: Result | None = None

    def columns(self) -> list[Column]:
        """Return the drive, if there is one, and the state."""
        kind = self.pillar.driven_by
        drive = Column(kind.symbol, kind.unit, lambda s: self.pillar.amplitude, f"{kind.name} now")
        return [*([drive] if self._driven else []), Column("state", "1", lambda s: self.pillar.along(), "mean m_z")]

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Carry it out, from the state that the simulation is in; it is in that state again afterwards."""
        self.pillar.options = self.pillar.options | options
        self.pillar.begin()
        self._result = self._measure(self.pillar, told)

    def result(self) -> Result:
        """Return what was found.

        Raises
        ------
        ParameterError
            Before `operate`.
        """
        if self._result is None:
            raise ParameterError("nanopillar: nothing measured yet; call operate first")
        return self._result
