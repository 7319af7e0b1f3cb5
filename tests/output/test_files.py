"""Atomic writing: the old file or the new one, never a mixture, never litter."""

import errno
import os
import stat
from pathlib import Path

import pytest

from fdmag.errors import OutputError
from fdmag.output import atomic_write


def test_file_appears_only_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path, text=True) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_exception_keeps_the_old_file_and_leaves_no_litter(tmp_path, error):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fail_halfway():
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail_halfway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_has_unix_line_ends_and_utf8(tmp_path):
    with atomic_write(tmp_path / "a", text=True) as file:
        file.write("µ\n")
    assert (tmp_path / "a").read_bytes() == "µ\n".encode()


def test_permissions_follow_the_umask(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic_write(tmp_path / "atomic") as file:
        file.write(b"")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "atomic")]
    assert modes[0] == modes[1]


def test_symbolic_link_is_followed(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with atomic_write(tmp_path / "link", text=True) as file:
        file.write("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_long_names_are_possible(tmp_path):
    path = tmp_path / ("n" * 250)
    with atomic_write(path) as file:
        file.write(b"1")
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize("where", ["missing/a.txt", "."])
def test_error_names_the_path(tmp_path, where):
    with pytest.raises(OutputError, match=r"folder|directory"), atomic_write(tmp_path / where):
        pass


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch, call):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr(*(os, "fsync", full) if call == "fsync" else (type(tmp_path), "replace", full))
    with pytest.raises(OutputError, match=r"a\.txt: cannot be written \(No space left"):  # noqa: SIM117
        with atomic_write(tmp_path / "a.txt", text=True) as file:
            file.write("new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_failing_write_is_told_with_the_file(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with pytest.raises(OutputError, match="No space left"), atomic_write(tmp_path / "a") as file:  # noqa: PT012
        descriptor = os.open("/dev/full", os.O_WRONLY)
        os.dup2(descriptor, file.fileno())
        os.close(descriptor)
        file.write(b"x" * 10**6)
    assert list(tmp_path.iterdir()) == []
