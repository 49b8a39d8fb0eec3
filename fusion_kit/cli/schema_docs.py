"""The shipped JSON Schemas read as a reference: a dotted path in, what stands there out."""

from __future__ import annotations

import difflib
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fusion_kit.cli.package_data import shipped
from fusion_kit.cli.style import bold, columns, dim
from fusion_kit.core.errors import UsageError

Schema = Mapping[str, Any]

_FACTS = ("default", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "examples")


class UnknownKey(UsageError):
    """There is no key {key!r} in {where}."""

    hint = "{advice}"


@dataclass(frozen=True, slots=True)
class Part:
    """A place in a schema, with the whole it belongs to."""

    path: str
    schema: Schema
    whole: Schema


def part(path: str) -> Part:
    """Return what stands at a dotted path that begins with the schema's name; raises `UnknownKey`."""
    names = [name for name in path.split(".") if name]
    if not names:
        return _table_of_contents()
    whole = _file(names[0])
    found = Part(names[0], whole, whole)
    for name in names[1:]:
        known = dict(_keys(found))
        if name not in known:
            raise UnknownKey(key=name, where=f"`{found.path}`", advice=_advice(name, found.path, list(known)))
        found = Part(f"{found.path}.{name}", known[name], whole)
    return found


def explained(found: Part) -> Iterator[str]:
    """Yield what a person reads of a part: its type, what it means, its limits, its keys."""
    schema = _resolved(found.schema, found.whole)
    yield f"{bold(found.path or 'schemas')}  {dim(_kind(schema, found.whole))}".rstrip()
    text = found.schema.get("description") or schema.get("description")
    if text:
        yield from textwrap.wrap(str(text), 78)
    yield from (f"{name}: {json.dumps(schema[name])}" for name in _FACTS if name in schema)
    rows = [
        [f"  {name}", _kind(inner, found.whole), dim(_first_words(inner, found.whole))] for name, inner in _keys(found)
    ]
    if rows:
        yield ""
        yield from columns(rows)


def _names() -> list[str]:
    return sorted(path.stem for path in shipped("schemas").glob("*.json"))


def _file(name: str) -> Schema:
    if name not in _names():
        raise UnknownKey(key=name, where="the schemas", advice=_advice(name, "", _names()))
    loaded: Schema = json.loads((shipped("schemas") / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def _table_of_contents() -> Part:
    files = {name: {**_file(name), "properties": {}} for name in _names()}
    about = "The files in .fusion/ and the event log. `fusion-kit schema workflow.tasks` goes deeper."
    schema = {"type": "object", "description": about, "properties": files}
    return Part("", schema, schema)


def _advice(name: str, where: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"It has: {', '.join(known)}." if known else f"`fusion-kit schema {where}` shows all there is."


def _resolved(schema: Schema, whole: Schema) -> Schema:
    seen = 0
    while "$ref" in schema and seen < 20:
        target: Any = whole
        for name in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[name] if name else target
        schema, seen = target, seen + 1
    return schema


def _variants(schema: Schema, whole: Schema) -> Iterator[Schema]:
    """A schema, what it lists, and its alternatives: everywhere a key below it may be found."""
    pending, seen = [schema], set[int]()
    while pending:
        found = _resolved(pending.pop(0), whole)
        if id(found) in seen:  # a schema may contain itself
            continue
        seen.add(id(found))
        yield found
        pending.extend(inner for word in ("anyOf", "oneOf", "allOf") for inner in found.get(word, ()))
        if isinstance(found.get("items"), Mapping):
            pending.append(found["items"])


def _keys(found: Part) -> Iterator[tuple[str, Schema]]:
    seen: set[str] = set()
    for schema in _variants(found.schema, found.whole):
        for name, inner in schema.get("properties", {}).items():
            if name not in seen and isinstance(inner, Mapping):
                seen.add(name)
                yield name, inner


def _kind(schema: Schema, whole: Schema, depth: int = 3) -> str:
    schema = _resolved(schema, whole)
    if "enum" in schema:
        return " | ".join(json.dumps(choice).strip('"') for choice in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if depth:
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return " | ".join(dict.fromkeys(_kind(inner, whole, depth - 1) for inner in schema[word]))
        if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
            return f"list of {_kind(schema['items'], whole, depth - 1)}"
    kind = schema.get("type", "any")
    return " | ".join(kind) if isinstance(kind, list) else str(kind)


def _first_words(schema: Schema, whole: Schema) -> str:
    text = schema.get("description") or _resolved(schema, whole).get("description") or ""
    return textwrap.shorten(str(text), 60, placeholder="…")
