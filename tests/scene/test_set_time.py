"""A run that is stopped goes on from a file of m and its time, as if it had not been."""

import numpy as np

from fdmag.output import read_table
from fdmag.scene.run import run_scene

DRIVEN = ('B = [0, 0, "10 mT"]', 'B = { value = [0, "20 mT", "10 mT"], signal = { kind = "pulse", start = "4 ps", '
          'length = "3 ps", rise = "1 ps" } }')  # fmt: skip
WHOLE = ('kind = "relax"\n[[stages]]\n', ""), ('duration = "1 ps"', 'duration = "10 ps"\nfields_every = "5 ps"')
REST = (
    ('kind = "relax"', 'kind = "set"\ntime = "5 ps"'),
    ('duration = "1 ps"', 'duration = "5 ps"'),
)


def test_a_run_goes_on_at_the_time_of_its_file(scenes):
    whole = scenes.write(DRIVEN, *WHOLE)
    run_scene(whole, scenes.folder / "whole", device="numpy")
    initial = '[initial]\nkind = "file"\nfile = "whole/fields/m_000001.vti"\n'
    rest = scenes.write(DRIVEN, *REST, add=initial, name="rest.toml")
    run_scene(rest, scenes.folder / "rest", device="numpy")
    one, other = (read_table(scenes.folder / name / "table.csv") for name in ("whole", "rest"))
    assert other["t"][[0, -1]].tolist() == [5e-12, 10e-12]
    for axis in "xyz":
        np.testing.assert_allclose(other[f"m{axis}"][-1], one[f"m{axis}"][-1], rtol=0, atol=1e-7)
    assert np.hypot(one["mx"], one["my"])[-1] > 1e-3  # the pulse has turned m


def test_a_set_that_sets_nothing_is_refused(scenes):
    assert "sets nothing; give values" in scenes.errors(('kind = "relax"', 'kind = "set"'))
    assert "allowed: at least 0" in scenes.errors(('kind = "relax"', 'kind = "set"\ntime = "-1 ns"'))
