"""What waits again when a person retries an ended run: what did not end well, and what came after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fusion_kit.core.errors import UsageError
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task


class NothingToRetry(UsageError):
    """Every task of run {run} ended well."""

    hint = "`fusion-kit retry {run} --from TASK` does a task, and what comes after it, once more."


class NoSuchNode(UsageError):
    """Run {run} has no task {task!r}."""

    hint = "`fusion-kit status {run}` lists its tasks."


def again(run: str, rows: Sequence[Task], from_task: str | None = None, only: str | None = None) -> list[str]:
    """Return the nodes that wait again, in the order in which they were created.

    Without a task: all that did not end well, and what came after them. `from_task`: it and what came after it; of a
    matrix with failed items only those. `only`: the same, without what came after.
    Raises `NothingToRetry` or `NoSuchNode`.
    """
    family = _Family(rows)
    chosen = from_task or only
    if chosen is None:
        seeds = {row.id for row in rows if ended_badly(row) and not family.children.get(row.id)}
        if not seeds:
            raise NothingToRetry(run=run)
    elif chosen in family.rows:
        seeds = family.seeds(chosen)
    else:
        raise NoSuchNode(run=run, task=chosen)
    found = family.with_parents(seeds)
    if only is None:
        found |= family.after(found)
    found |= {row.id for row in rows if row.section == "finally" and row.parent is None}
    found |= family.below({name for name in found if family.rows[name].section == "finally"})
    return [row.id for row in rows if row.id in found and row.is_final]


def ended_badly(row: Task) -> bool:
    """Return whether a retry does a task once more by itself: it failed, was stopped or broke the gate."""
    stopped = row.state in {TaskState.FAILED, TaskState.CANCELLED} or row.outcome is Outcome.UPSTREAM_FAILED
    return stopped or row.refused is not None


class _Family:
    """The nodes of a run: what is inside of what, and what comes after what."""

    def __init__(self, rows: Sequence[Task]) -> None:
        self.rows: Mapping[str, Task] = {row.id: row for row in rows}
        self.children: dict[str, list[str]] = {}
        self._followers: dict[str, list[str]] = {}
        for row in rows:
            if row.parent is not None:
                self.children.setdefault(row.parent, []).append(row.id)
            for need in row.needs:
                self._followers.setdefault(need, []).append(row.id)

    def seeds(self, name: str) -> set[str]:
        """Return what is done once more if a person names a node: of several inside it, those that ended badly."""
        below = self.below({name})
        bad = {child for child in below if ended_badly(self.rows[child]) and not self.children.get(child)}
        return bad or below

    def below(self, names: Iterable[str]) -> set[str]:
        """Return the nodes, and all that is inside of them."""
        return _closed(names, self.children)

    def with_parents(self, names: Iterable[str]) -> set[str]:
        """Return the nodes, and all that they are inside of."""
        return _closed(names, {row.id: [row.parent] for row in self.rows.values() if row.parent is not None})

    def after(self, names: Iterable[str]) -> set[str]:
        """Return everything that came after the nodes, whole."""
        found: set[str] = set()
        fresh = set(names)
        while fresh:
            next_ones = {follower for name in fresh for follower in self._followers.get(name, ())}
            fresh = self.with_parents(self.below(next_ones)) - found
            found |= fresh
        return found


def _closed(names: Iterable[str], leads_to: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(leads_to.get(name, ()))
    return found
