"""The kinds of devices that a scene may hold: one file each, found by themselves.

A kind is a `fdmag.scene.device_kinds.device_table.DeviceTable`: its entries, what they must agree on with the rest of
the scene, and how the `fdmag.devices.device.Device` is made.
"""

import importlib
import pkgutil
from functools import cache

from fdmag.scene.device_kinds.device_table import DeviceTable

__all__ = ["DeviceTable", "device_kinds"]


@cache
def device_kinds() -> dict[str, type[DeviceTable]]:
    """Return the tables by kind, in alphabetical order.

    >>> device_kinds()["mtj"].__name__
    'MtjTable'
    """
    found: dict[str, type[DeviceTable]] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            is_table = isinstance(value, type) and issubclass(value, DeviceTable) and "kind" in value.model_fields
            if is_table and value.__module__ == module.__name__:
                found[value.model_fields["kind"].default] = value
    return dict(sorted(found.items()))
