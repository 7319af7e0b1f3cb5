"""Every mistake gives one message: file, table, key, what came, what is allowed, the nearest name."""

import pytest

from tests.scene.broken_scenes import BROKEN, DURATION, MS, A, B


@pytest.mark.parametrize("name", BROKEN)
def test_one_message_says_it_all(scenes, name):
    changes, add, wanted = BROKEN[name]
    message = scenes.errors(*changes, add=add)
    for part in wanted:
        assert part in message
    assert message.startswith("film.toml: ")
    assert len(scenes.problems(*changes, add=add)) == 1, message


@pytest.mark.parametrize("name", BROKEN)
def test_lines_fit_a_terminal(scenes, name):
    changes, add, _ = BROKEN[name]
    with pytest.raises(ValueError, match=r"film\.toml") as caught:
        scenes.load(*changes, add=add)
    wrapped = caught.value.wrapped()
    assert all(len(line) <= 100 for line in wrapped.splitlines())
    assert wrapped.replace("\n", "").replace(" ", "") == str(caught.value).replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("name", BROKEN)
def test_a_problem_is_one_line(scenes, name):
    changes, add, _ = BROKEN[name]
    with pytest.raises(ValueError, match=r"film\.toml") as caught:
        scenes.load(*changes, add=add)
    formula = "    " in str(caught.value)
    assert len(str(caught.value).splitlines()) == (3 if formula else 1)


def test_all_errors_of_a_file_at_once(scenes):
    """Mistakes of units, names, files, shapes on the mesh and expectations do not hide each other."""
    problems = scenes.problems(
        (MS, '"800 kA"'),
        (A, '{ expression = "0*x - 1" }'),
        ("alpha", "alpa"),
        (DURATION, 'duration = "1 T"'),
        add="""
        [shapes.disc]
        kind = "cylinder"
        diameter = "1 nm"
        [geometry]
        shape = { kind = "translate", shape = "disc", by = ["1 um", 0, 0] }
        [initial]
        kind = "file"
        file = "m.npy"
        [expect.a]
        column = "Bxx"
        value = 1
        tolerance = 1
        source = "s"
        """,
    )
    starts = [
        "[material] Ms",
        "[material] alpa",
        "[terms.exchange] A",
        "[[stages]] 2nd",
        "[geometry]",
        "[initial]",
        "[expect.a]",
    ]
    wanted = {start: sum(problem.startswith(start) for problem in problems) for start in starts}
    assert wanted == dict.fromkeys(starts, 1)
    assert len(problems) == len(starts)


def test_a_missing_key_is_told_beside_unknown_ones(scenes):
    problems = scenes.problems((DURATION, 'time = "1 ps"\ndirection = 1\ntable = "1 ps"'))
    assert sum("duration: missing" in problem for problem in problems) == 1
    assert sum("unknown key" in problem for problem in problems) == 3
    assert len(problems) == 4


def test_a_name_in_the_table_of_regions_is_known_though_its_shape_is_wrong(scenes):
    problems = scenes.problems(
        (A, "{ regions = { lft = 1e-11, default = 1e-11 } }"), add="[regions.left]\nshape = { kind = 'bx' }\n"
    )
    assert len(problems) == 2
    assert any('did you mean "left"?' in problem for problem in problems)


def test_formula_and_mark_are_aligned(scenes):
    with pytest.raises(ValueError, match="sinn") as caught:
        scenes.load((B, '{ expression = [0, 0, "1 + sinn(t)"] }'))
    lines = str(caught.value).splitlines()
    assert lines[-2:] == ["    1 + sinn(t)", "        ^"]
