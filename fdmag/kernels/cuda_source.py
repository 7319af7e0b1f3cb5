"""Source texts of the CUDA units: the same headers as for the host, behind the kernels of the GPU."""

from collections.abc import Sequence

import numpy as np

from fdmag.kernels.source import LocalTerm, kernel_text, unit_head


def cuda_unit_source(
    dtype: np.dtype, cells: Sequence[int], material_per_cell: Sequence[bool], terms: Sequence[LocalTerm]
) -> str:
    """Return the source of the kernels of these terms; arguments as of `fdmag.kernels.source.unit_source`."""
    head = unit_head(dtype, cells, material_per_cell, terms) + _numbered("real", "energy", terms)
    return head + _numbered("vec3", "field", terms) + _texts("cuda/grid.h", "cuda/stages.h", "cuda/local.cu")


def cuda_arithmetic_source(dtype: np.dtype) -> str:
    """Return the source of the kernels that depend on no term."""
    return _vocabulary(dtype) + _texts("cuda/grid.h", "cuda/stages.h", "cuda/arithmetic.cu")


def cuda_demag_source(dtype: np.dtype) -> str:
    """Return the source of the demag convolution."""
    return _vocabulary(dtype) + _texts("cuda/grid.h", "cuda/transform.h", "cuda/demag.cu")


def _vocabulary(dtype: np.dtype) -> str:
    real = "double" if dtype == np.float64 else "float"
    return f"#define FD_REAL {real}\n#define FD_MS_PER_CELL true\n#define FD_AXES 3\n" + _texts("common.h")


def _texts(*names: str) -> str:
    return "".join(map(kernel_text, names))


def _numbered(result: str, what: str, terms: Sequence[LocalTerm]) -> str:
    """Return the function that gives field or energy density of a term by its number."""
    cases = "".join(f"    if (term == {k}) return {what}_of(At<{k}>(), t, s, magnet);\n" for k in range(len(terms)))
    arguments = "Index term, const Terms& t, const Site& s, const Magnet& magnet"
    return f"FD_HD {result} {what}_of_term({arguments}) {{\n{cases}    return {{}};\n}}\n"
