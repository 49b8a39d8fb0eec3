"""Part of a workflow: a task, and everything it needs."""

from __future__ import annotations

from dataclasses import replace

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.errors import NotFound
from fusion_kit.core.graph import ancestors


def selected(bundle: Bundle, until: str | None) -> Bundle:
    """Return the bundle with only `until` and what it needs, directly or not; None selects everything.

    Raises `NotFound` for a task that is not there.
    """
    if until is None:
        return bundle
    workflow = bundle.workflow
    needs = {spec.id: spec.needs for spec in workflow.tasks}
    if until not in needs:
        raise NotFound(kind="task", name=until)
    wanted = ancestors(needs, until) | {until}
    tasks = tuple(spec for spec in workflow.tasks if spec.id in wanted)
    # the workflow's own outputs may come from tasks that were not selected
    return replace(bundle, workflow=replace(workflow, tasks=tasks, outputs={}))
