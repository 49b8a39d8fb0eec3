"""A form of named values, each with a JSON Schema: filled from what a person gave, with everything wrong at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from fusion_kit.core.vocabulary import Matches, NotCoercible, Schema, coerced, complaint


@dataclass(frozen=True, slots=True)
class Filled:
    """The values, in the order of the form, and what is wrong with what was given."""

    values: Mapping[str, object]
    complaints: tuple[str, ...]


def filled(form: Mapping[str, Schema], given: Mapping[str, object], noun: str, matches: Matches | None) -> Filled:
    """Fill `form` (name -> schema, with `default` or `required`); text is taken for the type its field has."""
    values: dict[str, object] = {}
    complaints: list[str] = []
    for name, value in given.items():
        if name in form:
            _take(name, value, form[name], noun, matches, values, complaints)
        else:
            guess = difflib.get_close_matches(name, form, n=1)
            complaints.append(f'there is no {noun} "{name}"' + (f'; did you mean "{guess[0]}"?' if guess else ""))
    for name, schema in form.items():
        if name in given:
            continue
        if "default" not in schema and schema.get("required") is True:
            complaints.append(f'the {noun} "{name}" is missing')
        values[name] = schema.get("default")
    return Filled({name: values[name] for name in form if name in values}, tuple(complaints))


def _take(
    name: str,
    value: object,
    schema: Schema,
    noun: str,
    matches: Matches | None,
    values: dict[str, object],
    complaints: list[str],
) -> None:
    try:
        values[name] = coerced(value, schema) if isinstance(value, str) else value
    except NotCoercible as error:
        complaints.append(f'the {noun} "{name}": {str(error).rstrip(".")}')
        return
    if found := complaint(values[name], schema, matches, f'the {noun} "{name}"'):
        complaints.append(found)
