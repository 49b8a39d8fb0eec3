"""What the tests of the ledger stand on: a ledger with a still clock, and plain ways to read what it left."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from fusion_kit.core import events as e
from fusion_kit.core.agent import Agent
from fusion_kit.core.events import Draft, Event, event_from
from fusion_kit.core.fold import World, fold
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task
from fusion_kit.persistence.columns import Entity, held_in
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.index import Index
from fusion_kit.persistence.ledger import Ledger, Sizes

NOON = datetime(2026, 11, 22, 12, 0, 0, 123_456, UTC)
NOON_TEXT = "2026-11-22T12:00:00.123Z"
SMALL = Sizes(ballast_bytes=4096)


class Hasty(Disk):
    """A disk that never waits for the platter, for tests in which no power is cut."""

    def sync(self, fd: int) -> None:
        pass

    def sync_folder(self, path: Path) -> None:
        pass


def still() -> datetime:
    return NOON


def opened(state: Path, disk: Disk | None = None, sizes: Sizes = SMALL) -> Ledger:
    return Ledger.open(state, project="demo", source="test", now=still, disk=disk, sizes=sizes)


def note(number: int, size: int = 0) -> Draft:
    """A fact that any log allows, known by its number."""
    return Draft(e.WorkspaceSalvaged(ref=str(number), commit="x" * size))


def notes(first: int, last: int) -> list[Draft]:
    return [note(number) for number in range(first, last + 1)]


def log_files(state: Path) -> list[Path]:
    return sorted((state / "log").glob("*.jsonl"))


def log_text(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in log_files(state))


def log_events(state: Path) -> list[Event]:
    return [event_from(json.loads(line)) for line in log_text(state).splitlines()]


def numbers(events: Sequence[Event]) -> list[int]:
    """The numbers of the notes among the events, in order."""
    return [int(event.fact.ref) for event in events if isinstance(event.fact, e.WorkspaceSalvaged)]


def rows(state: Path) -> World:
    """Everything the index holds, as it was left."""
    index = Index(state / "index.db")
    index.open()
    try:
        return World(
            runs={run.id: run for run in cast(list[Run], _all(index, Run, "every_run"))},
            tasks={(task.run, task.id): task for task in cast(list[Task], _all(index, Task, "every_task"))},
            agents={agent.id: agent for agent in cast(list[Agent], _all(index, Agent, "every_agent"))},
        )
    finally:
        index.close()


def _all(index: Index, kind: type[Entity], name: str) -> list[Entity]:
    return [held_in(kind, row).entity for row in index.query(name)]


def log_world(state: Path) -> World:
    return fold(log_events(state))


def sample(default: int) -> int:
    """How often a torture is repeated: a small sample, or as FUSION_TORTURE says."""
    return int(os.environ.get("FUSION_TORTURE", default))
