"""Shapes of values with parts: lists, free mappings, and mappings whose every key is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Protocol

from fusion_kit.definitions.shapes.report import BAD, Allowed, Report, Trail
from fusion_kit.definitions.shapes.scalars import OPENING, noted, refuse
from fusion_kit.definitions.tree.node import Mapping, Node, Scalar, Sequence, plain


class Shape(Protocol):
    """What a value may be."""

    @property
    def description(self) -> str:
        """What an editor shows."""
        ...

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the checked value, or `BAD` after complaining."""
        ...

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema of it."""
        ...


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a closed mapping."""

    shape: Shape
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A mapping whose every key is known; keys that begin with `x-` are ignored where `open_ended`."""

    what: str
    keys: Table[str, Key]
    description: str = ""
    synonyms: Table[str, str] = field(default_factory=dict)
    open_ended: bool = False
    check: Callable[[Mapping, dict[str, object], Trail, Report], None] | None = None

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return key -> value of the keys that are there and well."""
        if not isinstance(node, Mapping):
            return refuse(node, trail, report, "a mapping")
        values: dict[str, object] = {}
        for name, inner in node.values.items():
            key = self.keys.get(name)
            if key is None:
                self._unknown(name, node, trail, report)
                continue
            value = key.shape.read(inner, Trail(f'"{name}"', trail), report)
            if value is not BAD:
                values[name] = value
        for name, key in self.keys.items():
            if key.required and name not in node.values:
                report.add(node, "missing-key", f'{self._where(trail)} lacks "{name}"')
        if self.check is not None:
            self.check(node, values, trail, report)
        return values

    def _where(self, trail: Trail) -> str:
        return str(trail) or self.what

    def _unknown(self, name: str, node: Mapping, trail: Trail, report: Report) -> None:
        if self.open_ended and name.startswith("x-"):
            return
        guess = report.guess(name, self.keys, self.synonyms)
        if guess in node.values:
            guess = None
        shown = name if len(name) <= 60 else f"{name[:57]}..."
        report.add(node.keys[name], "unknown-key", f'unknown key "{shown}" in {self._where(trail)}', guess)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        required = [name for name, key in self.keys.items() if key.required]
        return {
            "type": "object",
            "properties": {name: described_schema(key.shape, key.description) for name, key in self.keys.items()},
            "additionalProperties": False,
            **({"required": required} if required else {}),
            **({"patternProperties": {"^x-": {}}} if self.open_ended else {}),
        }


def described_schema(shape: Shape, description: str = "") -> dict[str, object]:
    """Return the JSON Schema of a shape with what an editor shows beside it."""
    text = description or shape.description
    return {**({"description": text} if text else {}), **shape.schema()}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; with `one`, a single value stands for a list of one."""

    item: Shape
    one: bool = False
    unique: bool = False
    filled: bool = False
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the list of the items that are well."""
        if not isinstance(node, Sequence):
            if not self.one:
                return refuse(node, trail, report, "a list")
            value = self.item.read(node, trail, report)
            return BAD if value is BAD else [value]
        if self.filled and not node.items:
            report.add(node, "empty", f"{trail} is empty")
            return BAD
        values: list[object] = []
        seen: set[object] = set()
        for number, item in enumerate(node.items, 1):
            value = self.item.read(item, Trail(f"item {number}", trail), report)
            if self.unique and value in seen:
                report.add(item, "duplicate", f'{trail} names "{value}" twice')
            elif value is not BAD:
                values.append(value)
                seen.update([value] if self.unique else ())
        return values

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        items = described_schema(self.item)
        many = {"type": "array", "items": items, **({"minItems": 1} if self.filled else {})}
        return {"anyOf": [items, many]} if self.one else many


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys a person chooses; `pattern` says which they may."""

    item: Shape
    pattern: re.Pattern[str]
    keys_are: str
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return name -> value of those that are well."""
        if not isinstance(node, Mapping):
            return refuse(node, trail, report, "a mapping")
        values: dict[str, object] = {}
        for name, inner in node.values.items():
            if not self.pattern.fullmatch(name):
                report.add(node.keys[name], "name", f'"{name[:60]}" in {trail} must be {self.keys_are}')
                continue
            value = self.item.read(inner, Trail(f'"{name}"', trail), report)
            if value is not BAD:
                values[name] = value
        return values

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        names = {"pattern": f"^{self.pattern.pattern}$"}
        return {"type": "object", "propertyNames": names, "additionalProperties": described_schema(self.item)}


@dataclass(frozen=True, slots=True)
class Either:
    """A mapping, a list or a scalar, each with a shape of its own; the node's kind decides."""

    scalar: Shape | None = None
    mapping: Shape | None = None
    sequence: Shape | None = None
    wanted: str = ""
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return what the fitting shape reads."""
        shape = {Scalar: self.scalar, Mapping: self.mapping, Sequence: self.sequence}[type(node)]
        return shape.read(node, trail, report) if shape else refuse(node, trail, report, self.wanted)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        shapes = [shape for shape in (self.scalar, self.mapping, self.sequence) if shape]
        return {"anyOf": [shape.schema() for shape in shapes]}


@dataclass(frozen=True, slots=True)
class WholeOrLone:
    """A scalar shape, or exactly one `${{ }}` in its place."""

    whole: Shape
    lone: Shape
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the value, or the template."""
        is_template = isinstance(node, Scalar) and OPENING in node.text
        return (self.lone if is_template else self.whole).read(node, trail, report)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"anyOf": [self.whole.schema(), self.lone.schema()]}


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value; every text in it may hold expressions where `allowed` says what they see."""

    allowed: Allowed | None = None
    refuses: bool = True  # without `allowed`: whether a text with `${{` is complained of
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the value as it is."""
        self._search(node, trail, report)
        return plain(node)

    def _search(self, node: Node, trail: Trail, report: Report) -> None:
        if isinstance(node, Scalar):
            if OPENING in node.text and (self.allowed or self.refuses):
                noted(node, trail, report, self.allowed)
        else:
            for inner in node.items if isinstance(node, Sequence) else node.values.values():
                self._search(inner, trail, report)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {}


@dataclass(frozen=True, slots=True)
class FreeMapping:
    """A mapping with any keys and any JSON values."""

    values: Anything = field(default_factory=Anything)
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the mapping as it is."""
        return (
            self.values.read(node, trail, report)
            if isinstance(node, Mapping)
            else refuse(node, trail, report, "a mapping")
        )

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "object"}
