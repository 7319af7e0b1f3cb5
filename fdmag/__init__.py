"""fdmag: finite-difference micromagnetics for spintronic devices.

A film of permalloy relaxes, is then reversed by a field, and its magnetisation is read off as NumPy arrays:

>>> import fdmag
>>> from fdmag.terms import Demag, Exchange, Zeeman
>>> mesh = fdmag.Mesh(cells=(40, 10, 1), cell_size=(12.5e-9, 12.5e-9, 3e-9))
>>> film = fdmag.Simulation(mesh, [Exchange(A=13e-12), Demag(), Zeeman(B=(0, 0, 0))], Ms=8e5, alpha=0.02, m=(1, 0.1, 0))
>>> torque = film.minimize()
>>> film.set("zeeman.B", (-24.6e-3, 4.3e-3, 0))
>>> mx = []
>>> film.run(0.2e-9, every=10e-12, callback=lambda film: mx.append(film.average_m()[0, 0]))
>>> bool(mx[0] > 0.9 > 0 > mx[-1])
True
>>> film.m.shape  # replica, component, z, y, x
(1, 3, 1, 10, 40)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fdmag.grains import PerGrain, TiltedPerGrain
    from fdmag.mesh import Mesh
    from fdmag.parameter import Driven, PerReplica, Sum
    from fdmag.regions import Regions
    from fdmag.simulation import Simulation

_HOME = {
    "Driven": "fdmag.parameter",
    "Mesh": "fdmag.mesh",
    "PerGrain": "fdmag.grains",
    "PerReplica": "fdmag.parameter",
    "Regions": "fdmag.regions",
    "Simulation": "fdmag.simulation",
    "Sum": "fdmag.parameter",
    "sweep": "fdmag.scene.sweeps.run",
    "TiltedPerGrain": "fdmag.grains",
}
__all__ = ["Driven", "Mesh", "PerGrain", "PerReplica", "Regions", "Simulation", "Sum", "TiltedPerGrain", "sweep"]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that ``import fdmag`` stays quick."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
