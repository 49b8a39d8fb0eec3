"""Part of a workflow: a task, and everything it needs."""

from __future__ import annotations

import difflib
from dataclasses import replace

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.errors import UsageError
from fusion_kit.core.graph import ancestors


class NoSuchTask(UsageError):
    """Workflow {workflow!r} has no task {task!r}."""

    hint = "{advice}"


def selected(bundle: Bundle, until: str | None) -> Bundle:
    """Return the bundle with only `until` and what it needs, directly or not; None selects everything.

    Raises `NoSuchTask`.
    """
    if until is None:
        return bundle
    workflow = bundle.workflow
    needs = {spec.id: spec.needs for spec in workflow.tasks}
    if until not in needs:
        close = difflib.get_close_matches(until, needs, n=1)
        lists = f"`fusion-kit show {workflow.name}` lists its tasks."
        raise NoSuchTask(task=until, workflow=workflow.name, advice=f"Did you mean {close[0]!r}?" if close else lists)
    wanted = ancestors(needs, until) | {until}
    tasks = tuple(spec for spec in workflow.tasks if spec.id in wanted)
    # the workflow's own outputs may come from tasks that were not selected
    return replace(bundle, workflow=replace(workflow, tasks=tasks, outputs={}))
