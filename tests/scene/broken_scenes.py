"""Scenes with one mistake each, and what the one message about it must hold."""

MS, ALPHA, A, B, DURATION = '"800 kA/m"', "0.02", '"13 pJ/m"', '[0, 0, "10 mT"]', 'duration = "1 ps"'
DISC = '[shapes.disc]\nkind = "cylinder"\ndiameter = "20 nm"\n'

# name: (replacements, text added, what the one message must hold)
BROKEN: dict[str, tuple[list[tuple[str, str]], str, list[str]]] = {
    "unknown term": (
        [("[terms.exchange]", "[terms.exchnge]")],
        "",
        ["[terms.exchnge]: unknown key", "demag, exchange", 'did you mean "exchange"?'],
    ),
    "unknown key": ([("A = ", "a = ")], "", ["[terms.exchange] a: unknown key", "allowed: A", 'did you mean "A"?']),
    "unknown table": (
        [("[material]", "[materials]")],
        "",
        ["[materials]: unknown table", "allowed: title, mesh", 'did you mean "material"?'],
    ),
    "term outside of terms": ([], "[demag]\n", ["[demag]: unknown table", "did you mean [terms.demag]?"]),
    "entry outside of the material": ([], "[alpha]\n", ["[alpha]: unknown table", "did you mean [material] alpha?"]),
    "wrong unit": ([(MS, '"800 kA"')], "", ['[material] Ms: "800 kA" is a current [A]', 'allowed: "800 kA/m"']),
    "unit of an energy": ([(A, '"13 pJ"')], "", ['[terms.exchange] A: "13 pJ" is an energy', 'allowed: "13 pJ/m"']),
    "two components": ([(B, "[0, 0]")], "", ["[terms.zeeman] B: came [0, 0]", "a list of 3 numbers in T"]),
    "forgotten prefix": ([(MS, '"8e9 A/m"')], "", ['[material] Ms: came "8e9 A/m"', "at most 8e+07 A/m", "prefix"]),
    "doubled prefix": ([(MS, '{ replicas = ["800 kA/m", "8e5 kA/m"] }')], "", ['[material] Ms: came "8e5 kA/m"']),
    "doubled prefix in an expression": (
        [(MS, '{ expression = "8e5 + 0*x", unit = "kA/m" }')],
        "",
        ["[material] Ms: impossible saturation magnetisation", "at most 8e+07 A/m"],
    ),
    "no prefix at a stiffness": ([(A, "13")], "", ["[terms.exchange] A: came 13", "at most 1e-06 J/m", '"13 pJ/m"']),
    "no prefix at an interface": (
        [],
        "[terms.interface_anisotropy]\nKs = 1.3\n",
        ["[terms.interface_anisotropy] Ks: came 1.3", "at most 0.1 J/m^2", '"1.3 mJ/m^2"'],
    ),
    "no edge lengths": (
        [('["5 nm", "5 nm", "3 nm"]', '"5 nm"')],
        "",
        ['[mesh] cell: came "5 nm"', 'write ["5 nm", "5 nm", "5 nm"]'],
    ),
    "formats as text": ([], '[output]\nformats = "ovf"\n', ['[output] formats: came "ovf"', 'write ["ovf"]']),
    "tesla for time": (
        [(B, '{ value = [0, 0, 1], signal = "2*T/ns" }')],
        "",
        ['[terms.zeeman] B: signal "2*T/ns" does not depend on t; T is tesla; did you mean t?'],
    ),
    "signal without time": (
        [(B, '{ value = [0, 0, 1], signal = "2*pi" }')],
        "",
        ['[terms.zeeman] B: signal "2*pi" does not depend on t', "into the value"],
    ),
    "signal as a number": (
        [(B, "{ value = [0, 0, 1], signal = 2 }")],
        "",
        ["[terms.zeeman] B: signal 2 does not depend on t"],
    ),
    "tesla for time in an expression": (
        [(B, '{ expression = [0, 0, "10*mT*sin(2*pi*GHz*T)"] }')],
        "",
        ["[terms.zeeman] B: T is tesla", "did you mean t?"],
    ),
    "region with a broken shape": (
        [(A, "{ regions = { left = 1e-11, default = 1e-11 } }"), (MS, "{ regions = { left = 8e5, default = 7e5 } }")],
        '[regions.left]\nshape = { kind = "box", sie = 1, size = [1, 1, 1] }\n[initial]\nkind = "uniform"\n'
        "direction = { regions = { left = [0, 0, 1], default = [1, 0, 0] } }\n"
        '[[stages]]\nkind = "set"\nvalues = { "material.alpha" = { regions = { left = 1, default = 2 } } }\n',
        ["[regions.left] shape.sie: unknown key"],
    ),
    "shape of a region without cells": (
        [(A, "{ regions = { left = 1e-11, default = 1e-11 } }")],
        '[regions.left]\nshape = { kind = "image", file = "none.png" }\n',
        ['[regions.left] shape.file: "none.png" is no file'],
    ),
    "no vector": (
        [(B, '"10 mT"')],
        "",
        ['[terms.zeeman] B: came "10 mT"', "a list of 3 numbers in T", 'write [0, 0, "10 mT"]'],
    ),
    "list for a number": ([(A, "[1, 2]")], "", ["[terms.exchange] A: came [1, 2]", "is one number in J/m"]),
    "missing parameter": ([(f"A = {A}\n", "")], "", ["[terms.exchange] A: missing: exchange stiffness [J/m]"]),
    "missing Ms": ([(f"Ms = {MS}\n", "")], "", ["[material] Ms: missing: saturation magnetisation [A/m]"]),
    "negative Ms": ([(MS, '"-800 kA/m"')], "", ['[material] Ms: came "-800 kA/m"', "allowed: at least 0 A/m"]),
    "Ms of zero": ([(MS, "0")], "", ["[material] Ms: no cell has Ms > 0"]),
    "negative alpha": ([(ALPHA, "-0.02")], "", ["[material] alpha: came -0.02", "impossible", "allowed: at least 0"]),
    "polarisation above 1": (
        [],
        "[terms.slonczewski]\nJ = 1e11\nP = 1.2\n",
        ["[terms.slonczewski] P: came 1.2; impossible spin polarisation; allowed: from -1 to 1"],
    ),
    "side that is none": (
        [],
        "[terms.tunnel_torque]\nvoltage = 0.1\nRA_P = 5e-12\nTMR = 1\nP = { regions = { default = 1 } }\nside = 0.5\n",
        ["[terms.tunnel_torque] side: came 0.5; impossible reference layer", "allowed: -1 or 1"],
    ),
    "a junction without a source": (
        [],
        "[terms.tunnel_torque]\nRA_P = 5e-12\nTMR = 1\nP = 0.5\n",
        ["[terms.tunnel_torque]: tunnel_torque: came neither; give voltage or current, exactly one of the two"],
    ),
    "a junction with two sources": (
        [],
        '[terms.tunnel_torque]\nvoltage = 0.1\ncurrent = "50 uA"\nRA_P = 5e-12\nTMR = 1\nP = 0.5\n',
        ["[terms.tunnel_torque]: tunnel_torque: came both; give voltage or current"],
    ),
    "a current in volts": (
        [],
        '[terms.tunnel_torque]\ncurrent = "50 mV"\nRA_P = 5e-12\nTMR = 1\nP = 0.5\n',
        ["[terms.tunnel_torque] current: ", "50 mV"],
    ),
    "half frozen": ([(ALPHA, "0.1\nfrozen = 0.5")], "", ["[material] frozen: came 0.5", "allowed: 0 or 1"]),
    "boolean": ([(ALPHA, "true")], "", ["[material] alpha: came true", "one number"]),
    "NaN": ([(ALPHA, "nan")], "", ["[material] alpha: nan is not finite"]),
    "infinity": ([(A, "inf")], "", ["[terms.exchange] A: inf is not finite"]),
    "a date": ([(A, "2020-01-01")], "", ["[terms.exchange] A: came 2020-01-01", "one number in J/m"]),
    "no cells": ([("[10, 10, 1]", "[10, 0, 1]")], "", ["[mesh] cells: came [10, 0, 1]", "allowed: 3 integers"]),
    "two cells": ([("[10, 10, 1]", "[10, 10]")], "", ["[mesh] cells: came [10, 10]", "a list of 3 integers"]),
    "too many cells": (
        [("[10, 10, 1]", "[100000, 100000, 100]")],
        "",
        ["[mesh] cells: came [100000, 100000, 100]", "GB are free", "use fewer or larger cells"],
    ),
    "cell and size": (
        [("cell = ", 'size = ["1 nm", "1 nm", "1 nm"]\ncell = ')],
        "",
        ["[mesh]: came both", "give exactly one"],
    ),
    "metres": (
        [('["5 nm", "5 nm", "3 nm"]', "[5, 5, 3]")],
        "",
        ["[mesh]: cells of 5 × 5 × 3 m", "allowed: ", '"5 nm"'],
    ),
    "periodic": ([("[material]", 'periodic = "xx"\n[material]')], "", ['[mesh] periodic: came "xx"', '"xy"']),
    "kind of stage": (
        [('"relax"', '"relaxx"')],
        "",
        ['[[stages]] 1st (relaxx): kind "relaxx" is unknown', "allowed: relax, minimize, run", 'did you mean "relax"?'],
    ),
    "no kind": ([('kind = "relax"\n', "max_torque = 1\n")], "", ["[[stages]] 1st: has no kind", "allowed: relax"]),
    "stages without array": (
        [('[[stages]]\nkind = "relax"\n[[stages]]\nkind = "run"', '[stages]\nkind = "run"')],
        "",
        ["[stages]: came a table", "[[stages]]"],
    ),
    "key of a stage": (
        [(DURATION, 'duraton = "1 ps"')],
        "",
        ["[[stages]] 2nd (run) duraton: unknown key", 'did you mean "duration"?'],
    ),
    "solver": (
        [(DURATION, DURATION + '\nsolver = "dormand_price"')],
        "",
        [
            '[[stages]] 2nd (run) solver: came "dormand_price"',
            "allowed: rk4_adams, rk4, dormand_prince",
            'did you mean "dormand_prince"?',
        ],
    ),
    "fixed step missing": (
        [(DURATION, DURATION + '\nsolver = "implicit_midpoint"')],
        "",
        ["[[stages]] 2nd (run)", "give dt"],
    ),
    "fixed step that must adapt": (
        [(DURATION, DURATION + '\nsolver = "rk4_adams"\ndt = "1 fs"')],
        "",
        ["[[stages]] 2nd (run)", 'solver "rk4_adams" adapts its step; with dt use "rk4"'],
    ),
    "fixed step and tolerance": (
        [(DURATION, DURATION + '\ndt = "0.1 ps"\ntolerance = 1e-4')],
        "",
        ["[[stages]] 2nd (run): came dt", "remove either"],
    ),
    "negative time": (
        [(DURATION, 'duration = "-1 ns"')],
        "",
        ['[[stages]] 2nd (run) duration: came "-1 ns"', "above 0 s"],
    ),
    "endless table": (
        [(DURATION, 'duration = "1 s"\ntable_every = "1 fs"')],
        "",
        ["table_every = 1e-15 s", "1e+15 parts"],
    ),
    "count as text": (
        [('kind = "relax"', 'kind = "relax"\nmax_steps = "5"')],
        "",
        ['[[stages]] 1st (relax) max_steps: came "5"', "an integer from 1"],
    ),
    "name of a shape": (
        [],
        '[geometry]\nshape = "disk"\n' + DISC,
        ['[geometry] shape: "disk" is not among the shapes: disc', 'did you mean "disc"?'],
    ),
    "circle of shapes": (
        [],
        '[shapes.a]\nkind = "union"\nshapes = ["b"]\n[shapes.b]\nkind = "rotate"\nshape = "a"\nangle = 1\n',
        ["[shapes.a]: is made of itself, by way of a, b"],
    ),
    "shape outside": (
        [],
        '[geometry]\nshape = { kind = "box", size = ["1 nm", "1 nm", "1 nm"], center = ["1 um", 0, 0] }\n',
        ["[geometry] shape: the shape covers no cell of the mesh (50 nm × 50 nm × 3 nm"],
    ),
    "kind of shape": (
        [],
        '[geometry]\nshape = { kind = "bx" }\n',
        ['[geometry] shape: kind "bx" is unknown', "allowed: box, ellipse", 'did you mean "box"?'],
    ),
    "inner shape": (
        [],
        '[geometry]\nshape = { kind = "union", shapes = [{ kind = "box", sze = [1, 1, 1] }] }\n',
        ["[geometry] shape.shapes[0].sze: unknown key", 'did you mean "size"?'],
    ),
    "no shape": ([], "[geometry]\nshape = 5\n", ["[geometry] shape: came 5", "a table with kind = box"]),
    "name of a region": (
        [(A, "{ regions = { soft = 1e-11, default = 1e-11 } }")],
        "[regions.sooft]\nshape = 'disc'\n" + DISC,
        ["[terms.exchange] A.regions.soft: no such region", "allowed: default, sooft", 'did you mean "sooft"?'],
    ),
    "region without value": (
        [(A, "{ regions = { soft = 1e-11 } }")],
        "[regions.soft]\nshape = 'disc'\n" + DISC,
        ["[terms.exchange] A: no value for 1 region(s): 'default'"],
    ),
    "expression outside the language": (
        [(B, "{ expression = [\"__import__('os')\", 0, 0] }")],
        "",
        ["[terms.zeeman] B: ", "is not part of the language", "__import__('os')"],
    ),
    "name in an expression": (
        [(B, '{ expression = [0, 0, "sinn(t)"] }')],
        "",
        ["[terms.zeeman] B: unknown function", 'did you mean "sin"?'],
    ),
    "not finite": ([(B, '{ expression = ["1/(x-x)", 0, 0] }')], "", ["[terms.zeeman] B: applied field is not finite"]),
    "two forms": (
        [(A, '{ value = 1, file = "a.npy" }')],
        "",
        ["[terms.exchange] A: came value and file", "exactly one"],
    ),
    "time in Ms": (
        [(MS, '{ expression = "1e5*t" }')],
        "",
        ["[material] Ms: saturation magnetisation cannot depend on time"],
    ),
    "signal of a moving pattern": (
        [(B, '{ expression = ["t", 0, 0], signal = "t" }')],
        "",
        ["[terms.zeeman] B: the expression depends on t"],
    ),
    "file missing": ([], '[initial]\nkind = "file"\nfile = "m0.ovf"\n', ['[initial] file: "m0.ovf" is no file']),
    "direction of zero length": (
        [],
        '[initial]\nkind = "uniform"\ndirection = [0, 0, 0]\n',
        ["[initial] direction: ", "zero length"],
    ),
    "wall direction": ([], '[initial]\nkind = "wall"\ninside = [0, 0, 0]\n', ["[initial] inside: ", "zero length"]),
    "m of zero length": (
        [("[10, 10, 1]", "[11, 11, 1]")],
        '[initial]\nkind = "expression"\nm = ["x", "y", 0]\n',
        ["[initial]: m has zero length in the cell (5, 5, 0)"],
    ),
    "term to set": (
        [],
        '[[stages]]\nkind = "set"\nvalues = { "terms.zeman.B" = [0, 0, 0] }\n',
        ['[[stages]] 3rd (set) values."terms.zeman.B"', "allowed: material.Ms", 'did you mean "terms.zeeman.B"?'],
    ),
    "value to set": (
        [],
        '[[stages]]\nkind = "set"\nvalues = { "terms.zeeman.B" = [0, "1 A/m", 0] }\n',
        ['[[stages]] 3rd (set) values."terms.zeeman.B": "1 A/m" is a magnetisation', "wanted a magnetic field B [T]"],
    ),
    "file to set": (
        [],
        '[[stages]]\nkind = "set"\nvalues = { "terms.zeeman.B" = { file = "b.npy" } }\n',
        ['[[stages]] 3rd (set) values."terms.zeeman.B".file: "b.npy" is no file'],
    ),
    "replicas": (
        [(B, "{ replicas = [[0, 0, 0], [0, 0, 1]] }"), (A, "{ replicas = [1e-11, 1e-11, 1e-11] }")],
        "",
        ["[terms.zeeman] B.replicas: has 2 values, but another parameter has 3"],
    ),
    "second term of a kind": (
        [],
        '[[terms.uniaxial_anisotropy]]\nKu1 = 1\n[[terms.uniaxial_anisotropy]]\nKu1 = "1 kJ/m"\n',
        ["[[terms.uniaxial_anisotropy]] 2nd Ku1: ", "wanted an energy density"],
    ),
    "hysteresis": (
        [],
        '[[stages]]\nkind = "hysteresis"\nterm = "zeman"\ndirection = [1, 0, 0]\nstart = 1\nstop = -1\nsteps = 2\n',
        ['[[stages]] 3rd (hysteresis) term: "zeman" is not among the zeeman terms', 'did you mean "zeeman"?'],
    ),
    "unused format": ([], '[output]\novf = "text"\n', ["[output]: ", 'formats = ["vti", "ovf"]']),
    "column": (
        [],
        '[expect.a]\ncolumn = "mxx"\nvalue = 1\ntolerance = 0.1\nsource = "x"\n',
        ['[expect.a] column: "mxx" is no column', "allowed: t, stage, mx", 'did you mean "mx"?'],
    ),
    "no source": (
        [],
        '[expect.a]\ncolumn = "mx"\nvalue = 1\ntolerance = 0.1\n',
        ["[expect.a] source: missing: publication"],
    ),
    "blank source": (
        [],
        '[expect.a]\ncolumn = "mx"\nvalue = 1\ntolerance = 0.1\nsource = " "\n',
        ["[expect.a] source: says nothing"],
    ),
    "no tolerance": (
        [],
        '[expect.a]\ncolumn = "mx"\nvalue = 1\ntolerance = 0\nsource = "x"\n',
        ["[expect.a] tolerance: came 0", "above 0"],
    ),
    "unit of a column": (
        [],
        '[expect.a]\ncolumn = "E_total"\nvalue = "1 T"\ntolerance = 1\nsource = "x"\n',
        ["[expect.a] value: ", "wanted an energy [J]"],
    ),
    "unused at": (
        [],
        '[expect.a]\ncolumn = "mx"\nat = 1\nvalue = 1\ntolerance = 1\nsource = "x"\n',
        ["[expect.a]: ", 'measure = "at"'],
    ),
    "stage without rows": (
        [],
        '[expect.a]\ncolumn = "mx"\nstage = 7\nvalue = 1\ntolerance = 1\nsource = "x"\n',
        ["[expect.a] stage: came 7", "0, 1"],
    ),
    "TOML": ([("[mesh]", "[mesh")], "", ["film.toml: is no TOML", "line 2"]),
}
