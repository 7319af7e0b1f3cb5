"""Atomic writing: the old file or the new one, never a mixture, never litter."""

import stat

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
