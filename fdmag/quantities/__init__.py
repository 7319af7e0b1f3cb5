"""Derived quantities by name: columns, fields, a window that follows one, and criteria that stop a run."""

from fdmag.quantities.criterion import Above, Below
from fdmag.quantities.formula import Formula
from fdmag.quantities.named import Column, Field
from fdmag.quantities.quantity import Catalogue, evaluate
from fdmag.quantities.window import MovingWindow

__all__ = ["Above", "Below", "Catalogue", "Column", "Field", "Formula", "MovingWindow", "evaluate"]
