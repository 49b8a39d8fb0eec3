"""Which events somebody wants, and the one index that finds them fastest."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice

from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import FACTS, Severity
from fusion_kit.persistence.columns import RANKS

Query = Callable[..., list[sqlite3.Row]]
END = 2**63 - 1


class UnknownEventType(UsageError):
    """No event is of type {pattern!r}."""

    hint = "Types are {types}; `task.*` means all of a kind."


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions that must all hold; `after` and `before` are seqs and exclude themselves, `severity` is the least."""

    types: tuple[str, ...] = ()
    severity: Severity | None = None
    run: str | None = None
    task: str | None = None
    agent: str | None = None
    after: int = 0
    before: int = END
    limit: int = 100

    def rows(self, query: Query) -> list[sqlite3.Row]:
        """Return the first `limit` rows in order of seq."""
        values = self._values(query)
        if self.agent:
            return query("events_of_agent", **values)
        if self.task:
            return query("events_of_task", **values)
        if self.types:
            return self._merged(query("events_of_type", **{**values, "one": one}) for one in self.types)
        if rank := self._rank:
            ranks = range(rank, len(RANKS))
            return self._merged(query("events_of_severity", **{**values, "one": one}) for one in ranks)
        return query("events_of_run" if self.run else "events_all", **values)

    @property
    def _rank(self) -> int:
        return RANKS[self.severity] if self.severity else 0

    def _values(self, query: Query) -> dict[str, object]:
        after, before = self.after, self.before
        if self.run:
            first, last = query("extent_of_run", run=self.run)[0]
            after, before = max(after, (first or 0) - 1), min(before, (last or 0) + 1)
        return {
            "type": json.dumps(self.types) if self.types else None,
            "severity": self._rank,
            "run": self.run,
            "task": self.task,
            "agent": self.agent,
            "after": after,
            "before": before,
            "limit": self.limit,
            "one": None,
        }

    def _merged(self, found: Iterable[list[sqlite3.Row]]) -> list[sqlite3.Row]:
        return list(islice(heapq.merge(*found, key=lambda row: row["seq"]), self.limit))


def types_like(pattern: str | None) -> tuple[str, ...]:
    """Return the types a pattern such as `task.*` means, none for all; raises `UnknownEventType`."""
    if pattern is None or pattern == "*":
        return ()
    types = tuple(type_ for type_ in sorted(FACTS) if fnmatchcase(type_, pattern))
    if not types:
        raise UnknownEventType(pattern=pattern, types=", ".join(sorted(FACTS)))
    return types


def seq_before(ts: str, first: int, last: int, ts_from: Callable[[int], str]) -> int:
    """Return the last seq whose time is earlier than `ts`: times never go back, so halving finds it."""
    low, high = first - 1, last
    while low < high:
        middle = (low + high + 1) // 2
        if ts_from(middle) < ts:
            low = middle
        else:
            high = middle - 1
    return low
