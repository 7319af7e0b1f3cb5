"""Source text of a unit: common vocabulary, the headers of the terms in use, and the loops over cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fdmag.errors import ParameterError

MATERIAL = ("Ms", "alpha", "rate")
"""The first parameters of every unit, in order."""


@dataclass(frozen=True)
class LocalTerm:
    """A term as a unit sees it.

    Attributes
    ----------
    struct : str
        Name of the struct in the header: that of the Python class.
    header : Path
    parameters : tuple of (str, int, bool)
        Name, number of components (1 or 3), and whether the value differs between cells.
    degree : int or None
        The energy density is −(1/degree) Ms m·B; None if there is none or the header gives it.
    has_density : bool
        Whether the header defines ``energy_density``.
    total : tuple of str and int, or None
        The parameter that the header finds from sums over all cells, if there is one, and how many.
    """

    struct: str
    header: Path
    parameters: tuple[tuple[str, int, bool], ...]
    degree: int | None
    has_density: bool
    total: tuple[str, int] | None = None


def kernel_directory() -> Path:
    """Return the folder of the shipped kernels: in the package, or beside it in a source tree."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "kernels"
    return installed if installed.is_dir() else package.parent / "kernels"


def kernel_path(name: str, folder: Path | None, where: str) -> Path:
    """Return the header ``name``: an absolute path, or one below ``folder``, or below the shipped kernels.

    Raises
    ------
    ParameterError
        If there is no such file; ``where`` names the term.
    """
    places = [Path(name).expanduser()] if Path(name).expanduser().is_absolute() else []
    if not places:
        places = [root / name for root in (folder, kernel_directory()) if root is not None]
    for place in places:
        if place.is_file():
            return place
    looked = " or ".join(str(place) for place in places)
    raise ParameterError(f'{where}: its kernel "{name}" is not there: {looked}; give the path of a header')


def threads_source() -> str:
    """Return the source of the library of threads, which all others use."""
    return "".join(kernel_text(f"host/{name}") for name in ("sums.h", "share.h", "threads.h"))


def vectors_source(dtype: np.dtype) -> str:
    """Return the source of the arithmetic in one precision that depends on no term."""
    return f"#define FD_REAL {_real(dtype)}\n" + kernel_text("host/sums.h") + kernel_text("host/vectors.cpp")


@cache
def demag_source(dtype: np.dtype, film: bool, odd: int) -> str:
    """Return the source of the demag convolution in one precision, of one layer or several; its headers pasted in.

    ``odd`` says which lengths its transforms have: 1, powers of two from 2 on; 5, also odd ones and those with factors
    3 and 5; 7, also with 7.
    """
    seen: set[Path] = set()

    def pasted(path: Path) -> str:
        if path in seen:
            return ""
        seen.add(path)
        lines = [f'#line 1 "{path.relative_to(kernel_directory().resolve()).as_posix()}"\n']
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(keepends=True), start=1):
            if line.startswith('#include "'):
                lines += [pasted((path.parent / line.split('"')[1]).resolve()), f"#line {number + 1}\n"]
            elif not line.startswith("#pragma once"):
                lines.append(line)
        return "".join(lines)

    given = f"#define FD_REAL {_real(dtype)}\n#define FD_FILM {str(film).lower()}\n#define FD_ODD {odd}\n"
    return given + pasted((kernel_directory() / "host" / "demag.cpp").resolve())


def macrospin_source(dtype: np.dtype) -> str:
    """Return the source of the ensemble of macrospins in one precision; its noise is that of the thermal term."""
    return _numbers(dtype) + kernel_text("host/macrospin.h")


def noise_source(dtype: np.dtype) -> str:
    """Return the source of the increments of Brownian motion in one precision."""
    return _numbers(dtype) + kernel_text("host/noise.cpp")


def drives_source(dtype: np.dtype) -> str:
    """Return the source of parameters that follow signals, in one precision."""
    parts = ("host/sums.h", "host/formula.h", "host/drives.cpp")
    return f"#define FD_REAL {_real(dtype)}\nusing Index = long long;\n" + "".join(map(kernel_text, parts))


def _numbers(dtype: np.dtype) -> str:
    """Return what draws the numbers of the thermal term, many at once."""
    scalars = "".join(f" Scalar<false> {name};" for name in ("T", "alpha", "gamma", "scale", "part"))
    vectors = "".join(f" Vector<false> {name};" for name in ("key", "number", "drawn"))
    return "".join([
        f"#define FD_REAL {_real(dtype)}\n",
        "#define FD_MS_PER_CELL false\n#define FD_AXES 1\n",
        kernel_text("common.h"),
        kernel_text("host/sums.h"),
        f"namespace thermal {{\nstruct Parameters {{{scalars}{vectors} }};\n",
        kernel_text("terms/thermal.h"),
        "}\n",
        kernel_text("host/normals.h"),
    ])  # fmt: skip


def step_source(dtype: np.dtype) -> str:
    """Return the source of the passes of a Runge–Kutta step, and of many, in one precision; they work with any unit."""
    return "".join([
        f"#define FD_REAL {_real(dtype)}\n",
        "#define FD_MS_PER_CELL true\n#define FD_AXES 1\n",
        *(kernel_text(name) for name in ("common.h", "host/sums.h", "host/problem.h", "host/step.h")),
        *(kernel_text(name) for name in ("host/step.cpp", "host/advance.cpp")),
    ])  # fmt: skip


def unit_source(
    dtype: np.dtype, cells: Sequence[int], material_per_cell: Sequence[bool], terms: Sequence[LocalTerm]
) -> str:
    """Return the source of fields and slopes of these terms.

    Parameters
    ----------
    dtype : float32 or float64
    cells : three numbers
        Of the mesh, along x, y and z. The text depends on the number of the last axis with more than one.
    material_per_cell : three bools
        Whether Ms, alpha and gamma differ between cells.
    terms : sequence of LocalTerm
    """
    return _host_unit(dtype, cells, material_per_cell, terms) + kernel_text("host/local.h")


def energies_source(
    dtype: np.dtype, cells: Sequence[int], material_per_cell: Sequence[bool], terms: Sequence[LocalTerm]
) -> str:
    """Return the source of the energies of these terms, and of what else is not asked at every evaluation."""
    unit = _host_unit(dtype, cells, material_per_cell, terms)
    return unit + kernel_text("host/energies.h") + _tables(len(terms))


def _host_unit(
    dtype: np.dtype, cells: Sequence[int], material_per_cell: Sequence[bool], terms: Sequence[LocalTerm]
) -> str:
    loops = ("host/sums.h", "host/problem.h", "host/loop.h", "host/totals.h")
    return "".join([unit_head(dtype, cells, material_per_cell, terms), *map(kernel_text, loops)])


def unit_head(
    dtype: np.dtype, cells: Sequence[int], material_per_cell: Sequence[bool], terms: Sequence[LocalTerm]
) -> str:
    """Return the part of a unit that is the same on every device: vocabulary, terms, and how they are called."""
    Ms, alpha, gamma = (_flag(each) for each in material_per_cell)
    parts = [
        f"#define FD_REAL {_real(dtype)}\n",
        f"#define FD_MS_PER_CELL {Ms}\n",
        f"#define FD_AXES {max((axis + 1 for axis in range(3) if cells[axis] > 1), default=1)}\n",
        kernel_text("common.h"),
        kernel_text("solvers/llg.h"),
    ]
    for number, term in enumerate(terms):
        members = "".join(
            f" {'Scalar' if components == 1 else 'Vector'}<{_flag(per_cell)}> {name};"
            for name, components, per_cell in term.parameters
        )
        parts += [
            f"namespace term_{number} {{\nstruct Parameters {{{members} }};\n",
            _pasted(term.header),
            _needed(term),
            "}\n",
        ]
    parts += [
        '#line 1 "unit.cpp"\n',
        f"struct Damping {{ Scalar<{alpha}> alpha; Scalar<{gamma}> gamma; }};\n",
        _calls(terms),
    ]
    return "".join(parts)


def _needed(term: LocalTerm) -> str:
    """Return code that compiles if the header defines what it should; a compiler's message then names the header."""
    density = " term.energy_density(s, magnet);" if term.has_density else ""
    total = " const double sums[9] = {term.share(0, s, magnet)}; term.total(sums);" if term.total else ""
    more = " and energy_density" * bool(density) + ", share and total" * bool(total)
    what = f"needed here is struct {term.struct} : Parameters with field{more}"
    return (
        f'#line 1 "{_shown(term.header)}: {what}"\n'
        f"FD_HD vec3 needed(const {term.struct}& term, const Site& s, const Magnet& magnet) {{ "
        f"const Parameters& given = term; (void)given;{density}{total} return term.field(s, magnet); }}\n"
    )


def _calls(terms: Sequence[LocalTerm]) -> str:
    """Return the struct of all terms, and how each is read and called."""
    members = "".join(f" term_{k}::{term.struct} term{k};" for k, term in enumerate(terms))
    fields = " + ".join(f"t.term{k}.field(s, magnet)" for k in range(len(terms))) or "vec3{0, 0, 0}"
    lines = [
        f"constexpr int kTerms = {len(terms)};",
        "template <int> struct At {};",
        f"struct Terms {{{members} }};",
        "template <class First> FD_HD void read_terms(Terms& t, const First& first, Index cells) {",
    ]
    place = len(MATERIAL)
    for k, term in enumerate(terms):
        for name, _, _ in term.parameters:
            lines.append(f"    t.term{k}.{name}.read(first({place}), cells);")
            place += 1
    arguments = "const Terms& t, const Site& s, const Magnet& magnet"
    own = ", ".join(_flag(term.has_density) for term in terms)
    factors = ", ".join("0" if term.has_density or term.degree is None else f"-1.0 / {term.degree}" for term in terms)
    lines += [
        "}",
        f"constexpr bool kOwnDensity[kTerms + 1] = {{{own}}};",
        f"constexpr double kEnergyFactor[kTerms + 1] = {{{factors}}};  // of Ms m B, by the degree",
    ]
    lines += [f"FD_HD vec3 local_field({arguments}) {{ return {fields}; }}"]
    for k, term in enumerate(terms):
        lines.append(f"FD_HD vec3 field_of(At<{k}>, {arguments}) {{ return t.term{k}.field(s, magnet); }}")
        density = "0"
        if term.has_density:
            density = f"t.term{k}.energy_density(s, magnet)"
        elif term.degree is not None:
            density = f"magnet.Ms[s.i] * dot(magnet.m(s.i), t.term{k}.field(s, magnet)) * real(-1.0 / {term.degree})"
        lines.append(f"FD_HD real energy_of(At<{k}>, {arguments}) {{ return {density}; }}")
    return "\n".join([*lines, *_totals(terms)]) + "\n"


def _totals(terms: Sequence[LocalTerm]) -> list[str]:
    """Return how the terms that need to know of all cells add up shares of these, and where the outcome goes."""
    shares, settled, count = [], [], 0
    for k, term in enumerate(terms):
        if term.total is None:
            continue
        name, sums = term.total
        shares.append(f"    if constexpr (which >= {count} && which < {count + sums})")
        shares.append(f"        return t.term{k}.share(which - {count}, s, magnet);")
        place = _place_of(terms, k, name)
        settled.append(f"    *total_at(views[{place}], row) = real(t.term{k}.total(sums + {count}));")
        count += sums
    return [
        f"constexpr int kSums = {count};",
        "template <int which> FD_HD real share_of(const Terms& t, const Site& s, const Magnet& magnet) {",
        *shares, "    return 0;", "}",
        "FD_HD void settle(const Terms& t, const double* sums, const View* views, Index row) {",
        *settled, "}",
    ]  # fmt: skip


def _place_of(terms: Sequence[LocalTerm], number: int, name: str) -> int:
    """Return the place of a parameter of a term among all that a unit reads."""
    before = len(MATERIAL) + sum(len(term.parameters) for term in terms[:number])
    return before + [parameter for parameter, *_ in terms[number].parameters].index(name)


def total_places(terms: Sequence[LocalTerm]) -> list[int]:
    """Return the places of the parameters that are found from sums over all cells."""
    return [_place_of(terms, k, term.total[0]) for k, term in enumerate(terms) if term.total is not None]


def _tables(count: int) -> str:
    """Return what chooses a term by its number at run time."""
    cases = "".join(f"    if (term == {k}) return term_block<{k}>;\n" for k in range(count))
    sums = "".join(f"    sum_energy<{k}>(call, work, sums);\n" for k in range(count))
    return (
        '#line 1 "tables.h"\n'
        f"static Task term_task(int term) {{\n{cases}    return nullptr;\n}}\n"
        f"static void sum_energies(const Call& call, const Work& work, double* sums) {{\n{sums}}}\n"
    )


def kernel_text(name: str) -> str:
    """Return the text of a shipped kernel file behind a mark of its place."""
    return _pasted(kernel_directory() / name, name)


def _pasted(path: Path, name: str | None = None) -> str:
    """Return a file's text behind a mark that makes a compiler's message name it."""
    try:
        return f'#line 1 "{name or _shown(path)}"\n{path.read_text(encoding="utf-8")}\n'
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"the kernel {path} cannot be read: {error}") from error


def _shown(path: Path) -> str:
    """Return a path as a mark of its lines may hold it."""
    return str(path).replace("\\", "/").replace('"', "'")


def _real(dtype: np.dtype) -> str:
    return "double" if dtype == np.float64 else "float"


def _flag(value: bool) -> str:
    return "true" if value else "false"
