"""Conflicts foreseen: what was just done is held against what others do, long before anybody merges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import chain, islice

from fusion_kit.coordination.execution import Execution, Work
from fusion_kit.coordination.flow import Lineage
from fusion_kit.core import events as e
from fusion_kit.core.code import CommitConflict, Desk
from fusion_kit.core.errors import FusionError
from fusion_kit.core.workflow import WorkspaceMode

MOST_PAIRS = 8  # of one task with others; in a crowd nobody would read it

Look = Callable[[str], Awaitable[tuple[str, ...]]]  # a commit -> the files in which it clashes


async def foresee(execution: Execution, work: Work, commit: str) -> None:
    """Tell of each other task whose work, as it stands, would not merge with `commit`, which a task just made.

    Each pair is told once. Nothing is altered, and nothing is raised; in a crowd nothing is looked at.
    """
    async with execution.foreseeing:
        others = chain(_running(execution, work), _done(execution, work, commit))
        pairs = list(islice(others, MOST_PAIRS + 1))
        if len(pairs) > MOST_PAIRS:
            return
        for other, files_of in pairs:
            pair = frozenset((work.node.id, other))
            if pair in execution.foreseen:
                continue
            try:
                files = await files_of(commit)
            except (FusionError, OSError):  # its workspace is being changed this very moment
                continue
            if files:
                execution.foreseen.add(pair)
                execution.book.note(e.MergeForeseen(tuple(sorted(pair)), files))


def _running(execution: Execution, work: Work) -> Iterator[tuple[str, Look]]:
    """Yield the tasks that work elsewhere now, and how to hold a commit against what lies there."""
    for other in execution.running.values():
        desk = other.folder.desk() if other.mode is WorkspaceMode.OWN else None
        if desk is not None and other.node.id != work.node.id:
            yield other.node.id, partial(_against_desk, execution, desk)


def _done(execution: Execution, work: Work, commit: str) -> Iterator[tuple[str, Look]]:
    """Yield the tasks whose work nobody has merged with this one's, and how to try it."""
    book = execution.book
    rows = [row for row in book.tasks.values() if row.is_good and row.commit not in (None, commit, row.base)]
    lineage = Lineage(book)
    below = lineage.below(work.node.id)
    for row in rows:
        if row.id not in {work.node.id, *below} and work.node.id not in lineage.below(row.id):
            yield row.id, partial(_against_commit, execution, row.commit or "")


async def _against_desk(execution: Execution, desk: Desk, commit: str) -> tuple[str, ...]:
    return await execution.house.workspaces.clashes(commit, desk)


async def _against_commit(execution: Execution, made: str, commit: str) -> tuple[str, ...]:
    try:
        await execution.house.workspaces.combine({"one": made, "other": commit})
    except CommitConflict as conflict:
        files = conflict.facts["files"]
        return tuple(map(str, files)) if isinstance(files, tuple | list) else (str(files),)
    return ()
