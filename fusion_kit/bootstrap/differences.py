"""What a run, or one of its tasks, changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import MergeCompleted

if TYPE_CHECKING:
    from fusion_kit.bootstrap.premises import Premises
    from fusion_kit.workspaces.diffing import Diff


class NothingKept(UsageError):
    """{what} has no commit that could be shown: {state}."""

    hint = "`fusion-kit status {run}` says what became of its tasks; `fusion-kit diff {run} TASK` shows one of them."


def difference(premises: Premises, run: str, task: str | None) -> Diff:
    """Return what a run's result differs in from where it began, or a task from what it started from.

    Raises `NotFound`, `NothingKept`, and `NoRepository` where there is none.
    """
    from fusion_kit.bootstrap.plain import NoRepository
    from fusion_kit.workspaces.git import GitWorkspaces

    row = premises.views.run(run)
    one = premises.views.task(row.id, task) if task is not None else None
    base, state = (row.base, row.state) if one is None else (one.base, one.state)
    commit = one.commit if one is not None else row.commit or _merged(premises, row.id)
    if base is None or commit is None:
        what = f"Run {row.id}" if one is None else f"Task {one.id}"
        raise NothingKept(what=what, run=row.id, state=f"it is {state.value}")
    workspaces = premises.workspaces()
    if not isinstance(workspaces, GitWorkspaces):
        raise NoRepository(run=row.id)
    return asyncio.run(workspaces.diff(base, commit))


def _merged(premises: Premises, run: str) -> str | None:
    """Return what a failed run brought to a branch all the same: the work of those that passed its gate."""
    found = premises.views.events(type=MergeCompleted.type, run=run, limit=1000)
    fact = found[-1].fact if found else None
    return fact.commit if isinstance(fact, MergeCompleted) else None
