"""A form, asked field by field at the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from fusion_kit.cli.exit_codes import Interrupted
from fusion_kit.cli.output import Output
from fusion_kit.cli.style import bold, dim, red
from fusion_kit.core.errors import FusionError
from fusion_kit.core.vocabulary import Matches, coerced, complaint

Schema = Mapping[str, object]
Form = Mapping[str, Schema]

_SHORT_ANSWERS = {"y": "yes", "n": "no"}
_BOUNDS = (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", " items"))


def form_of(waits: Mapping[str, object] | None) -> dict[str, Schema]:
    """Return the fields that a question asks for; none where it only asks for a yes."""
    form = (waits or {}).get("form")
    if not isinstance(form, Mapping):
        return {}
    return {str(name): schema for name, schema in form.items() if isinstance(schema, Mapping)}


def is_required(schema: Schema) -> bool:
    """Return whether a field has to be filled in."""
    return bool(schema.get("required")) and "default" not in schema


def asked(form: Form, show: Output, matches: Matches | None = None) -> dict[str, object]:
    """Ask for each field until its answer fits, and return them; raises `Interrupted` where nobody answers any more.

    An empty line takes the default, or leaves out what need not be given. `matches` decides a `pattern`.
    """
    given: dict[str, object] = {}
    for name, schema in form.items():
        if description := str(schema.get("description") or ""):
            show.explain(dim(description))
        while not _answered(name, schema, show, given, matches):
            pass
    return given


def described(schema: Schema) -> str:
    """Return what a field wants, in a few words: its type or its choices, and what it is without an answer."""
    choices = schema.get("enum")
    if isinstance(choices, list | tuple):
        kind = " | ".join(_shown(choice) for choice in choices)
    else:
        kind = " ".join(filter(None, [str(schema.get("type", "string")), *(_bound(schema, each) for each in _BOUNDS)]))
        kind += f" like {schema['pattern']}" if "pattern" in schema else ""
    if "default" in schema:
        return f"{kind}, default {_shown(schema['default'])}"
    return kind if is_required(schema) else f"{kind}, optional"


def _answered(name: str, schema: Schema, show: Output, given: dict[str, object], matches: Matches | None) -> bool:
    """Ask once; return whether that settled it."""
    show.prompt(f"{bold(name)} ({described(schema)}): ")
    line = sys.stdin.readline()
    if not line:
        raise Interrupted
    text = line.rstrip("\r\n")
    if not text:
        if is_required(schema):
            show.explain(red(f"{name} has to be given"))
            return False
        return True
    try:
        value = coerced(_meant(text, schema), schema)
        found = complaint(value, schema, matches, where=name)
    except FusionError as error:
        found = f"{error} {error.way_out}".strip()
    if found:
        show.explain(red(found))
        return False
    given[name] = value
    return True


def _meant(text: str, schema: Schema) -> str:
    return _SHORT_ANSWERS.get(text.strip().lower(), text) if schema.get("type") == "boolean" else text


def _bound(schema: Schema, words: tuple[str, str, str]) -> str:
    low, high, unit = schema.get(words[0]), schema.get(words[1]), words[2]
    if low is None and high is None:
        return ""
    if high is None:
        return f"from {low}{unit}"
    return f"up to {high}{unit}" if low is None else f"{low} to {high}{unit}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, default=str)
