"""Runs, tasks, agents and events as columns, and back; mappings and tuples are JSON text."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import NamedTuple

from fusion_kit.core.agent import Agent
from fusion_kit.core.events import Event, Severity, fact_from
from fusion_kit.core.run import Run
from fusion_kit.core.states import AgentState, Outcome, RunState, TaskState
from fusion_kit.core.task import Task
from fusion_kit.persistence.lines import Line, json_text

Entity = Run | Task | Agent
RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Held(NamedTuple):
    """An entity with the seq of the last event folded into it and of the one it was born by."""

    entity: Entity
    seq: int
    born: int


def _tuple(text: str) -> tuple[object, ...]:
    return tuple(json.loads(text))


_STATES: dict[type[Entity], Callable[[str], object]] = {Run: RunState, Task: TaskState, Agent: AgentState}
_OBJECTS = ("inputs", "settings", "outputs", "error", "usage", "waits", "answer", "reserved", "spent", "refused")
_FROM_TEXT: dict[str, Callable[[str], object]] = {
    "outcome": Outcome,
    **dict.fromkeys(("cancel_requested", "pause_requested"), bool),
    **dict.fromkeys(_OBJECTS, json.loads),
    **dict.fromkeys(("needs", "capabilities", "artifacts"), _tuple),
}
_JSON = frozenset(name for name, read in _FROM_TEXT.items() if read in (json.loads, _tuple))
_NAMES = {kind: tuple(entry.name for entry in fields(kind)) for kind in _STATES}


def columns_of(held: Held) -> dict[str, object]:
    """Return the columns of a row."""
    entity = held.entity
    columns: dict[str, object] = {name: getattr(entity, name) for name in _NAMES[type(entity)]}
    for name in _JSON & columns.keys():
        if columns[name] is not None:
            columns[name] = json_text(columns[name])
    return {**columns, "seq": held.seq, "born": held.born}


def held_in(kind: type[Entity], row: sqlite3.Row | Mapping[str, object]) -> Held:
    """Return the entity that a row holds; a column it lacks is as it is by default."""
    columns: Mapping[str, object] = dict(row)
    values = {name: _value(kind, name, columns[name]) for name in _NAMES[kind] if name in columns}
    return Held(kind(**values), columns["seq"], columns["born"])  # type: ignore[arg-type]


def _value(kind: type[Entity], name: str, stored: object) -> object:
    if stored is None:
        return None
    read = _STATES[kind] if name == "state" else _FROM_TEXT.get(name)
    return read(stored) if read else stored  # type: ignore[arg-type]


def event_columns(line: Line) -> tuple[object, ...]:
    """Return the columns of an event, in the order of its table."""
    event, data = line
    fact = event.fact
    return (
        event.seq,
        event.ts,
        fact.type,
        RANKS[fact.severity],
        event.project,
        event.run,
        event.task,
        event.attempt,
        event.agent,
        event.source,
        fact.version,
        data,
    )


def event_in(row: sqlite3.Row) -> Event:
    """Return the event that a row holds; raises `UnknownEvent`."""
    return Event(
        seq=row["seq"],
        ts=row["ts"],
        fact=fact_from(row["type"], row["v"], json.loads(row["data"])),
        project=row["project"],
        run=row["run"],
        task=row["task"],
        attempt=row["attempt"],
        agent=row["agent"],
        source=row["source"],
    )
