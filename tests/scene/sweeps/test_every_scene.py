"""Whatever a scene holds and does can be swept: every scene that is shipped, and every number of its devices."""

import tomllib
from typing import Any

import pytest

from fdmag.scene.schema import scene_model
from fdmag.scene.shipped import shipped_scenes
from fdmag.scene.sweeps.check import is_sweep, load_sweep
from fdmag.scene.sweeps.paths import target

SHIPPED = shipped_scenes()
GAMMA = 'sweep.quantities.gamma_of_all={path="material.gamma", values=[1.76e11]}'


@pytest.mark.parametrize("name", [name for name, path in SHIPPED.items() if not is_sweep(path)])
def test_every_scene_can_be_swept(name, monkeypatch):
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    sweep = load_sweep(SHIPPED[name], [GAMMA])
    assert sweep.expansion.dimensions == {"gamma_of_all": 1}


def numbers(data: Any, above: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the paths of all quantities of a table: numbers, and texts that begin with one."""
    if isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        return [path for key, value in items for path in numbers(value, (*above, str(key)))]
    text = str(data).lstrip("+-.")
    return [above] if not isinstance(data, bool) and text[:1].isdigit() else []


def test_every_quantity_of_a_device_can_be_swept_and_has_its_unit():
    found = {}
    for path in SHIPPED.values():
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        for parts in numbers(raw.get("device", {}), ("device",)):
            told = ".".join(f'"{part}"' if "." in part else part for part in parts)
            aim = target(raw, told, scene_model())
            assert aim.path == parts
            found[path.stem, told] = aim.unit, aim.whole
    assert len(found) > 150
    assert found["binary_synapse", "device.synapse.amplitude.0"] == ("A/m^2", False)
    assert found["variability_sot", "device.rho.values.lambda_sf"] == ("m", False)
    assert found["variability_sot", 'device.wafer.spreads."material.Ms".CV'] == ("1", False)
    assert found["nanopillar_phase_diagram", "device.field.measure.B.linspace.1"] == ("T", False)
    assert found["nanopillar_phase_diagram", "device.field.measure.B.linspace.2"] == ("1", True)
