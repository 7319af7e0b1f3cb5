"""Compiled kernels of the host: headers of terms gathered into one unit, compiled at run time, cached by content."""

from fdmag.kernels.source import LocalTerm, kernel_path, unit_source

__all__ = ["LocalTerm", "kernel_path", "unit_source"]
