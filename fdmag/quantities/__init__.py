"""Derived quantities by name: columns of the result table, fields, and a window that follows one."""

from fdmag.quantities.named import Column, Field
from fdmag.quantities.quantity import Catalogue, evaluate
from fdmag.quantities.window import MovingWindow

__all__ = ["Catalogue", "Column", "Field", "MovingWindow", "evaluate"]
