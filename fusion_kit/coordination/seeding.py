"""`--only`: a task is run alone, and what it needs is taken from the last run of its workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fusion_kit.coordination.attempt_folder import attempt_folder
from fusion_kit.coordination.house import House
from fusion_kit.coordination.ports import Views
from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import Draft, TaskCompleted, TaskCreated, TaskQueued, TaskSkipped
from fusion_kit.core.graph import ancestors
from fusion_kit.core.states import Outcome
from fusion_kit.core.task import Task
from fusion_kit.core.workflow import WorkflowSpec


class NothingToTake(UsageError):
    """Task {only} needs {need}, and the last run of workflow {workflow} does not have it done."""

    hint = "`fusion-kit run {workflow} --until {only}` runs what it needs, too."


@dataclass(frozen=True, slots=True)
class Seeds:
    """What a run takes from an earlier one instead of doing it."""

    run: str = ""  # the earlier one
    rows: tuple[Task, ...] = ()

    def drafts(self, run: str) -> list[Draft]:
        """Return what makes these tasks done in `run` as they were in the earlier one."""
        return [draft for row in self.rows for draft in _taken(run, row)]

    def bring_artifacts(self, house: House, run: str) -> None:
        """Copy the tasks' artifacts to where the dependants in `run` look for them."""
        for row in self.rows:
            if row.artifacts:
                earlier = attempt_folder(house.archive.folder(self.run), row.id, row.attempts)
                house.artifacts.offer(earlier.artifacts, attempt_folder(house.archive.folder(run), row.id, 0).artifacts)


def seeds(views: Views, workflow: WorkflowSpec, only: str) -> Seeds:
    """Return what `only` needs, from the last run of its workflow; raises `NothingToTake`."""
    needs = ancestors({spec.id: spec.needs for spec in workflow.tasks}, only)
    last = views.runs(workflow=workflow.name, limit=1)
    rows = {row.id: row for row in views.tasks(last[0].id)} if last else {}
    for need in sorted(needs):
        if need not in rows or not rows[need].is_good:
            raise NothingToTake(only=only, need=need, workflow=workflow.name)
    taken = tuple(row for row in rows.values() if _top(rows, row) in needs)
    return Seeds(last[0].id if last else "", taken)


def _top(rows: Mapping[str, Task], row: Task) -> str:
    """Return the outermost node that a node is the inside of."""
    while row.parent is not None:
        row = rows[row.parent]
    return row.id


def _taken(run: str, row: Task) -> Iterator[Draft]:
    created = TaskCreated(
        row.kind, row.name, row.section, row.parent, row.key, row.needs, row.priority, row.capabilities
    )
    yield Draft(created, run=run, task=row.id)
    if not row.is_good:  # inside a sub-workflow that ended well all the same
        yield Draft(TaskSkipped(Outcome.SKIPPED, "not done in the run it is taken from"), run=run, task=row.id)
        return
    done = TaskCompleted(Outcome.CACHED, row.exit_code, row.outputs, row.artifacts, row.usage, row.branch, row.commit)
    yield Draft(TaskQueued(), run=run, task=row.id)
    yield Draft(done, run=run, task=row.id)
