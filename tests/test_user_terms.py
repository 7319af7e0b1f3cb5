"""Terms of a user's own: in a script, a notebook or a package, with a header, with a wrong one, or without."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fdmag.errors import CompilerError, ParameterError
from fdmag.kernels.compiler import find_compiler
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation

needs_compiler = pytest.mark.skipif(find_compiler()[0] is None, reason=f"no C++ compiler: {find_compiler()[1]}")
TERM = """
from dataclasses import dataclass
from typing import Any
from fdmag.parameter import parameter
from fdmag.terms import Term

@dataclass
class Sixfold(Term):
    name = "sixfold"
    kernel = "sixfold.h"
    K: Any = parameter("J/m^3", "constant")

    def field(self, m, context):
        return -6 * context.value(self.K) * context.inverse_Ms * m**5

    def energy_density(self, m, field, context):
        return context.value(self.K)[:, 0] * (m**6).sum(axis=1)
"""
RUN = '''
import sys
import numpy as np
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Zeeman

def run(term, device, dtype):
    """Field and energy of every device, and m after a few steps."""
    rng = np.random.default_rng(0)
    simulation = Simulation(Mesh((4, 3, 2), (1e-9,) * 3), [term, Zeeman(B=(0, 0, 1))], Ms=8e5, alpha=0.1,
                            m=rng.normal(size=(3, 2, 3, 4)), device=device, dtype=dtype)
    field, energy = simulation.effective_field(), simulation.energies()["sixfold"]
    simulation.run(2e-12, tolerance=1e-6)
    return field, energy, simulation.m

for dtype in sys.argv[1].split(","):
    results = [run(Sixfold(K=1e5), device, dtype) for device in sys.argv[2:]]
    for other in results[1:]:
        for found, expected in zip(other, results[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=64 * np.finfo(dtype).eps * np.abs(expected).max())
print("the same")
'''
HEADER = """// K Σ m_i⁶
struct Sixfold : Parameters {
    FD_HD vec3 power(vec3 m, int n) const {
        vec3 product = m;
        for (int k = 1; k < n; ++k) product = vec3{product.x * m.x, product.y * m.y, product.z * m.z};
        return product;
    }
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        return (-6 * K[site.i] * magnet.inverse_Ms(site.i)) * power(magnet.m(site.i), 5);
    }
    FD_HD real energy_density(const Site& site, const Magnet& magnet) const {
        return K[site.i] * dot(power(magnet.m(site.i), 6), vec3{1, 1, 1});
    }
};
"""
DOUBLE = ["float64", "numpy", "host"]
BOTH = ["float64,float32", "numpy", "host"]


def python(*arguments, cwd, text=None):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)], capture_output=True, text=True, cwd=cwd,
        env=environment, input=text, timeout=100,
    )  # fmt: skip
    return done.stdout + done.stderr


@needs_compiler
@pytest.mark.parametrize("way", ["script", "notebook", "package"])
def test_a_term_is_the_same_on_every_device_wherever_it_is_written(tmp_path, way):
    """A header is looked for beside the file of the class; a notebook has none, and its folder is the current one."""
    home = tmp_path / "my_package" if way == "package" else tmp_path
    home.mkdir(exist_ok=True)
    (home / "sixfold.h").write_text(HEADER, encoding="utf-8")
    if way == "notebook":
        assert python("-", *DOUBLE, cwd=tmp_path, text=TERM + RUN).strip() == "the same"
        return
    script = tmp_path / "script.py"
    if way == "package":
        (home / "__init__.py").write_text("")
        (home / "anisotropy.py").write_text(TERM)
        script.write_text("from my_package.anisotropy import Sixfold\n" + RUN, encoding="utf-8")
    else:
        script.write_text(TERM + RUN, encoding="utf-8")
    assert python(script, *(BOTH if way == "script" else DOUBLE), cwd="/").strip() == "the same"


@needs_compiler
def test_a_term_without_a_header_runs_on_every_device(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(TERM.replace('    kernel = "sixfold.h"\n', "") + RUN, encoding="utf-8")
    assert python(script, *BOTH, cwd="/").strip() == "the same"


def test_a_term_with_a_header_runs_without_a_compiler(tmp_path):
    """The reference is used: the header is not even looked for."""
    script = tmp_path / "script.py"
    script.write_text(TERM + RUN, encoding="utf-8")
    assert python(script, *BOTH[:2], cwd="/").strip() == "the same"


def simulation_of(folder, monkeypatch):
    """A simulation with the term, whose class stands in a module in this folder."""
    (folder / "own_term.py").write_text(TERM, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("own_term", folder / "own_term.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "own_term", module)
    spec.loader.exec_module(module)
    return Simulation(Mesh((4, 3, 2), (1e-9,) * 3), [module.Sixfold(K=1e5)], Ms=8e5, device="host")


@needs_compiler
@pytest.mark.parametrize(
    ("right", "wrong", "line", "told"),
    [
        ("magnet.m(site.i), 5", "magnet.n(site.i), 5", 9, "n"),
        ("K[site.i] * mag", "Ku[site.i] * mag", 9, "Ku"),
        ("m, int n) const {", "m, int n) const", 4, ""),
        ("// K Σ m_i⁶\n", "#include <nowhere.h>\n", 1, "nowhere.h"),
        ("Sixfold : Parameters", "Sixfeld : Parameters", None, "Sixfold"),
        ("Sixfold : Parameters", "Sixfold", 9, "K"),
        ("vec3 field(", "vec3 feld(", None, "field"),
        ("real energy_density(", "real density(", None, "energy_density"),
        ("Magnet& magnet) const {\n        return (", "Magnet& magnet) {\n        return (", None, "field"),
    ],
    ids=["method", "parameter", "brace", "include", "name", "base", "no field", "no energy", "not const"],
)
def test_a_wrong_header_is_named_with_the_line_or_with_what_is_missing(tmp_path, monkeypatch, right, wrong, line, told):
    assert HEADER.count(right) == 1 or right == "Sixfold : Parameters"
    header = tmp_path / "sixfold.h"
    header.write_text(HEADER.replace(right, wrong), encoding="utf-8")
    with pytest.raises(CompilerError) as caught:
        simulation_of(tmp_path, monkeypatch).effective_field()
    message = str(caught.value)
    place = (
        f"{header.as_posix()}:{line}" if line else f"{header.as_posix()}: needed here is struct Sixfold : Parameters"
    )
    about = [text for text in message.splitlines() if text.startswith(place)]
    assert about
    assert any(told in text for text in about)


def test_a_header_that_is_not_there_is_named_before_anything_is_compiled(tmp_path, monkeypatch):
    if find_compiler()[0] is None:
        pytest.skip("no C++ compiler")
    with pytest.raises(ParameterError, match=r'sixfold: its kernel "sixfold\.h" is not there') as caught:
        simulation_of(tmp_path, monkeypatch).effective_field()
    assert Path(tmp_path / "sixfold.h").as_posix() in str(caught.value)
