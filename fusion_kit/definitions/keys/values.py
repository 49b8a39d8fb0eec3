"""The vocabulary of inputs, outputs and forms: the part of JSON Schema a value can be described with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fusion_kit.core.vocabulary import TYPES, complaint
from fusion_kit.definitions import patterns
from fusion_kit.definitions.shapes.parts import Anything, Closed, Either, Key, ListOf, MapOf
from fusion_kit.definitions.shapes.report import Report, Trail
from fusion_kit.definitions.shapes.scalars import Boolean, Choice, Integer, Number, Text
from fusion_kit.definitions.tree.node import Mapping, Node, Sequence, described

FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
FIELD_IS = "a name: letters, digits, - and _, not beginning with a digit"
_MEMBER = re.compile(r"[\s\S]{1,200}")


@dataclass(frozen=True, slots=True)
class Described:
    """The schema of one value."""

    description: str = "What the value may be, in words of JSON Schema."

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the schema as it was written."""
        return WORDS.read(node, trail, report)

    def schema(self) -> dict[str, object]:
        """Return a reference to the definition every file's schema has."""
        return {"$ref": "#/$defs/value"}


def _check(node: Mapping, values: dict[str, object], trail: Trail, report: Report) -> None:
    pattern = values.get("pattern")
    if isinstance(pattern, str):
        wrong = patterns.flaw(pattern)
        if wrong:
            report.add(node.values["pattern"], "pattern", f'"pattern" in {trail} is not one: {wrong}')
            return
    if "default" in values:
        found = complaint(values["default"], values, patterns.matches, f'"default" in {trail}')
        if found:
            report.add(node.values["default"], "default", found)
    choices = node.values.get("enum")
    for choice in choices.items if isinstance(choices, Sequence) else ():
        found = (
            complaint(choice.value, {"type": values.get("type")})
            if not isinstance(choice, Sequence | Mapping)
            else None
        )
        if found:
            report.add(
                choice, "enum", f'"enum" in {trail} has {described(choice)}, which is not of type {values["type"]}'
            )


_ANY = Anything(refuses=True)
WORDS = Closed(
    "the schema of a value",
    {
        "type": Key(Choice(TYPES), "string, integer, number, boolean, array, object or null."),
        "description": Key(Text(), "What it is for; agents and forms show it."),
        "required": Key(
            Either(scalar=Boolean(), sequence=ListOf(Text(filled=True)), wanted="true, false or a list of names"),
            "For an input: whether it must be given. For an object: the members it must have.",
        ),
        "default": Key(_ANY, "The value where none is given."),
        "enum": Key(ListOf(_ANY, filled=True), "The only values there are."),
        "minimum": Key(Number(), "The smallest number allowed."),
        "maximum": Key(Number(), "The largest number allowed."),
        "minLength": Key(Integer(0), "The fewest characters allowed."),
        "maxLength": Key(Integer(0), "The most characters allowed."),
        "pattern": Key(Text(filled=True), "A regular expression (without look-around) that must be found in the text."),
        "items": Key(Described(), "What each item of a list may be."),
        "minItems": Key(Integer(0), "The fewest items allowed."),
        "maxItems": Key(Integer(0), "The most items allowed."),
        "properties": Key(MapOf(Described(), _MEMBER, "a name"), "What the members of an object may be."),
        "additionalProperties": Key(Boolean(), "Whether an object may have other members than `properties`."),
    },
    synonyms={
        "options": "enum",
        "choices": "enum",
        "min": "minimum",
        "max": "maximum",
        "regex": "pattern",
        "min_length": "minLength",
        "max_length": "maxLength",
        "min_items": "minItems",
        "max_items": "maxItems",
        "additional_properties": "additionalProperties",
    },
    check=_check,
)
FIELDS = MapOf(Described(), FIELD, FIELD_IS)
