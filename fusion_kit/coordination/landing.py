"""What becomes of a run's work: the commits nobody built upon are merged into its result branch."""

from __future__ import annotations

from fusion_kit.coordination.contexts import result_branch
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.flow import tips_of
from fusion_kit.coordination.frames import Frame
from fusion_kit.core import events as e
from fusion_kit.core.code import CommitConflict, Landing


async def land(execution: Execution, frame: Frame) -> tuple[str | None, str | None]:
    """Merge, and return the branch and its commit; (None, None) where nothing changed. Raises `CommitConflict`."""
    run = execution.book.run
    found = tips_of(execution.book, frame.graph.leaves())
    commits = {task: commit for task, commit in found.items() if commit != run.base}
    if run.base is None or not commits:
        return None, None
    branch = result_branch(execution)
    landing = Landing(run=run.id, branch=branch, base=run.base, commits=commits)
    try:
        commit = await execution.house.workspaces.land(landing)
    except CommitConflict as conflict:
        tasks = (str(conflict.facts["left"]), str(conflict.facts["right"]))
        execution.book.note(e.MergeFailed(tasks=tasks, files=(str(conflict.facts["files"]),)))
        raise
    execution.book.note(e.MergeCompleted(branch=branch, commit=commit, tasks=tuple(commits)))
    return branch, commit
