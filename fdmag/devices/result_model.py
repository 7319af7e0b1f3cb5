"""The curves of any device result as a compact model: its axes, its outputs, and its numbers as constants."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.compact_model import Axis, CompactModel, Output
from fdmag.devices.result import Quantity, Result, quantities
from fdmag.errors import ParameterError

__all__ = ["model_of"]


def model_of(result: Result, name: str, source: str = "") -> CompactModel:
    """Return the curves of a result as a table that can be interpolated, written and read again.

    Parameters
    ----------
    result : Result
        Its field with the most axes gives those of the model; but where it says what drives each replica
        (`Result.abscissa`), and no two are driven alike, the model is over this drive. An axis without numbers of its
        own, or whose numbers do not differ, such as replicas, counts from 0; one of length 1 is left out. Fields that
        are not finite numbers everywhere are left out too.
    name : str
    source : str
        By default the kind of the result.

    Raises
    ------
    ParameterError
        If nothing in the result varies along an axis.

    Examples
    --------
    >>> from fdmag.devices.write_energy import write_energy_scaling
    >>> model = model_of(write_energy_scaling([20e-9, 40e-9]), "writing")
    >>> sorted(model.axes), "energy" in model.outputs
    (['diameter', 'mechanism'], True)
    >>> print(f"{float(model(mechanism=0, diameter=30e-9)['energy']) * 1e15:.1f} fJ")
    168.3 fJ
    """
    declared = _over_the_drive(result)
    present = {key: what for key, what in declared.items() if what.dims and getattr(result, key) is not None}
    if not present:
        raise ParameterError(f"compact model {name!r}: {type(result).__name__} has numbers only, and no curves")
    every = [what.dims for key, what in present.items() if what.dims != (key,)] or [(key,) for key in present]
    dims = max(every, key=lambda own: (len(own), every.count(own)))
    along = {key: np.asarray(getattr(result, key)) for key, what in present.items() if set(what.dims) <= set(dims)}
    sizes = {dim: n for key, array in along.items() for dim, n in zip(present[key].dims, array.shape, strict=True)}
    kept = [dim for dim in dims if sizes[dim] > 1]
    if not kept:
        raise ParameterError(f"compact model {name!r}: every axis of {type(result).__name__} has one value only")
    axes, order = {}, {}
    for dim in kept:
        unit, values = _values(along.get(dim), sizes[dim])
        order[dim] = np.argsort(values, kind="stable")
        axes[dim] = Axis(present[dim].unit if unit and dim in present else "1", values[order[dim]])
    outputs = {}
    for key, array in along.items():
        if key in dims or key.startswith("sigma_") or not _usable(array):
            continue
        sigma = along.get(f"sigma_{key}")
        tables = [_spread(each, present[key].dims, sizes, kept, order) for each in (array, sigma)
                  if each is not None and _usable(each)]  # fmt: skip
        if present[key].unit == "rad" and len(kept) == 1:  # between −179° and 179° lies 180°, and not 0°
            tables[0] = np.unwrap(tables[0])
        outputs[key] = Output(present[key].unit, *tables)
    if not outputs:
        raise ParameterError(f"compact model {name!r}: no field of {type(result).__name__} is finite everywhere")
    numbers = {key: getattr(result, key) for key, what in declared.items() if not what.dims}
    constants = {key: (float(value), declared[key].unit) for key, value in numbers.items()
                 if value is not None and np.isfinite(value)}  # fmt: skip
    return CompactModel(name, axes, outputs, constants=constants, source=source or type(result).__name__)


def _over_the_drive(result: Result) -> dict[str, Quantity]:
    """Return what is declared; of what has a drive that differs, the numbers and what is known of each replica."""
    declared, drive = quantities(result), result.abscissa
    along = np.asarray(getattr(result, drive)) if drive else np.zeros(0)
    if along.size < 2 or not _usable(along) or np.unique(along).size < along.size:
        return declared
    of_replicas = {key: replace(what, dims=(drive,)) for key, what in declared.items() if what.dims == ("replica",)}
    return {key: what for key, what in declared.items() if not what.dims} | of_replicas


def _values(given: NDArray | None, size: int) -> tuple[bool, NDArray[np.float64]]:
    """Return whether an axis has numbers of its own, and its values: these, or 0, 1, 2, ..."""
    if given is not None and _usable(given) and given.dtype.kind in "fiu" and np.unique(given).size == size:
        return True, given.astype(float)
    return False, np.arange(size, dtype=float)


def _usable(array: NDArray) -> bool:
    return array.dtype.kind in "fiub" and bool(np.isfinite(array).all())


def _spread(
    array: NDArray, own: tuple[str, ...], sizes: dict[str, int], kept: list[str], order: dict[str, NDArray]
) -> NDArray[np.float64]:
    """Return values that lie along some of the axes over all that are kept, each in rising order."""
    values = array.astype(float)
    for place, dim in enumerate(own):
        if dim in kept:
            values = np.take(values, order[dim], axis=place)
    values = values.reshape([n for dim, n in zip(own, values.shape, strict=True) if dim in kept])
    mine = [dim for dim in own if dim in kept]
    values = values.transpose([mine.index(dim) for dim in kept if dim in mine])
    wide = values[tuple(slice(None) if dim in mine else None for dim in kept)]
    return np.broadcast_to(wide, tuple(sizes[dim] for dim in kept)).copy()
