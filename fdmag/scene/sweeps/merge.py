"""Several scenes as the replicas of one simulation: which can be, and how.

Two members are replicas of one batch if their simulations differ in the numbers of their parameters alone: same mesh
and regions, same terms, parameters that vary over the same axes, same stages. Each then takes, bit for bit, the path
it takes alone. What is zero everywhere in one member and not in another keeps them apart, because terms may leave out
what is zero: a torque without current, noise at T = 0.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.parameter import Declaration, Driven, Parameter, PerReplica, Sum
from fdmag.scene import tables
from fdmag.scene.build import Parts
from fdmag.shares import ReplicaShares, Shares
from fdmag.signals import Signal
from fdmag.simulation import Simulation
from fdmag.terms import Material, Term


def shapes(simulation: Simulation) -> list[tuple[Any, ...]]:
    """Return over what each parameter of a simulation varies, and whether it is zero everywhere."""
    return [(q.where, q.base.shape[1:], q.constant, bool(q.base.any())) for q in simulation.parameters()]


def signature(parts: Parts, simulation: Simulation, stages: Sequence[Any], columns: Sequence[str]) -> str:
    """Return a text that is the same for all members that can be replicas of one batch.

    Parameters
    ----------
    parts : Parts
    simulation : Simulation
        Made of them.
    stages : sequence of tables of stages
    columns : sequence of str
        Further columns of the table.
    """
    mesh, declared = parts.mesh, _declared(parts)
    told: list[Any] = [mesh.cells, mesh.cell_size, mesh.periodic, mesh.origin, tuple(columns), shapes(simulation)]
    told += [parts.regions.names, _digest(parts.regions.numbers)]
    told += [_stage(stage) for stage in stages]
    told += [_form(parts.material.get(key)) for key in Material.parameters()]
    for term in parts.terms:
        told += [type(term).__qualname__, _others(term)]
        told += [_form(getattr(term, key)) for key in term.parameters()]
    for settings in parts.settings:
        for path, value in sorted(settings.items()):
            if path not in declared:  # a state
                told += [path, value.shape[1:]]
                continue
            base = Parameter(value, declared[path], mesh, parts.regions, path).base
            told += [path, _form(value), base.shape[1:], bool(base.any())]
    told.append(_filled(parts))
    if (finer := parts.finer) is not None:
        told += [_digest(finer.regions.numbers), _filled(finer)]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def merged(members: Sequence[Parts]) -> Parts:
    """Return the parts of a simulation whose replicas are these members, all of one signature."""
    first = members[0]
    if len(members) == 1:
        return first
    declared = _declared(first)

    def value(found: Callable[[Parts], Any], declaration: Declaration) -> Any:
        return _value([found(parts) for parts in members], declaration, first)

    material = {
        key: value(lambda parts, key=key: parts.material.get(key), declaration)  # type: ignore[misc]
        for key, declaration in Material.parameters().items()
    }
    terms = []
    for number, term in enumerate(first.terms):
        own = {
            key: value(lambda parts, i=number, key=key: getattr(parts.terms[i], key), declaration)  # type: ignore[misc]
            for key, declaration in term.parameters().items()
        }
        own |= {key: PerReplica([getattr(parts.terms[number], key) for parts in members]) for key in term.per_replica}
        terms.append(replace(term, **own))
    settings = [
        {
            path: value(lambda parts, i=index, path=path: parts.settings[i][path], declared[path])  # type: ignore[misc]
            if path in declared
            else _states([parts.settings[index][path] for parts in members])
            for path in stage
        }
        for index, stage in enumerate(first.settings)
    ]
    m = _states([parts.m for parts in members])
    found = [parts.finer for parts in members if parts.finer is not None]
    finer = merged(found) if found else None
    return Parts(first.mesh, first.regions, material, terms, m, _geometry(members), len(members), settings, finer)


def _states(members: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    first = members[0]
    if all(m is first or np.array_equal(m, first) for m in members):
        return first
    shape = np.broadcast_shapes(*(m.shape[1:] for m in members))
    return np.concatenate([np.broadcast_to(m, (1, *shape)) for m in members])


def _geometry(members: Sequence[Parts]) -> Shares | None:
    found = [parts.filled for parts in members if parts.filled is not None]
    if not found or all(each is found[0] for each in found):
        return members[0].filled
    return ReplicaShares(found)


def _value(values: list[Any], declaration: Declaration, parts: Parts) -> Any:
    """Return one value for a batch, from those of its replicas."""
    first = values[0]
    if first is None or all(_equal(value, first) for value in values[1:]):
        return first
    if isinstance(first, Sum):
        part = replace(declaration, minimum=None, above=None)  # ranges are those of the sum
        columns = zip(*(value.items for value in values), strict=True)
        return Sum(*(_value(list(column), part, parts) for column in columns))
    if isinstance(first, Driven):
        pattern = _value([value.pattern for value in values], declaration, parts)
        alike = all(_equal(value.signal, first.signal) for value in values)
        return Driven(pattern, first.signal if alike else PerReplica([value.signal for value in values]))
    plain = replace(declaration, unit_vector=False)  # directions are normalised once, as part of the batch
    bases = [Parameter(value, plain, parts.mesh, parts.regions, "a member").base for value in values]
    return np.concatenate(bases)


def _equal(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, Driven):
        return _equal(one.pattern, other.pattern) and _equal(one.signal, other.signal)
    if isinstance(one, Sum):
        return len(one.items) == len(other.items) and all(map(_equal, one.items, other.items))
    return bool(one == other)


def _declared(parts: Parts) -> dict[str, Declaration]:
    """Return what is declared of everything that a stage may set, by path."""
    found = {f"material.{key}": declaration for key, declaration in Material.parameters().items()}
    counts: dict[str, int] = {}
    for term in parts.terms:
        counts[term.name] = number = counts.get(term.name, 0) + 1
        name = term.name if number == 1 else f"{term.name}_{number}"
        found |= {f"terms.{name}.{key}": declaration for key, declaration in term.parameters().items()}
    return found | {"direction": tables.DIRECTION}


def _form(value: Any) -> Any:
    """Return what of a value must be the same in all replicas; the numbers in it need not be."""
    if isinstance(value, Sum):
        return [_form(item) for item in value.items]
    if isinstance(value, Driven):
        return "driven", _form(value.pattern), "signal" if isinstance(value.signal, Signal) else repr(value.signal)
    if callable(value):
        return repr(value)
    return "none" if value is None else "constant"


def _others(term: Term) -> list[Any]:
    """Return the fields of a term that are no parameters."""
    skipped = {*term.parameters(), *term.per_replica}
    given = [field.name for field in dataclasses.fields(term) if field.init and field.name not in skipped]
    return [(name, repr(getattr(term, name))) for name in given]


def _stage(stage: Any) -> Any:
    """Return a stage without the parameters it sets."""
    left_out = {"values", "direction"}
    return type(stage).__name__, sorted(stage.model_dump(exclude=left_out).items(), key=lambda item: item[0])


def _filled(parts: Parts) -> Any:
    if parts.filled is None:
        return None
    partial = parts.filled.partial
    values = [*parts.material.values(), *(getattr(term, key) for term in parts.terms for key in term.parameters())]
    # A function of time is scaled when it is called, for some of the replicas only.
    fixed = partial and any(map(callable, values))
    return partial, _digest(parts.filled.volume) if fixed else ""


def _digest(array: NDArray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
