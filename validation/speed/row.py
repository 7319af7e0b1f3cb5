"""One line of the table: a figure, and the target it is held against."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes
    ----------
    case, precision, device : str
    threads : int
    cells_per_second : float or None
        Cells × evaluations per second by the best time, where the case is an evaluation.
    peer : str or None
        What it is compared with, with its version.
    ratio : float or None
        How many times as fast as the peer, by the best times; None without a peer or measurement.
    floor_ratio : float or None
        Best time over the time of the floor, where bytes and operations are counted.
    quantity : str
        What `value` is.
    value : float or None
        The figure that has a target; None if it was not measured, and `note` says why.
    unit : str
    at_least, at_most : float or None
        The target.
    aim : float or None
        What is hoped for beyond the target.
    median_value : float or None
        The figure by medians instead of best times.
    bytes_per_cell, flops_per_cell : float or None
    valid : bool
        Whether the conditions of the comparison hold, such as equal accuracy.
    note : str
    """

    case: str
    precision: str
    device: str
    threads: int
    quantity: str
    value: float | None
    unit: str = "1"
    cells_per_second: float | None = None
    peer: str | None = None
    ratio: float | None = None
    floor_ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    aim: float | None = None
    median_value: float | None = None
    bytes_per_cell: float | None = None
    flops_per_cell: float | None = None
    valid: bool = True
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or a figure.

        >>> Row("demag 64²", "float64", "host", 2, "speed / scipy.fft", 8.1, at_least=5).met
        True
        >>> Row("memory 1024²", "float32", "host", 2, "peak", 300, "B/cell", at_most=260).met
        False
        """
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        enough = self.at_least is None or self.value >= self.at_least
        return self.valid and enough and (self.at_most is None or self.value <= self.at_most)

    @property
    def target(self) -> str:
        """The target in words, empty if there is none.

        >>> Row("demag 64²", "float64", "host", 2, "speed / scipy.fft", 8.1, at_least=5, aim=8).target
        '≥ 5, aim 8'
        """
        bounds = [
            f"{sign} {bound:g}" for sign, bound in (("≥", self.at_least), ("≤", self.at_most)) if bound is not None
        ]
        return ", aim ".join([*bounds, *([f"{self.aim:g}"] if self.aim is not None else [])])

    def as_data(self) -> dict[str, Any]:
        """Return the row for JSON."""
        return vars(self) | {"target": self.target, "met": self.met}
