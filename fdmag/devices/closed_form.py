"""A device that no simulation is part of: figures in closed form, told beside those of a scene's simulation."""

from fdmag.devices.device import Device
from fdmag.devices.result import Result
from fdmag.quantities import Column

__all__ = ["ClosedForm"]


class ClosedForm(Device):
    """A result that is known before anything is simulated.

    Parameters
    ----------
    result : Result
    """

    def __init__(self, result: Result) -> None:
        self._result = result

    def columns(self) -> list[Column]:
        """Return none: nothing in it changes."""
        return []

    def result(self) -> Result:
        """Return what is known."""
        return self._result
