"""The table: full precision, whole rows only, refuses what it cannot hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdmag.errors import FileFormatError, OutputError, ParameterError
from fdmag.output import Table, read_table

COLUMNS = {"t": "s", "stage": "1", "replica": None, "mx": "1", "E_total": "J"}


def write(path, n=5, batch=2):
    with Table(path, COLUMNS) as table:
        for i in range(n):
            mx = np.array([i / 3, np.pi * i])[:batch]
            table.append({"t": i * 1e-12 / 3, "stage": 1, "replica": np.arange(batch), "mx": mx, "E_total": -1e-18})
    return table


def test_header_has_names_and_units(tmp_path):
    write(tmp_path / "table.csv", n=0)
    assert (tmp_path / "table.csv").read_text() == "t (s),stage (1),replica,mx (1),E_total (J)\n"


def test_memory_and_file_agree_exactly(tmp_path):
    table = write(tmp_path / "table.csv")
    read = read_table(tmp_path / "table.csv")
    assert read.units == COLUMNS == table.data.units
    assert len(read) == len(table) == 10
    for name in COLUMNS:
        assert read[name].dtype == table.data[name].dtype == (int if name in ("stage", "replica") else float)
        np.testing.assert_array_equal(read[name], table.data[name])
    assert read["t"][2] == 1e-12 / 3


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.floats(), min_size=1, max_size=20))
def test_any_float_survives(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("t") / "table.csv"
    with Table(path, {"v": "T"}) as table:
        table.append({"v": values})
    np.testing.assert_array_equal(read_table(path)["v"], values)
    np.testing.assert_array_equal(table.data["v"], values)


def test_float32_survives(tmp_path):
    value = np.float32(0.1)
    with Table(tmp_path / "t.csv", {"v": "T"}) as table:
        table.append({"v": value})
    assert read_table(tmp_path / "t.csv")["v"][0] == value


def test_replica_is_selected(tmp_path):
    write(tmp_path / "table.csv")
    one = read_table(tmp_path / "table.csv", replica=1)
    assert len(one) == 5
    np.testing.assert_array_equal(one["mx"], np.pi * np.arange(5))
    with pytest.raises(ParameterError, match=r"replica 7 has no rows.*\[0, 1\]"):
        read_table(tmp_path / "table.csv", replica=7)


def test_names_that_need_quotes(tmp_path):
    with Table(tmp_path / "t.csv", {'a, "b"': "A/(m s)", "ä": None}) as table:
        table.append({'a, "b"': 1.5, "ä": 2})
    data = read_table(tmp_path / "t.csv")
    assert data.units == {'a, "b"': "A/(m s)", "ä": None}
    assert data['a, "b"'][0] == 1.5


def test_a_kill_at_any_byte_leaves_whole_rows(tmp_path):
    write(tmp_path / "table.csv", n=3)
    content = (tmp_path / "table.csv").read_bytes()
    header = content.index(b"\n") + 1
    for end in range(header, len(content) + 1):
        (tmp_path / "cut.csv").write_bytes(content[:end])
        data = read_table(tmp_path / "cut.csv")
        assert len(data) == content[:end].count(b"\n") - 1
        np.testing.assert_array_equal(data["mx"], read_table(tmp_path / "table.csv")["mx"][: len(data)])


def test_zero_bytes_of_a_power_failure_are_ignored(tmp_path):
    write(tmp_path / "table.csv", n=2)
    with (tmp_path / "table.csv").open("ab") as file:
        file.write(b"1.0,2" + bytes(50))
    assert len(read_table(tmp_path / "table.csv")) == 4


@pytest.mark.parametrize("rows", [None, 4, 0])
def test_reopen_continues_after_a_half_line(tmp_path, rows):
    path = tmp_path / "table.csv"
    write(path, n=3)
    before = read_table(path)
    with path.open("ab") as file:
        file.write(b"9e-12,1,0,0.")
    keep = 6 if rows is None else rows
    with Table.reopen(path, rows=rows) as table:
        assert len(table) == keep
        table.append({"t": 1.0, "stage": 2, "replica": 0, "mx": 0.5, "E_total": 0.0})
    data = read_table(path)
    np.testing.assert_array_equal(data["mx"], [*before["mx"][:keep], 0.5])
    np.testing.assert_array_equal(table.data["mx"], data["mx"])


def test_reopen_cannot_invent_rows(tmp_path):
    write(tmp_path / "table.csv", n=1)
    with pytest.raises(ParameterError, match="the file has 2"):
        Table.reopen(tmp_path / "table.csv", rows=3)


def test_rows_are_on_disk_before_close(tmp_path):
    table = Table(tmp_path / "t.csv", {"v": "1"})
    table.append({"v": 1.5})
    assert len(read_table(tmp_path / "t.csv")) == 1
    table.close()


def test_each_row_costs_only_itself(tmp_path, monkeypatch):
    import os

    sizes = []
    write_bytes = os.write
    table = Table(tmp_path / "t.csv", {"v": "1"})
    monkeypatch.setattr(os, "write", lambda fd, data: sizes.append(len(data)) or write_bytes(fd, data))
    for _ in range(100):
        table.append({"v": 0.5})
    table.close()
    assert sizes == [len("0.5\n")] * 100


def test_a_full_disk_leaves_whole_rows(tmp_path, monkeypatch):
    import os

    table = Table(tmp_path / "t.csv", {"v": "1"})
    table.append({"v": 1.5})
    write_bytes, calls = os.write, []

    def full(fd, data):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write_bytes(fd, data[:2])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError, match="No space left"):
        table.append({"v": 2.5})
    assert (tmp_path / "t.csv").read_text() == "v (1)\n1.5\n"
    assert len(table) == 1
    table.close()


def test_existing_file_is_not_overwritten_by_accident(tmp_path):
    write(tmp_path / "table.csv")
    with pytest.raises(OutputError, match="overwrite=True"):
        Table(tmp_path / "table.csv", COLUMNS)
    Table(tmp_path / "table.csv", COLUMNS, overwrite=True).close()
    assert len(read_table(tmp_path / "table.csv")) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"v": 1.0}, "lacks w"),
        ({"v": 1.0, "w": 1.0, "wv": 2.0}, "no column 'wv'"),
        ({"v": "1.0", "w": 1.0}, "real number"),
        ({"v": 1j, "w": 1.0}, "real number"),
        ({"v": [1.0, 2.0], "w": [1.0, 2.0, 3.0]}, "different lengths"),
    ],
)
def test_wrong_rows_are_refused(tmp_path, row, message):
    with Table(tmp_path / "t.csv", {"v": "1", "w": "1"}) as table, pytest.raises(ParameterError, match=message):
        table.append(row)
    assert len(table) == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "at least one column"),
        ({"": "s"}, "cannot name a column"),
        ({"a\nb": "s"}, "cannot name a column"),
        ({"a (b)": "s"}, "cannot name a column"),
        ({"a": ""}, "has unit ''"),
        ({"a": "\n"}, "has unit"),
    ],
)
def test_impossible_columns_are_refused(tmp_path, columns, message):
    with pytest.raises(ParameterError, match=message):
        Table(tmp_path / "t.csv", columns)
    assert not (tmp_path / "t.csv").exists()


def test_closed_table_says_so(tmp_path):
    table = write(tmp_path / "table.csv")
    with pytest.raises(OutputError, match="closed"):
        table.append({})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no header"),
        (b"a (s),b\n1.0\n", "line 2: has 1 cells"),
        (b"a (s),b\n1.0,x\n", "line 2: column 'b' holds 'x'"),
        (b"a (s),a (T)\n1,1\n", "must differ"),
        (b"a (s)\n\xff\n", "not a table"),
    ],
)
def test_damaged_files_are_refused(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        read_table(tmp_path / "t.csv")


def test_unknown_column_gets_a_suggestion(tmp_path):
    write(tmp_path / "table.csv")
    with pytest.raises(ParameterError, match='did you mean "E_total"'):
        read_table(tmp_path / "table.csv")["E_totl"]
