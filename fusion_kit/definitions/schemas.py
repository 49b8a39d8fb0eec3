"""JSON Schemas for editors and programs, generated: `python -m fusion_kit.definitions.schemas [--check] DIR`."""

from __future__ import annotations

import dataclasses
import json
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from fusion_kit.core.events import FACTS
from fusion_kit.core.facts.base import Fact, Severity
from fusion_kit.core.states import Outcome
from fusion_kit.definitions.keys.agent import OPTIONS, OWN_KEYS, agent_keys
from fusion_kit.definitions.keys.config import CONFIG
from fusion_kit.definitions.keys.task import TASK_KEYS
from fusion_kit.definitions.keys.values import WORDS
from fusion_kit.definitions.keys.workflow import WORKFLOW
from fusion_kit.definitions.shapes.parts import described_schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WHERE = "https://fusion-kit.dev/schema"
_PLAIN: dict[object, dict[str, object]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
}


def schemas() -> dict[str, dict[str, object]]:
    """Return file name -> JSON Schema."""
    return {
        "workflow.json": _head("workflow", "A workflow of fusion-kit.", WORKFLOW.schema(), _workflow_definitions()),
        "agent.json": _head("agent", "An agent of fusion-kit.", _agent()),
        "config.json": _head("config", "The configuration of a project.", CONFIG.schema(), {"value": WORDS.schema()}),
        "events.json": _head("events", "One event: a line of the log.", _event(), _facts()),
    }


def _head(
    name: str, description: str, body: Mapping[str, object], definitions: Mapping[str, object] | None = None
) -> dict[str, object]:
    head: dict[str, object] = {"$schema": _DIALECT, "$id": f"{_WHERE}/{name}-v1.json", "title": name}
    return {**head, "description": description, **body, **({"$defs": dict(definitions)} if definitions else {})}


def _workflow_definitions() -> dict[str, object]:
    kinds = [
        {"required": ["run"]},
        {"required": ["uses"]},
        {"required": ["approval"]},
        {"required": ["prompt"]},
    ]
    task = {**described_schema(TASK_KEYS, "Exactly one of run, prompt (with agent or capabilities), uses, approval.")}
    return {"task": {**task, "oneOf": kinds}, "value": WORDS.schema()}


def _agent() -> dict[str, object]:
    """The keys of every provider, and which of them belong to one only."""
    body = agent_keys("").schema()
    properties: dict[str, object] = dict(body["properties"])  # type: ignore[call-overload]
    rules = []
    for provider in OPTIONS:
        keys = agent_keys(provider).keys
        own = {name: described_schema(key.shape, key.description) for name, key in keys.items() if name not in OWN_KEYS}
        properties.update(own)
        required = [name for name, key in keys.items() if key.required and name not in OWN_KEYS]
        if_this = {"properties": {"provider": {"const": provider}}, "required": ["provider"]}
        rules.append({"if": if_this, "then": {"required": required}, "else": {"properties": dict.fromkeys(own, False)}})
    return {**body, "properties": properties, "allOf": rules}


def _event() -> dict[str, object]:
    text = {"type": ["string", "null"]}
    properties: dict[str, object] = {
        "seq": {"type": "integer", "minimum": 1, "description": "Its place in the log; the cursor of everything."},
        "ts": {"type": "string", "description": "When it happened: UTC, with milliseconds."},
        "type": {"enum": sorted(FACTS)},
        "severity": {"enum": [level.value for level in Severity]},
        "project": {"type": "string"},
        "run": text,
        "task": text,
        "attempt": text,
        "agent": text,
        "source": {"type": "string", "description": "The process that wrote it."},
        "data": {"type": "object", "description": "The fact; its members depend on `type`."},
        "v": {"type": "integer", "minimum": 1, "description": "The version of the fact."},
        "crc": {"type": "string", "pattern": "^[0-9a-f]{8}$", "description": "Chains the line to the one before."},
    }
    required = [name for name in properties if name != "crc"]
    return {"type": "object", "properties": properties, "required": required, "oneOf": _by_type()}


def _by_type() -> list[dict[str, object]]:
    return [
        {"properties": {"type": {"const": name}, "data": {"$ref": f"#/$defs/{name}"}}, "required": ["type", "data"]}
        for name in sorted(FACTS)
    ]


def _facts() -> dict[str, object]:
    return {name: _fact(FACTS[name]) for name in sorted(FACTS)}


def _fact(kind: type[Fact]) -> dict[str, object]:
    hints = get_type_hints(kind)
    fields = dataclasses.fields(kind)
    absent = dataclasses.MISSING
    required = [field.name for field in fields if field.default is absent and field.default_factory is absent]
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {field.name: _typed(hints[field.name]) for field in fields},
        **({"required": required} if required else {}),
    }


def _typed(hint: Any) -> dict[str, object]:
    """Return the JSON Schema of a type that a fact's field has."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if hint is Outcome:
        return {"enum": [outcome.value for outcome in Outcome]}
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_typed(part) for part in parts]}
    if origin is tuple:
        return {"type": "array", "items": _typed(parts[0])}
    return {"type": "object"}


def main(arguments: list[str]) -> int:
    """Write the schemas into a folder, or check that those there are fresh; return the exit code."""
    check = "--check" in arguments
    folders = [argument for argument in arguments if not argument.startswith("-")]
    if len(folders) != 1 or len(arguments) != len(folders) + check:
        sys.stderr.write("usage: python -m fusion_kit.definitions.schemas [--check] DIR\n")
        return 2
    folder = Path(folders[0])
    stale = [path for path, text in _texts(folder).items() if not path.is_file() or path.read_text("utf-8") != text]
    if check:
        for path in stale:
            sys.stderr.write(f"{path} is not fresh; `make docs` writes it anew\n")
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(_texts(folder)[path], "utf-8")
    return 0


def _texts(folder: Path) -> dict[Path, str]:
    return {
        folder / name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas().items()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
