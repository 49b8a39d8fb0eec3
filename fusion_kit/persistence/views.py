"""The one place to ask: runs, tasks, agents and events as the log has them now."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import cast

from fusion_kit.core.agent import Agent
from fusion_kit.core.errors import NotFound
from fusion_kit.core.events import Event, Severity
from fusion_kit.core.moments import timestamp
from fusion_kit.core.run import Run
from fusion_kit.core.states import RunState, TaskState
from fusion_kit.core.task import Task
from fusion_kit.persistence.columns import event_in, held_in
from fusion_kit.persistence.errors import AmbiguousRun
from fusion_kit.persistence.index import Index
from fusion_kit.persistence.indexed import IndexedLog
from fusion_kit.persistence.log import Log
from fusion_kit.persistence.selection import END, Selection, seq_before, types_like


class Views:
    """Reads what all processes wrote, up to the moment of each question.

    Every question brings the index up to the log first. Who may not write the state folder, and who asks before
    anything was recorded, gets an index in memory and leaves no trace. Questions may raise `LedgerDamaged`.
    """

    def __init__(self, state_dir: Path) -> None:
        """Open nothing until the first question."""
        self._state = state_dir
        self._mutex = threading.RLock()
        self._indexed: IndexedLog | None = None
        self._is_shared = False

    def run(self, run: str) -> Run:
        """Return the run with this id or the only one whose id begins so; raises `NotFound`, `AmbiguousRun`."""
        if row := self._one("get_run", id=run):
            return cast(Run, held_in(Run, row).entity)
        found = [str(row["id"]) for row in self._query("runs_like", prefix=run)] if run else []
        if not found:
            raise NotFound(kind="run", name=run)
        if len(found) > 1:
            raise AmbiguousRun(prefix=run, runs=", ".join(found[:5]) + (", ..." if len(found) > 5 else ""))
        return self.run(found[0])

    def runs(
        self,
        states: Collection[RunState] | None = None,
        workflow: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
        after: int | None = None,
    ) -> list[Run]:
        """Return runs, newest first; `after` is the `cursor` of the last one seen."""
        values = _run_filters(states, workflow, since)
        rows = self._query("list_runs", **values, before=END if after is None else after, limit=limit)
        return [cast(Run, held_in(Run, row).entity) for row in rows]

    def count_runs(
        self, states: Collection[RunState] | None = None, workflow: str | None = None, since: datetime | None = None
    ) -> int:
        """Return how many runs `runs` would hold without its limit."""
        return int(self._query("count_runs", **_run_filters(states, workflow, since))[0][0])

    def cursor(self, run: str) -> int:
        """Return the seq by which a run was born: where a list of runs goes on."""
        row = self._one("get_run", id=run)
        if row is None:
            raise NotFound(kind="run", name=run)
        return int(row["born"])

    def task(self, run: str, node: str) -> Task:
        """Return one node of a run; raises `NotFound`."""
        row = self._one("get_task", run=run, id=node)
        if row is None:
            raise NotFound(kind="task", name=node)
        return cast(Task, held_in(Task, row).entity)

    def tasks(self, run: str) -> list[Task]:
        """Return the nodes of a run in the order in which they were created."""
        return [cast(Task, held_in(Task, row).entity) for row in self._query("list_tasks", run=run)]

    def made_from(self, cache_key: str) -> Task | None:
        """Return the latest task that was done with this cache key; None where there is none."""
        row = self._one("get_made_from", cache_key=cache_key)
        return cast(Task, held_in(Task, row).entity) if row is not None else None

    def counts(self, run: str) -> dict[TaskState, int]:
        """Return how many nodes of a run are in each state that any is in."""
        return {TaskState(row["state"]): row["number"] for row in self._query("count_tasks", run=run)}

    def agents(self, name: str | None = None) -> list[Agent]:
        """Return all instances, or those of one definition, by id."""
        return [cast(Agent, held_in(Agent, row).entity) for row in self._query("list_agents", name=name)]

    def events(  # noqa: PLR0913 - one name for each thing a person may ask for
        self,
        after: int = 0,
        *,
        type: str | None = None,  # noqa: A002 - the field's own name
        run: str | None = None,
        task: str | None = None,
        agent: str | None = None,
        severity: Severity | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Event]:
        """Return the first `limit` events behind the seq `after` for which everything given holds.

        `type` may end in `*`; `severity` is the least one wanted; `since` is included, `until` is not.
        Raises `UnknownEventType`.
        """
        with self._mutex:
            before = END if until is None else self._seq_before(until) + 1
            after = after if since is None else max(after, self._seq_before(since))
            selection = Selection(types_like(type), severity, run, task, agent, after, before, limit)
            return [event_in(row) for row in selection.rows(self._query)]

    def last_seq(self) -> int:
        """Return the seq of the last event; 0 before the first."""
        with self._mutex:
            return self._fresh().log.position.seq

    def close(self) -> None:
        """Let go of the index; the next question opens it again."""
        with self._mutex:
            if self._indexed:
                self._indexed.close()
                self._indexed = None

    def _one(self, name: str, /, **values: object) -> sqlite3.Row | None:
        rows = self._query(name, **values)
        return rows[0] if rows else None

    def _query(self, name: str, /, **values: object) -> list[sqlite3.Row]:
        with self._mutex:
            try:
                return self._fresh().index.query(name, **values)
            except sqlite3.DatabaseError:
                self._renew()
                return self._fresh().index.query(name, **values)

    def _seq_before(self, moment: datetime) -> int:
        first = self._query("first_seq")[0][0]
        if first is None:
            return 0
        index = self._fresh().index
        return seq_before(
            timestamp(moment), first, self.last_seq(), lambda seq: str(index.query("ts_from", seq=seq)[0]["ts"])
        )

    def _fresh(self) -> IndexedLog:
        if self._indexed is None or (not self._is_shared and self._may_share()):
            self.close()
            self._indexed = self._opened()
        elif self._indexed.log.grew() or self._indexed.index.was_replaced:
            if self._is_shared:
                with self._indexed.log.held():
                    self._bring_up(self._indexed)
            else:
                self._bring_up(self._indexed)
        if not self._is_shared and self._indexed.log.is_rebased:  # who takes no lock may read of it before it is done
            self._indexed.renew()
        return self._indexed

    def _bring_up(self, indexed: IndexedLog) -> None:
        for _ in indexed.catch_up():
            pass
        indexed.flush()

    def _opened(self) -> IndexedLog:
        self._is_shared = self._may_share()
        log = Log(self._state, writes=False)
        indexed = IndexedLog(log, Index(self._state / "index.db" if self._is_shared else None))
        if self._is_shared:
            with log.held():
                indexed.start()
                self._bring_up(indexed)
        else:
            indexed.start()
            self._bring_up(indexed)
        return indexed

    def _may_share(self) -> bool:
        return (self._state / "log" / "LOCK").exists() and os.access(self._state, os.W_OK)

    def _renew(self) -> None:
        indexed = self._indexed
        if indexed is None:
            return
        if self._is_shared:
            with indexed.log.held():
                indexed.renew()
        else:
            indexed.renew()


def _run_filters(
    states: Collection[RunState] | None, workflow: str | None, since: datetime | None
) -> dict[str, object]:
    return {
        "states": None if states is None else json.dumps([RunState(state).value for state in states]),
        "workflow": workflow,
        "since": timestamp(since) if since else None,
    }
