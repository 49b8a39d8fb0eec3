"""The files beside this one: good ones with what they mean, bad ones with the exact complaint.

`python -m tests.definitions.corpus` writes the expectations anew; read the difference before you commit it.
"""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from pathlib import Path
from typing import Any

from fusion_kit.definitions import load_workflow, render, validate

HERE = Path(__file__).parent
GOOD = HERE / "good"
BAD = HERE / "bad"


def good_files() -> list[Path]:
    return sorted(GOOD.glob("*.yaml"))


def bad_files() -> list[Path]:
    return sorted([*BAD.glob("*.yaml"), *BAD.glob("agents/*.yaml"), *BAD.glob("configs/*/.fusion/config.yaml")])


def meaning(path: Path) -> str:
    """What a good file means, as JSON text; what is as by default is left out."""
    loaded = load_workflow(path.name, GOOD)
    told = {
        "workflow": _told(loaded.workflow),
        "agents": {name: _told(agent) for name, agent in loaded.agents.items()},
        "files": list(loaded.files),
        "warnings": [problem.code for problem in loaded.warnings],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _told(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = {field.name: (getattr(value, field.name), _default(field)) for field in dataclasses.fields(value)}
        return {name: _told(found) for name, (found, default) in own.items() if found != default}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(map(_told, value))
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    return {key: _told(item) for key, item in value.items()} if isinstance(value, dict) else value


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def complaint(path: Path) -> str:
    """Everything a person reads of a bad file."""
    root = path.parent.parent if path.name == "config.yaml" else BAD
    problems = validate([path], root)
    return "\n".join(render(problem) for problem in problems) + "\n"


def expectation(path: Path) -> Path:
    return path.parent.parent / "complaint.txt" if path.name == "config.yaml" else path.with_suffix(".txt")


def write() -> None:
    for path in good_files():
        path.with_suffix(".json").write_text(meaning(path), "utf-8")
    for path in bad_files():
        expectation(path).write_text(complaint(path), "utf-8")


if __name__ == "__main__":
    write()
