"""The rows as they stand while events are folded in: fetched when first needed, written back in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, cast, get_args

from fusion_kit.core.agent import Agent
from fusion_kit.core.events import AgentFact, AgentSpawned, Event, RunFact, RunQueued, TaskCreated, TaskFact
from fusion_kit.core.fold import agent_after, run_after, task_after
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS
from fusion_kit.core.task import Task
from fusion_kit.persistence.columns import Entity, Held

Key = tuple[str, ...]
_After = Callable[[Any, Event, Any], Entity]
_Table = tuple[type[Entity], _After]

_TABLES: dict[type, _Table] = {
    **dict.fromkeys(get_args(RunFact), cast("_Table", (Run, run_after))),
    **dict.fromkeys(get_args(TaskFact), cast("_Table", (Task, task_after))),
    **dict.fromkeys(get_args(AgentFact), cast("_Table", (Agent, agent_after))),
}
_BIRTHS = frozenset({RunQueued, TaskCreated, AgentSpawned})


class Source(Protocol):
    """Where rows are kept between processes."""

    def load(self, kind: type[Entity], key: Key) -> Held | None:
        """Return a row, or None."""
        ...


def _key(kind: type[Entity], event: Event) -> Key:
    if kind is Task:
        return (event.run or "", event.task or "")
    return ((event.run if kind is Run else event.agent) or "",)


class Rows:
    """Rows by kind and key; `apply` folds an event in, and until `settle` it can be undone."""

    def __init__(self, source: Source) -> None:
        """Know nothing yet; rows are fetched from `source`."""
        self._source = source
        self._held: dict[type[Entity], dict[Key, Held]] = {Run: {}, Task: {}, Agent: {}}
        self._changed: dict[tuple[type[Entity], Key], None] = {}
        self._undo: list[tuple[type[Entity], Key, Held | None]] = []

    def apply(self, event: Event, *, is_new: bool = False) -> None:
        """Fold one event in, unless its row has seen it; `is_new` says that no index can know it yet.

        Raises `IllegalMove` or `OrphanEvent` and then changes nothing.
        """
        fact = event.fact
        table = _TABLES.get(type(fact))
        if table is None:
            return
        kind, after = table
        key = _key(kind, event)
        before = self._held[kind].get(key)
        if before is None and not (is_new and type(fact) in _BIRTHS):
            before = self._source.load(kind, key)
        if before is not None and before.seq >= event.seq:
            self._held[kind][key] = before
            return
        entity = after(before.entity if before else None, event, fact)
        self._undo.append((kind, key, before))
        self._held[kind][key] = Held(entity, event.seq, before.born if before else event.seq)
        self._changed[kind, key] = None

    def adopt(self, rows: Iterable[Held]) -> None:
        """Take rows over as they stand, from a checkpoint."""
        for held in rows:
            kind, entity = type(held.entity), held.entity
            key = (entity.run, entity.id) if isinstance(entity, Task) else (entity.id,)
            self._held[kind][key] = held
            self._changed[kind, key] = None

    def undo_to(self, mark: int = 0) -> None:
        """Take back what was applied since `mark`, a value of `done`."""
        while len(self._undo) > mark:
            kind, key, before = self._undo.pop()
            if before is None:
                del self._held[kind][key]
            else:
                self._held[kind][key] = before

    @property
    def done(self) -> int:
        """How much can be taken back."""
        return len(self._undo)

    def settle(self) -> None:
        """What was applied is in the log now and stays."""
        self._undo.clear()

    def changed(self, kind: type[Entity]) -> Iterator[Held]:
        """Yield the rows of a kind that differ from what was written back last."""
        held = self._held[kind]
        return (held[key] for changed, key in self._changed if changed is kind and key in held)

    def written_back(self) -> None:
        """Everything is in the index now; the tasks of ended runs need not be remembered."""
        self._changed.clear()
        tasks, runs = self._held[Task], self._held[Run]
        ended = {key for key, held in runs.items() if cast(Run, held.entity).state in FINAL_RUNS}
        if ended:
            self._held[Task] = {key: held for key, held in tasks.items() if key[:1] not in ended}
            self._held[Run] = {key: held for key, held in runs.items() if key not in ended}

    def forget(self) -> None:
        """Know nothing again."""
        for held in self._held.values():
            held.clear()
        self._changed.clear()
        self._undo.clear()
