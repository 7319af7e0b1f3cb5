"""Every CUDA unit compiles for sm_80 and sm_90, by NVRTC, without a GPU."""

import ctypes
import importlib.util
import platform
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from fdmag.host.terms import has_kernel, local_term
from fdmag.kernels.cuda import COMPILE_OPTIONS
from fdmag.kernels.cuda_source import cuda_arithmetic_source, cuda_demag_source, cuda_unit_source
from fdmag.terms import registry
from fdmag.terms.slonczewski import SlonczewskiLayers
from fdmag.terms.tunnel_torque import TunnelTorqueInCircuit, TunnelTorqueLayers, TunnelTorqueLayersInCircuit

needs_nvrtc = pytest.mark.skipif(
    not (sys.platform == "linux" and platform.machine() == "x86_64"), reason="the NVRTC wheel of the tests is for Linux"
)
COMPILED = sorted(name for name, term in registry().items() if has_kernel(term))
PRECISIONS = ["float32", "float64"]


def nvrtc():
    """NVRTC from its wheel; it is one of the requirements of the tests."""
    found = importlib.util.find_spec("nvidia.cuda_nvrtc")
    assert found is not None, "the Python package nvidia-cuda-nvrtc-cu12 is not installed: pip install 'fdmag[test]'"
    folder = Path(next(iter(found.submodule_search_locations))) / "lib"
    return ctypes.CDLL(str(next(folder.glob("libnvrtc.so.*"))))


def compiled(source, architecture, *more):
    """What NVRTC makes of a source: PTX for compute_NN, machine code for sm_NN."""
    library = nvrtc()
    program = ctypes.c_void_p()
    assert library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"unit.cu", 0, None, None) == 0
    options = [f"--gpu-architecture={architecture}", *COMPILE_OPTIONS, *more]
    status = library.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*(each.encode() for each in options))
    )
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    assert status == 0, log.value.decode()
    kind = "CUBIN" if architecture.startswith("sm") else "PTX"
    getattr(library, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    code = ctypes.create_string_buffer(size.value)
    getattr(library, f"nvrtcGet{kind}")(program, code)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return code.raw, log.value.decode()


def terms(names, per_cell):
    kinds = [registry()[name] for name in names]
    parameters = [dict.fromkeys(kind.parameters(), 1.0) for kind in kinds]
    return [
        local_term(name, kind(**values), [per_cell] * 100)
        for name, kind, values in zip(names, kinds, parameters, strict=True)
    ]


def kernels_in(code):
    names = ("fd_local", "fd_stage", "fd_term", "fd_energies", "fd_inner", "fd_shares", "fd_settle")
    return all(name.encode() in code for name in names)


@needs_nvrtc
@pytest.mark.parametrize(("dtype", "per_cell"), [("float32", True), ("float64", False)])
@pytest.mark.parametrize("name", [*COMPILED, None])
def test_a_term_alone_and_none(name, dtype, per_cell):
    source = cuda_unit_source(np.dtype(dtype), (8, 8, 8), [per_cell] * 3, terms([name] if name else [], per_cell))
    code, log = compiled(source, "compute_80")
    assert kernels_in(code)
    assert "warning" not in log


@needs_nvrtc
def test_what_torques_of_layers_and_circuits_become():
    """All in one unit, two of which need sums over all cells."""
    kinds = [SlonczewskiLayers, TunnelTorqueLayers, TunnelTorqueInCircuit, TunnelTorqueLayersInCircuit]
    values = [dict.fromkeys(kind.parameters(), 1.0) for kind in kinds]
    together = [local_term(kind.name, kind(**given), [True] * 100) for kind, given in zip(kinds, values, strict=True)]
    source = cuda_unit_source(np.dtype("float32"), (8, 8, 8), [False] * 3, together)
    code, log = compiled(source, "compute_80")
    assert kernels_in(code)
    assert "warning" not in log


@needs_nvrtc
@pytest.mark.parametrize(
    ("dtype", "architecture", "per_cell"),
    [("float32", "sm_90", False), ("float64", "sm_80", False), ("float64", "sm_90", True)],
)
def test_all_terms_together(dtype, architecture, per_cell):
    """With values in every cell half of them: the time to compile grows faster than their number."""
    chosen = COMPILED[::2] if per_cell else COMPILED
    source = cuda_unit_source(np.dtype(dtype), (8, 8, 8), [per_cell] * 3, terms(chosen, per_cell))
    assert kernels_in(compiled(source, architecture)[0])


@needs_nvrtc
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("unit", [cuda_demag_source, cuda_arithmetic_source])
def test_what_depends_on_no_term(unit, dtype, architecture):
    code, log = compiled(unit(np.dtype(dtype)), architecture, "--ptxas-options=-v")
    assert b"fd_columns" in code or b"fd_accept" in code
    assert "warning" not in log
    assert set(re.findall(r"(\d+) bytes spill", log)) == {"0"}
    assert max(map(int, re.findall(r"Used (\d+) registers", log))) * 512 <= 65536  # registers of a multiprocessor


@needs_nvrtc
def test_an_error_names_the_header(tmp_path):
    (tmp_path / "wrong.h").write_text("struct Exchange : Parameters { not C++ };", encoding="utf-8")
    (term,) = terms(["exchange"], False)
    broken = type(term)(term.struct, tmp_path / "wrong.h", term.parameters, term.degree, term.has_density)
    with pytest.raises(AssertionError, match=r"wrong\.h\(1\)"):
        compiled(cuda_unit_source(np.dtype("float32"), (8, 8, 1), [False] * 3, [broken]), "compute_80")
