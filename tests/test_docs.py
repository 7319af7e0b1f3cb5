"""What the user guide shows must work."""

import re
from pathlib import Path

import pytest

import fdmag
from fdmag.scene.load import load_scene

GUIDE = (Path(__file__).parents[1] / "docs" / "guide.md").read_text(encoding="utf-8")


def test_the_scene_of_the_guide_is_valid(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.S)
    (tmp_path / "guide.toml").write_text(text, encoding="utf-8")
    simulation = load_scene(tmp_path / "guide.toml").simulation
    assert list(simulation.terms) == ["demag", "exchange", "zeeman"]
    assert 0.7 < simulation.magnetic.mean() * 256**2 / 250**2 < 0.8  # π/4


@pytest.mark.parametrize("form", re.findall(r"\| `((?:Ku1|A|alpha|B) = .*?)` ?[,|]", GUIDE))
def test_every_form_of_a_parameter_in_the_guide_is_valid(form, tmp_path):
    text = """
    [mesh]
    cells = [4, 4, 1]
    cell = ["5 nm", "5 nm", "5 nm"]
    [regions.soft]
    shape = { kind = "box", size = ["10 nm", "10 nm", "10 nm"], center = ["-5 nm", 0, 0] }
    [[stages]]
    kind = "relax"
    """
    tables = {"A": "terms.exchange", "B": "terms.zeeman", "Ku1": "terms.uniaxial_anisotropy", "alpha": "material"}
    entries = {"material": ['Ms = "800 kA/m"']}
    entries.setdefault(tables[form.split(" ")[0]], []).append(form)
    entries.setdefault("terms.demag", [])
    for table, lines in entries.items():
        text += "\n".join([f"\n[{table}]", *lines])
    (tmp_path / "form.toml").write_text(text, encoding="utf-8")
    assert load_scene(tmp_path / "form.toml").simulation.batch in (1, 3)


def test_the_term_of_the_guide_works():
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    names = {}
    exec(code, names)
    mesh = fdmag.Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9))
    magnet = fdmag.Simulation(mesh, [names["Easy"](K=1e5)], Ms=8e5, m=(0.6, 0, 0.8))
    assert magnet.effective_field()[0, 0, 0, 0, 0] == pytest.approx(2 * 1e5 * 0.6 / 8e5)
    assert magnet.energy()[0] == pytest.approx(-1e5 * 0.36 * 2e-27)
