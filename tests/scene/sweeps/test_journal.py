"""The journal of a sweep: a member counts once, and what the disk lost is missing."""

import numpy as np
import pytest

from fdmag import Mesh
from fdmag.errors import OutputError
from fdmag.output import TableData, read_table
from fdmag.scene.sweeps.chunk import MemberResult
from fdmag.scene.sweeps.journal import Journal

MESH = Mesh((1, 1, 1), (1e-9, 1e-9, 1e-9))
UNITS = {"t": "s", "stage": "1", "replica": None, "mz": "1"}


def result(member: int, mz: float = 1 / 3, **more) -> MemberResult:
    columns = {"t": np.array([0.1]), "stage": np.array([0]), "replica": np.array([0]), "mz": np.array([mz])}
    counts = {"steps": 3, "rejected_steps": 1, "evaluations": 19}
    return MemberResult(
        member, table=TableData(columns, UNITS), counts=counts, device="host", precision="float64", **more
    )


def recovered(folder, count=10):
    journal = Journal(folder, count)
    journal.recover()
    return journal.results


def test_what_is_written_comes_back(tmp_path):
    journal = Journal(tmp_path, 10)
    journal.add([result(3), MemberResult(4, "it diverges")], MESH)
    found = recovered(tmp_path)
    assert set(found) == {3, 4}
    assert found[3].table["mz"][0] == 1 / 3
    assert (found[3].counts["evaluations"], found[3].device, found[4].error) == (19, "host", "it diverges")
    assert read_table(tmp_path / "members" / "0003" / "table.csv")["mz"][0] == 1 / 3


def test_a_member_whose_fields_are_gone_is_missing(tmp_path):
    Journal(tmp_path, 10).add([result(number, fields={"m": np.ones((3, 1, 1, 1))}) for number in (3, 5)], MESH)
    (tmp_path / "members" / "0003" / "m.vti").unlink()
    assert set(recovered(tmp_path)) == {5}


def test_a_member_counts_once(tmp_path):
    """As when a worker that was given up answers after all."""
    journal = Journal(tmp_path, 10)
    assert [each.member for each in journal.add([result(3), result(5)], MESH)] == [3, 5]
    assert [each.member for each in journal.add([result(3, 0.7), result(6)], MESH)] == [6]
    assert (tmp_path / "members.jsonl").read_text().count("\n") == 3
    assert recovered(tmp_path)[3].table["mz"][0] == 1 / 3


def test_members_whose_error_need_not_come_again_are_computed_again(tmp_path):
    Journal(tmp_path, 10).add([MemberResult(2, "its worker was killed", lasting=False)], MESH)
    assert not recovered(tmp_path)


@pytest.mark.parametrize(
    "damage", [b'{"member": 5, "status": "fin', b"\0\0\0", b"nonsense\n", b'{"member": 99}\n', b"[1]\n"]
)
def test_lines_that_are_damaged_are_members_that_are_missing(damage, tmp_path):
    Journal(tmp_path, 10).add([result(3)], MESH)
    with (tmp_path / "members.jsonl").open("ab") as file:
        file.write(damage)
    journal = Journal(tmp_path, 10)
    journal.recover()
    assert set(journal.results) == {3}
    journal.add([result(5)], MESH)  # goes on behind what was cut off
    assert set(recovered(tmp_path)) == {3, 5}


def test_more_members_leave_those_there_are_where_they_are(tmp_path):
    """The names of their directories do not depend on how many there are."""
    Journal(tmp_path, 10).add([result(3)], MESH)
    assert set(recovered(tmp_path, 20_000)) == {3}


def test_a_disk_that_does_not_take_it(tmp_path):
    journal = Journal(tmp_path, 10)
    (tmp_path / "members").write_text("a file where the directory should be")
    with pytest.raises(OutputError, match="cannot be written"):
        journal.add([result(3)], MESH)
