"""What a run, or one of its tasks, changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fusion_kit.core.errors import UsageError

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
    base, commit, state = (row.base, row.commit, row.state) if one is None else (one.base, one.commit, one.state)
    if base is None or commit is None:
        what = f"Run {row.id}" if one is None else f"Task {one.id}"
        raise NothingKept(what=what, run=row.id, state=f"it is {state.value}")
    workspaces = premises.workspaces()
    if not isinstance(workspaces, GitWorkspaces):
        raise NoRepository(run=row.id)
    return asyncio.run(workspaces.diff(base, commit))
