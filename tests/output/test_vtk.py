"""ParaView files: read back bit for bit by VTK itself (through pyvista) and by fdmag."""

import struct
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdmag.errors import FileFormatError, ParameterError
from fdmag.mesh import Mesh
from fdmag.output import PvdSeries, read_vti, write_vti
from fdmag.output import vtk as vtk_module

MESH = Mesh(cells=(5, 3, 2), cell_size=(2e-9, 3e-9, 0.7e-9), origin=(1e-9, -4e-9, 0.1e-9))
RNG = np.random.default_rng(1)


@contextmanager
def memory_limit(size):
    """Fail if the block takes more than ``size`` byte at any moment."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


def fields(mesh=MESH):
    return {
        "m": RNG.normal(size=(3, *mesh.shape)),
        "B_demag": RNG.normal(size=(3, *mesh.shape)).astype(np.float32),
        "Ms": RNG.normal(size=mesh.shape),
        "region": RNG.integers(0, 300, size=mesh.shape).astype(np.uint16),
        "free & <fixed>": RNG.random(mesh.shape) < 0.5,
        "stress": RNG.normal(size=(6, *mesh.shape)),
    }


@pytest.mark.parametrize("block_size", [1 << 20, 64, 80])  # one block; full blocks only for m; partial last blocks
def test_vtk_reads_what_fdmag_wrote(tmp_path, monkeypatch, block_size):
    pyvista = pytest.importorskip("pyvista")
    monkeypatch.setattr(vtk_module, "BLOCK_SIZE", block_size)
    arrays = fields()
    time = 1.1e-9 / 3
    write_vti(tmp_path / "m.vti", MESH, arrays, time)
    grid = pyvista.read(tmp_path / "m.vti")
    assert grid.dimensions == (6, 4, 3)
    assert grid.spacing == MESH.cell_size
    assert grid.origin == MESH.origin
    assert grid.field_data["TimeValue"][0] == time
    assert grid.cell_data.active_vectors_name == "m"
    assert grid.cell_data.active_scalars_name == "Ms"
    for name, array in arrays.items():
        cells = grid.cell_data[name]
        expected = array.reshape(-1) if array.ndim == 3 else array.reshape(len(array), -1).T
        np.testing.assert_array_equal(cells, expected)
        assert cells.dtype == (np.uint8 if array.dtype == bool else array.dtype)


def test_cell_order_is_x_fastest(tmp_path):
    pyvista = pytest.importorskip("pyvista")
    x, y, z = (np.broadcast_to(c, MESH.shape) for c in (MESH.x, MESH.y, MESH.z))
    write_vti(tmp_path / "r.vti", MESH, {"r": np.stack([x, y, z])})
    grid = pyvista.read(tmp_path / "r.vti")
    np.testing.assert_allclose(grid.cell_centers().points, grid.cell_data["r"], rtol=1e-6, atol=1e-15)
    assert "TimeValue" not in grid.field_data


@pytest.mark.parametrize("block_size", [1 << 20, 64, 80])
def test_fdmag_reads_what_it_wrote(tmp_path, monkeypatch, block_size):
    monkeypatch.setattr(vtk_module, "BLOCK_SIZE", block_size)
    arrays = fields()
    write_vti(tmp_path / "m.vti", MESH, arrays, time=2e-10)
    mesh, read, time = read_vti(tmp_path / "m.vti")
    assert (mesh, time) == (MESH, 2e-10)
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == (np.uint8 if array.dtype == bool else array.dtype)
        np.testing.assert_array_equal(read[name], array)


@settings(max_examples=30, deadline=None)
@given(
    cells=st.tuples(*[st.integers(1, 4)] * 3),
    d=st.tuples(*[st.floats(1e-12, 1e-3)] * 3),
    origin=st.tuples(*[st.floats(-1, 1)] * 3),
    time=st.floats(allow_nan=False, allow_infinity=False),
    value=st.floats(),
)
def test_any_mesh_time_and_value_survive(tmp_path_factory, cells, d, origin, time, value):
    path = tmp_path_factory.mktemp("v") / "m.vti"
    mesh = Mesh(cells=cells, cell_size=d, origin=origin)
    write_vti(path, mesh, {"v": np.full(mesh.shape, value)}, time)
    read = read_vti(path)
    assert (read.mesh, read.time) == (mesh, time)
    np.testing.assert_array_equal(read.fields["v"], np.full(mesh.shape, value))


def test_other_memory_orders_and_byte_orders(tmp_path):
    m = RNG.normal(size=(3, *MESH.shape))
    write_vti(tmp_path / "m.vti", MESH, {"f": np.asfortranarray(m), "b": m.astype(">f8"), "s": m[:, :, ::1]})
    fields = read_vti(tmp_path / "m.vti").fields
    assert set(fields) == {"f", "b", "s"}
    for array in fields.values():
        np.testing.assert_array_equal(array, m)


def test_uniform_field_is_compact(tmp_path):
    mesh = Mesh(cells=(64, 64, 4), cell_size=(1e-9, 1e-9, 1e-9))
    write_vti(tmp_path / "m.vti", mesh, {"m": np.ones((3, *mesh.shape))})
    assert (tmp_path / "m.vti").stat().st_size < 0.02 * 8 * 3 * mesh.n_cells


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (np.zeros((5, 3, 2)), "shape"),
        (np.zeros((1, 3, *MESH.shape)), r"field\[replica\]"),
        (np.zeros(MESH.shape, complex), "complex"),
        (np.zeros(MESH.shape, np.float16), "float16"),
    ],
)
def test_wrong_fields_are_refused(tmp_path, field, message):
    with pytest.raises(ParameterError, match=message):
        write_vti(tmp_path / "m.vti", MESH, {"m": field})
    assert not list(tmp_path.iterdir())


def test_wrong_time_and_name_are_refused(tmp_path):
    with pytest.raises(ParameterError, match="time = nan"):
        write_vti(tmp_path / "m.vti", MESH, {}, time=float("nan"))
    with pytest.raises(ParameterError, match="cannot name"):
        write_vti(tmp_path / "m.vti", MESH, {"a\0": np.zeros(MESH.shape)})


def test_a_cut_at_any_byte_is_noticed(tmp_path):
    path = tmp_path / "m.vti"
    write_vti(path, MESH, {"m": RNG.normal(size=(3, *MESH.shape))})
    content = path.read_bytes()
    data_end = content.rindex(b"</AppendedData>")
    for end in range(0, data_end, 7):
        path.write_bytes(content[:end])
        with pytest.raises(FileFormatError, match=r"m\.vti"):
            read_vti(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'<?xml version="1.0"?>', b'<!DOCTYPE a [<!ENTITY b "c">]>', "DOCTYPE"),
        (b'"0 5 0 3 0 2"', b'"0 5000000 0 3000000 0 2000000"', "the mesh needs"),
        (b'"0 5 0 3 0 2"', b'"0 5 0 3 0 ' + b"9" * 5000 + b'"', "WholeExtent"),
        (b'"0 5 0 3 0 2"', b'"0 0 0 3 0 2"', "WholeExtent"),
        (b"LittleEndian", b"BigEndian", "byte_order"),
        (b'type="Float64" Name="m"', b'type="String" Name="m"', "type"),
        (b'offset="0"', b'offset="-1"', "offset"),
        (b'offset="0"', b'offset="99999999"', "cut short"),
        (b'Components="3"', b'Components="0"', "components"),
        (b'Spacing="2e-09', b'Spacing="-2e-09', "cell_size"),
        (b'Spacing="2e-09', b'Spacing="nan', "Spacing"),
        (b"<Piece", b"<Piece <", "damaged"),
        (b"ImageData ", b"Imagedata ", "damaged|ImageData"),
    ],
)
def test_damaged_headers_are_refused(tmp_path, old, new, message):
    path = tmp_path / "m.vti"
    write_vti(path, MESH, {"m": RNG.normal(size=(3, *MESH.shape))})
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(FileFormatError, match=message):
        read_vti(path)


def test_utf16_cannot_hide_a_doctype(tmp_path):
    head = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a>'.encode("utf-16")
    (tmp_path / "m.vti").write_bytes(head + vtk_module.APPENDED + b"_")
    with pytest.raises(FileFormatError):
        read_vti(tmp_path / "m.vti")


@pytest.mark.parametrize(
    "header",
    [
        (1, 1 << 60, 0),  # an exabyte from a small file
        (1 << 60, 1, 0),
        (0, 0, 0),
        (1, 720, 720),
    ],
)
def test_nonsense_block_headers_take_no_memory(tmp_path, header):
    path = tmp_path / "m.vti"
    write_vti(path, MESH, {"m": RNG.normal(size=(3, *MESH.shape))})
    content = bytearray(path.read_bytes())
    start = content.index(vtk_module.APPENDED) + len(vtk_module.APPENDED) + 1
    struct.pack_into("<3Q", content, start, *header)
    path.write_bytes(content)
    with memory_limit(2_000_000), pytest.raises(FileFormatError, match="block"):
        read_vti(path)


def test_header_and_blocks_that_agree_on_nonsense_are_refused(tmp_path):
    path = tmp_path / "m.vti"
    write_vti(path, MESH, {"m": RNG.normal(size=(3, *MESH.shape))})
    content = path.read_bytes().replace(b'"0 5 0 3 0 2"', b'"0 1000000 0 300000 0 2000000"')
    start = content.index(vtk_module.APPENDED) + len(vtk_module.APPENDED) + 1
    size = 10**6 * 3 * 10**5 * 2 * 10**6 * 24
    path.write_bytes(content[:start] + struct.pack("<4Q", 1, size, 0, 700) + content[start + 32 :])
    with memory_limit(2_000_000), pytest.raises(FileFormatError, match="cannot be in"):
        read_vti(path)


def test_changed_data_are_noticed(tmp_path):
    path = tmp_path / "m.vti"
    write_vti(path, MESH, {"m": RNG.normal(size=(3, *MESH.shape))})
    content = bytearray(path.read_bytes())
    content[-100] ^= 255
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="block 1 of 1"):
        read_vti(path)


def test_block_that_inflates_without_end_is_stopped(tmp_path):
    import zlib

    mesh = Mesh(cells=(10, 10, 10), cell_size=(1e-9, 1e-9, 1e-9))
    path = tmp_path / "m.vti"
    write_vti(path, mesh, {"m": np.zeros(mesh.shape)})
    content = path.read_bytes()
    start = content.index(vtk_module.APPENDED) + len(vtk_module.APPENDED) + 1
    bomb = zlib.compress(bytes(50_000_000))
    path.write_bytes(content[:start] + struct.pack("<4Q", 1, 8000, 0, len(bomb)) + bomb)
    with memory_limit(2_000_000), pytest.raises(FileFormatError, match="does not hold the 8000 byte"):
        read_vti(path)


class TestPvdSeries:
    def test_pyvista_reads_times_and_frames(self, tmp_path):
        pyvista = pytest.importorskip("pyvista")
        times = [i * 1e-10 / 3 for i in range(5)]
        (tmp_path / "fields").mkdir()
        with PvdSeries(tmp_path / "m.pvd") as series:
            for i, t in enumerate(times):
                file = tmp_path / "fields" / f"m{i:06d}.vti"
                write_vti(file, MESH, {"m": np.full((3, *MESH.shape), float(i))}, t)
                series.add(file, t)
        reader = pyvista.get_reader(tmp_path / "m.pvd")
        assert reader.time_values == times
        for i, t in enumerate(times):
            reader.set_active_time_value(t)
            frame = reader.read()[0]
            assert (frame.cell_data["m"] == i).all()
            assert frame.field_data["TimeValue"][0] == t

    def test_each_frame_is_listed_at_once(self, tmp_path):
        series = PvdSeries(tmp_path / "m.pvd")
        for i in range(3):
            series.add(tmp_path / f"{i}.vti", i * 1e-9)
            assert len(PvdSeries.reopen(tmp_path / "m.pvd").entries) == i + 1

    def test_bytes_written_per_frame_are_bounded(self, tmp_path, monkeypatch):
        sizes = []
        flush = PvdSeries.flush

        def counting_flush(self):
            flush(self)
            sizes.append(self.path.stat().st_size)

        monkeypatch.setattr(PvdSeries, "flush", counting_flush)
        series = PvdSeries(tmp_path / "m.pvd")
        series.entries = [(i * 1e-12, f"m{i:06d}.vti") for i in range(10_000)]
        series._written = 10_000
        for i in range(10_000, 10_100):
            series.add(tmp_path / f"m{i:06d}.vti", i * 1e-12)
        assert 5 <= len(sizes) <= 10
        assert sum(sizes) / 100 < 80_000
        series.close()
        assert len(PvdSeries.reopen(tmp_path / "m.pvd").entries) == 10_100

    def test_reopen_drops_later_frames(self, tmp_path):
        with PvdSeries(tmp_path / "m.pvd") as series:
            for i in range(4):
                series.add(tmp_path / f"{i}.vti", i * 1e-9)
        with PvdSeries.reopen(tmp_path / "m.pvd", until=1e-9) as series:
            assert [file for _, file in series.entries] == ["0.vti", "1.vti"]
        assert len(PvdSeries.reopen(tmp_path / "m.pvd").entries) == 2

    def test_same_time_replaces_and_earlier_is_refused(self, tmp_path):
        with PvdSeries(tmp_path / "m.pvd") as series:
            series.add(tmp_path / "a.vti", 1e-9)
            series.add(tmp_path / "b & c.vti", 1e-9)
            with pytest.raises(ParameterError, match="from 1e-09 s on"):
                series.add(tmp_path / "d.vti", 0.5e-9)
        assert PvdSeries.reopen(tmp_path / "m.pvd").entries == [(1e-9, "b & c.vti")]

    @pytest.mark.parametrize(
        "content",
        [
            b"<VTKFile type='ImageData'/>",
            b"<VTKFile type='Collection'><Collection><DataSet file='a' timestep='x'/></Collection></VTKFile>",
            b"<VTKFile type='Collection'><Collection><DataSet timestep='1'/></Collection></VTKFile>",
            b"<!DOCTYPE a><VTKFile type='Collection'/>",
            b"<VTKFile",
        ],
    )
    def test_damaged_collections_are_refused(self, tmp_path, content):
        (tmp_path / "m.pvd").write_bytes(content)
        with pytest.raises(FileFormatError, match=r"m\.pvd"):
            PvdSeries.reopen(tmp_path / "m.pvd")
