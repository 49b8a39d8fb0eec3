"""The items of a matrix: the product of its axes, in order, with what is included and excluded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from fusion_kit.core.errors import FusionError
from fusion_kit.core.ids import slug
from fusion_kit.core.workflow import Matrix

Values = Mapping[str, object]

_NAMING = ("key", "id", "name")  # the members of an object that name it, the first there is


class BadMatrix(FusionError):
    """The matrix cannot be expanded: {complaint}."""

    hint = "Every axis must be a list, and every item must have a key of its own (`strategy.key`)."


@dataclass(frozen=True, slots=True)
class Item:
    """One item: `key` names it for branches, retries and people; `values` is its `matrix` context."""

    key: str
    values: Values = field(default_factory=dict)


def items(matrix: Matrix, axes: Mapping[str, object], key_of: Callable[[Values], str] | None = None) -> list[Item]:
    """Return the items of `matrix` in order; `axes` are its axes with every template evaluated.

    Templates in `include` and `exclude` must have been evaluated too. `key_of` evaluates the key template for one
    item; without it a key is derived from the values. Raises `BadMatrix` for an axis that is no list, for an empty
    key and for two items of one key.
    """
    for axis, found in axes.items():
        if not isinstance(found, list | tuple):
            raise BadMatrix(complaint=f"axis {axis!r} is {_kind(found)}, not a list")
    combinations = _combinations(matrix, {axis: list(values) for axis, values in axes.items()})  # type: ignore[call-overload]
    found_items = [Item((key_of or derived_key)(values).strip(), values) for values in combinations]
    _refuse_duplicates(found_items)
    return found_items


def _kind(value: object) -> str:
    names = {str: "text", bool: "a boolean", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), "an object")


def _combinations(matrix: Matrix, axes: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    """As in GitHub Actions: exclude first, then an include extends what it fits or stands alone."""
    made = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    kept = [values for values in made if not any(_fits(values, rule) for rule in matrix.exclude)]
    bases = [dict(values) for values in kept]
    alone: list[dict[str, object]] = []
    for extra in matrix.include:
        own = {name: value for name, value in extra.items() if name in axes}
        matching = [values for base, values in zip(bases, kept, strict=True) if _fits(base, own)]
        for values in matching:
            values.update(extra)
        if not matching:
            alone.append(dict(extra))
    return kept + alone


def _fits(values: Values, rule: Values) -> bool:
    return all(name in values and _same(values[name], wanted) for name, wanted in rule.items())


def _same(one: object, other: object) -> bool:
    """1 is not true here."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def derived_key(values: Values) -> str:
    """Return a readable key made of an item's values; a list, or an object without a name, gives a short hash."""
    return "-".join(_part(value) for value in values.values())


def _part(value: object) -> str:
    if isinstance(value, Mapping):
        value = next((value[name] for name in _NAMING if isinstance(value.get(name), str | int)), value)
    if isinstance(value, str):
        return value
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8] if isinstance(value, Mapping | list | tuple) else text


def _refuse_duplicates(found: Sequence[Item]) -> None:
    seen: set[str] = set()
    for item in found:
        if not item.key:
            raise BadMatrix(complaint=f"the key of {dict(item.values)!r} is empty")
        name = slug(item.key)
        if name in seen:
            raise BadMatrix(complaint=f"two items have the key {item.key!r}")
        seen.add(name)
