"""Scenes that try to break out or to break down: each is refused with a message, quickly, and nothing else happens."""

import os
import time

import pytest

from fdmag.scene.load import MAX_BYTES, load_scene
from fdmag.scene.problems import SceneError

B, A = '[0, 0, "10 mT"]', '"13 pJ/m"'


@pytest.mark.parametrize("name", ["../m.npy", "/etc/passwd", "a/../../m.npy", "link.npy", "linked/m.npy"])
def test_files_outside_the_folder_are_out_of_reach(scenes, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "m.npy").write_bytes(b"")
    (tmp_path / "m.npy").write_bytes(b"")
    scenes.folder = tmp_path / "inside"
    scenes.folder.mkdir()
    (scenes.folder / "a").mkdir()
    (scenes.folder / "link.npy").symlink_to(outside / "m.npy")
    (scenes.folder / "linked").symlink_to(outside)
    for add in (
        f'[initial]\nkind = "file"\nfile = "{name}"\n',
        f'[geometry]\nshape = {{ kind = "image", file = "{name}" }}\n',
        f'[[stages]]\nkind = "set"\nvalues = {{ "terms.zeeman.B" = {{ file = "{name}" }} }}\n',
    ):
        message = scenes.errors(add=add)
        assert "leads out of the scene's folder" in message or "is not a path below the scene's folder" in message


@pytest.mark.parametrize("name", ["", ".", "a\\u0000b.npy", "a" * 5000 + ".npy", "no/such/file.npy", "fifo.npy"])
def test_names_that_are_no_file(scenes, name):
    os.mkfifo(scenes.folder / "fifo.npy")
    assert "[initial] file: " in scenes.errors(add=f'[initial]\nkind = "file"\nfile = "{name}"\n')


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "open('x')",
        "x.real",
        "[1 for x in y]",
        "lambda: 1",
        "9**9**9**9**9",
        "exec(x)",
        "x;y",
        "(" * 300 + ")" * 300,
        "x" * 3000,
        "\\u0000",
    ],
)
def test_expressions_reach_nothing(scenes, formula):
    message = scenes.errors((B, f'{{ expression = ["{formula}", 0, 0] }}'))
    assert "[terms.zeeman] B: " in message


@pytest.mark.parametrize(
    "add",
    [
        "[geometry]\nshape = " + '{ kind = "union", shapes = [' * 200 + '"a"' + "] }" * 200,
        "[geometry]\nshape = " + '{ kind = "union", shapes = [' * 100_000 + '"a"' + "] }" * 100_000,
        "[geometry]\nshape" + ".shape" * 2000 + " = 1",
        "[geometry]\nshape = " + "[" * 5000 + "]" * 5000,
    ],
)
def test_deep_nesting(scenes, add):
    assert "nested too deeply" in scenes.errors(add=add)


def test_shapes_that_grow_without_end(scenes):
    """Thirty names, each made of two of the one before: 2**30 shapes when written out."""
    lines = ['[shapes.s0]\nkind = "box"\nsize = [1, 1, 1]']
    lines += [f'[shapes.s{n}]\nkind = "union"\nshapes = ["s{n - 1}", "s{n - 1}"]' for n in range(1, 31)]
    start = time.perf_counter()
    message = scenes.errors(add="\n".join([*lines, '[geometry]\nshape = "s30"\n']))
    assert "is made of" in message
    assert "draw it as an image" in message
    assert time.perf_counter() - start < 2


def test_long_chains_of_names(scenes):
    lines = ['[shapes.s0]\nkind = "box"\nsize = [1, 1, 1]']
    lines += [f'[shapes.s{n}]\nkind = "rotate"\nangle = 0\nshape = "s{n - 1}"' for n in range(1, 3000)]
    assert "deep, when every name is written out" in scenes.errors(
        add="\n".join([*lines, '[geometry]\nshape = "s2999"\n'])
    )


@pytest.mark.parametrize(
    "cells",
    [
        "1" + "0" * 30,
        "1" + "0" * 400,
        "1" * 5000,
        "0x" + "f" * 5000,
        "1e9",
        "true",
        "-1",
        '"10"',
        "9223372036854775808",
    ],
)
def test_cell_counts(scenes, cells):
    message = scenes.errors(("[10, 10, 1]", f"[{cells}, 1, 1]"))
    assert "[mesh] cells: came" in message or "is no TOML" in message


@pytest.mark.parametrize("value", ["true", "nan", "inf", "-inf", "0x" + "f" * 5000, '"1e999"', '"NaN"', "[]", "{}"])
def test_numbers(scenes, value):
    assert "[terms.exchange] A: " in scenes.errors((A, value))


@pytest.mark.parametrize(
    ("key", "value"),
    [("seed", "true"), ("seed", "-1"), ("seed", "1.0"), ("seed", '"1"'), ("seed", "9223372036854775808")],
)
def test_seeds(scenes, key, value):
    assert "[initial] seed: came" in scenes.errors(add=f'[initial]\nkind = "random"\n{key} = {value}\n')


def test_texts_do_not_steer_the_terminal(scenes):
    message = scenes.errors(add='["\\u001b[2J"]\n[shapes."a\\nfilm.toml: fine"]\nkind = "\\u001b[0m"\n')
    assert "\x1b" not in message
    assert "\nfilm.toml: fine" not in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\x00", "is no UTF-8 text"),
        (b'title = "a\x00"', "is no TOML"),
        (b"#" * (MAX_BYTES + 1), "10 MB"),
        (b"", "[mesh]: missing"),
    ],
)
def test_files_that_are_no_scene(tmp_path, content, told):
    path = tmp_path / "film.toml"
    path.write_bytes(content)
    with pytest.raises(SceneError, match=r"film\.toml: ") as caught:
        load_scene(path)
    assert told in str(caught.value)


@pytest.mark.parametrize("path", [".", "nothing.toml", "/dev/zero"])
def test_paths_that_are_no_file(path):
    with pytest.raises(SceneError, match=r"cannot be read|10 MB"):
        load_scene(path)


def test_a_byte_order_mark_does_no_harm(scenes):
    path = scenes.write()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_scene(path).simulation.mesh.cells == (10, 10, 1)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'", b"PK\x03\x04"])
@pytest.mark.parametrize("suffix", [".npy", ".ovf", ".vti", ".txt"])
def test_damaged_files(scenes, suffix, content):
    (scenes.folder / f"m{suffix}").write_bytes(content)
    assert "[initial]: m" in scenes.errors(add=f'[initial]\nkind = "file"\nfile = "m{suffix}"\n').replace(
        f"{scenes.folder}/", ""
    )
