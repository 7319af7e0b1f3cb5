"""OVF files: exact round trips, the files of other programs, and damage that must be noticed."""

import re
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdmag.errors import FileFormatError, ParameterError
from fdmag.mesh import Mesh
from fdmag.output import read_ovf, write_ovf
from tests.closeness import close

MESH = Mesh(cells=(4, 3, 2), cell_size=(2e-9, 3e-9, 0.7e-9), origin=(1e-9, -4e-9, 0.1e-9))
RNG = np.random.default_rng(2)

# The number in each cell and component tells its place: 100 z + 10 y + x, plus 1000 for each component.
PLACES = sum(np.ogrid[:2, :3, :4][i] * 10 ** (2 - i) for i in range(3)) + 1000.0 * np.arange(3)[:, None, None, None]

OOMMF_2 = """# OOMMF OVF 2.0
#
# Segment count: 1
#
# Begin: Segment
# Begin: Header
#
# Title: Oxs_CGEvolve::Magnetization
# Desc: Oxs vector field output
# Desc:  Stage simulation time: 1e-12 s
# Desc:  Total simulation time: 2.5e-11 s
# meshunit: m   ## a comment
# meshtype: rectangular
# xbase: 5e-09
# YBase : 1e-09
# z base: 5e-10
# xnodes: 2
# ynodes: 1
# znodes: 1
# xstepsize: 1e-08
# ystepsize: 2e-09
# zstepsize: 1e-09
# xmin: 0
# ymin: 0
# zmin: 0
# xmax: 2e-08
# ymax: 2e-09
# zmax: 1e-09
# valuedim: 3
# valuelabels: Magnetization_x Magnetization_y Magnetization_z
# valueunits: A/m A/m A/m
# End: Header
# Begin: data text
1e5 0 0   # inline comment
# whole comment line
0 2e5
-3E5
# End: data text
# End: segment
"""

OOMMF_1 = """# OOMMF: rectangular mesh v1.0
# Segment count: 1
# Begin: Segment
# Begin: Header
# Title: old file
# meshtype: rectangular
# meshunit: nm
# xbase: 105
# ybase: 1
# zbase: 0.5
# xstepsize: 10
# ystepsize: 2
# zstepsize: 1
# xmin: 100
# ymin: 0
# zmin: 0
# xmax: 120
# ymax: 2
# zmax: 1
# xnodes: 2
# ynodes: 1
# znodes: 1
# ValueRangeMaxMag: 1
# ValueRangeMinMag: 1e-8
# valueunit: kA/m
# valuemultiplier: 8e2
# End: Header
"""


def oommf_1(binary: bytes, representation: str) -> bytes:
    return (
        OOMMF_1.encode()
        + f"# Begin: Data {representation}\n".encode()
        + binary
        + f"\n# End: Data {representation}\n# End: Segment\n".encode()
    )


@pytest.mark.parametrize("representation", ["binary8", "text", "binary4"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_round_trip_is_exact(tmp_path, representation, dtype):
    field = (RNG.normal(size=(3, *MESH.shape)) * 10.0 ** RNG.integers(-30, 30, size=MESH.shape)).astype(dtype)
    write_ovf(tmp_path / "m.ovf", MESH, field, format=representation, title="B demag", units="T", time=1e-9 / 3)
    data = read_ovf(tmp_path / "m.ovf")
    assert (data.mesh, data.title, data.units, data.time) == (MESH, "B demag", ("T", "T", "T"), 1e-9 / 3)
    assert data.values.dtype == (np.float32 if representation == "binary4" else np.float64)
    np.testing.assert_array_equal(data.values, field.astype(data.values.dtype))


@settings(max_examples=40, deadline=None)
@given(
    cells=st.tuples(*[st.integers(1, 3)] * 3),
    d=st.tuples(*[st.floats(1e-12, 1e-3)] * 3),
    time=st.floats(allow_nan=False, allow_infinity=False),
    value=st.floats(),
    representation=st.sampled_from(["binary8", "text"]),
    n=st.integers(1, 5),
)
def test_any_mesh_time_and_value_survive(tmp_path_factory, cells, d, time, value, representation, n):
    path = tmp_path_factory.mktemp("o") / "m.ovf"
    mesh = Mesh(cells=cells, cell_size=d)
    field = np.full((n, *mesh.shape), value)
    write_ovf(path, mesh, field, format=representation, time=time)
    data = read_ovf(path)
    assert (data.mesh, data.time) == (mesh, time)
    np.testing.assert_array_equal(data.values, field)


def test_layout_is_that_of_the_specification(tmp_path):
    write_ovf(tmp_path / "m.ovf", MESH, PLACES, title="M", units="A/m")
    content = (tmp_path / "m.ovf").read_bytes()
    header, _, rest = content.partition(b"# Begin: Data Binary 8\n")
    lines = header.decode().splitlines()
    assert lines[0] == "# OOMMF OVF 2.0"
    entries = dict(line[2:].split(": ", 1) for line in lines[1:])
    assert entries["meshtype"] == "rectangular"
    assert float(entries["xbase"]) == close(2e-9)  # centre of the first cell
    assert float(entries["xmin"]) == 1e-9
    assert float(entries["ymax"]) == close(5e-9)
    assert [entries[f"{a}nodes"] for a in "xyz"] == ["4", "3", "2"]
    assert entries["valuelabels"] == "M_x M_y M_z"
    assert entries["valueunits"] == "A/m A/m A/m"
    numbers = struct.unpack("<73d", rest[: 73 * 8])
    assert numbers[0] == 123456789012345.0
    assert numbers[1:7] == (0.0, 1000.0, 2000.0, 1.0, 1001.0, 2001.0)  # components together, x fastest
    assert numbers[1 + 4 * 3] == 10.0
    assert numbers[1 + 12 * 3] == 100.0
    assert rest[73 * 8 :] == b"\n# End: Data Binary 8\n# End: Segment\n"


def test_binary4_starts_with_its_own_check_value(tmp_path):
    write_ovf(tmp_path / "m.ovf", MESH, PLACES, format="binary4")
    rest = (tmp_path / "m.ovf").read_bytes().partition(b"# Begin: Data Binary 4\n")[2]
    assert struct.unpack("<2f", rest[:8]) == (1234567.0, 0.0)


def test_scalar_and_own_units(tmp_path):
    write_ovf(tmp_path / "a.ovf", MESH, PLACES[0], title="Energy density", units="J/m3")
    data = read_ovf(tmp_path / "a.ovf")
    assert (data.values.shape, data.units, data.title) == ((1, *MESH.shape), ("J/m3",), "Energy density")
    assert "# valuelabels: {Energy density}\n" in (tmp_path / "a.ovf").read_text("latin-1")
    write_ovf(tmp_path / "b.ovf", MESH, PLACES[:2], units=["", "A per m"])
    assert read_ovf(tmp_path / "b.ovf").units == ("", "A per m")


def test_labels_are_names_without_points(tmp_path):
    """discretisedfield, which reads OVF for Ubermag, refuses a label like energy_density.demag of a scalar."""
    write_ovf(tmp_path / "e.ovf", MESH, PLACES[0], title="energy_density.demag", units="J/m^3")
    write_ovf(tmp_path / "B.ovf", MESH, PLACES, title="B.demag", units="T")
    assert "# valuelabels: energy_density_demag\n" in (tmp_path / "e.ovf").read_text("latin-1")
    assert "# valuelabels: B_demag_x B_demag_y B_demag_z\n" in (tmp_path / "B.ovf").read_text("latin-1")
    assert read_ovf(tmp_path / "e.ovf").title == "energy_density.demag"


def test_oommf_2_text_with_comments_and_odd_keys(tmp_path):
    (tmp_path / "a.omf").write_text(OOMMF_2)
    data = read_ovf(tmp_path / "a.omf")
    assert data.mesh == Mesh(cells=(2, 1, 1), cell_size=(1e-8, 2e-9, 1e-9), origin=(0, 0, 0))
    assert (data.title, data.time) == ("Oxs_CGEvolve::Magnetization", 2.5e-11)
    np.testing.assert_array_equal(data.values[:, 0, 0], [[1e5, 0], [0, 2e5], [0, -3e5]])


def test_windows_line_ends(tmp_path):
    (tmp_path / "a.omf").write_bytes(OOMMF_2.replace("\n", "\r\n").encode())
    assert read_ovf(tmp_path / "a.omf").values[2, 0, 0, 1] == -3e5


def test_base_counts_when_min_is_only_a_display_range(tmp_path):
    (tmp_path / "a.omf").write_text(OOMMF_2.replace("xmin: 0", "xmin: -1e-6"))
    assert read_ovf(tmp_path / "a.omf").mesh.origin == pytest.approx((0, 0, 0), abs=1e-6 * 1e-9)


@pytest.mark.parametrize("order", [">", "<"])  # the specification says big endian; some writers differ
@pytest.mark.parametrize(("size", "check"), [(4, 1234567.0), (8, 123456789012345.0)])
def test_oommf_1_binary(tmp_path, order, size, check):
    numbers = np.array([check, 1, 0, 0, 0, -0.5, 0], dtype=f"{order}f{size}")
    (tmp_path / "a.omf").write_bytes(oommf_1(numbers.tobytes(), f"Binary {size}"))
    data = read_ovf(tmp_path / "a.omf")
    assert data.mesh.cells == (2, 1, 1)
    assert data.mesh.cell_size == close((1e-8, 2e-9, 1e-9))
    assert data.mesh.origin == close((1e-7, 0, 0))
    assert data.units == ("kA/m",) * 3
    np.testing.assert_array_equal(data.values[:, 0, 0], [[800, 0], [0, -400], [0, 0]])


def test_oommf_1_text(tmp_path):
    (tmp_path / "a.omf").write_bytes(oommf_1(b"1 0 0\n0 -0.5 0", "Text"))
    np.testing.assert_array_equal(read_ovf(tmp_path / "a.omf").values[:, 0, 0], [[800, 0], [0, -400], [0, 0]])


@pytest.mark.parametrize("representation", ["binary8", "binary4", "text"])
def test_a_cut_at_any_byte_is_noticed(tmp_path, representation):
    path = tmp_path / "m.ovf"
    write_ovf(path, MESH, PLACES, format=representation)
    content = path.read_bytes()
    for end in range(0, content.rindex(b"# End: Data"), 5):
        path.write_bytes(content[:end])
        with pytest.raises(FileFormatError, match=r"m\.ovf"):
            read_ovf(path)


KEYS = ["meshtype", "meshunit", "xbase", "ynodes", "zstepsize", "valuedim"]


@pytest.mark.parametrize("key", KEYS)
def test_missing_keys_are_named(tmp_path, key):
    (tmp_path / "a.omf").write_text(re.sub(rf"(?m)^# {key}:.*\n", "", OOMMF_2))
    with pytest.raises(FileFormatError, match=f"lacks the key '{key}'"):
        read_ovf(tmp_path / "a.omf")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# OOMMF OVF 2.0", "# OOMMF OVF 3.0", "starts with '# OOMMF OVF 2.0'"),
        ("rectangular", "irregular", "meshtype is 'irregular'"),
        ("meshunit: m ", "meshunit: inch ", "meshunit is 'inch'; allowed"),
        ("xnodes: 2", "xnodes: 3", "6 numbers follow, the header promises 9"),
        ("xnodes: 2", "xnodes: 1000000000", "promises 3000000000"),
        ("xnodes: 2", "xnodes: " + "9" * 5000, "xnodes"),
        ("xnodes: 2", "xnodes: -2", "integer of at least 1"),
        ("xnodes: 2", "xnodes: 2.5", "integer of at least 1"),
        ("valuedim: 3", "valuedim: 0", "valuedim"),
        ("xstepsize: 1e-08", "xstepsize: 0", "cell_size"),
        ("xbase: 5e-09", "xbase: here", "xbase is 'here'"),
        ("xbase: 5e-09", "xbase: inf", "xbase is 'inf'"),
        ("A/m A/m A/m", "A/m A/m", "valueunits has 2 words"),
        ("2.5e-11 s", "soon s", "'soon'"),
        ("-3E5", "-3F5", "not a number"),
        ("count: 1", "count: 2", "Segment count is '2'"),
        ("data text", "data binary 16", "no line"),
    ],
)
def test_damaged_headers_are_refused(tmp_path, old, new, message):
    assert old in OOMMF_2
    (tmp_path / "a.omf").write_text(OOMMF_2.replace(old, new))
    with pytest.raises(FileFormatError, match=message) as error:
        read_ovf(tmp_path / "a.omf")
    assert "a.omf" in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"# xnodes: 4", b"# xnodes: 3", "no '# End: Data'"),
        (b"# xnodes: 4", b"# xnodes: 5", "cut short, or nodes"),
        (b"# xnodes: 4", b"# xnodes: 400000000", "only .* byte follow"),
        (struct.pack("<d", 123456789012345.0), struct.pack("<d", 1.5), "check value is 1.5; 123456789012345.0"),
    ],
)
def test_damaged_binary_is_refused(tmp_path, old, new, message):
    write_ovf(tmp_path / "m.ovf", MESH, PLACES)
    content = (tmp_path / "m.ovf").read_bytes()
    assert old in content
    (tmp_path / "m.ovf").write_bytes(content.replace(old, new))
    with pytest.raises(FileFormatError, match=message):
        read_ovf(tmp_path / "m.ovf")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "binary9"}, 'did you mean "binary8"'),
        ({"title": "a\nb"}, "header"),
        ({"title": ""}, "title is empty"),
        ({"units": "}{"}, "header"),
        ({"units": ["T", "T"]}, "2 units for 3"),
        ({"time": float("inf")}, "finite"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        write_ovf(tmp_path / "m.ovf", MESH, PLACES, **options)
    assert not list(tmp_path.iterdir())


def test_float32_overflow_is_an_error(tmp_path):
    with pytest.raises(ParameterError, match="too large for float32"):
        write_ovf(tmp_path / "m.ovf", MESH, PLACES * 1e36, format="binary4")
    write_ovf(tmp_path / "m.ovf", MESH, np.full(MESH.shape, np.inf), format="binary4")
    assert np.isinf(read_ovf(tmp_path / "m.ovf").values).all()
