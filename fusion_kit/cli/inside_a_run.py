"""A run that is asked for inside a task of another run: refused, unless that is what a person means."""

from __future__ import annotations

import os

from fusion_kit.core.errors import UsageError

PARENT = "FUSION_PARENT_RUN"


class InsideARun(UsageError):
    """Task {task} of run {run} asks for a run of its own, which would know nothing of the limits around it."""

    hint = "Run the other workflow as a task of this one, with `uses:`; --nested starts a run of its own all the same."


def refuse_inside_a_run(*, nested: bool) -> list[str]:
    """Return the variables by which a run remembers the run around it; none where there is none.

    Raises `InsideARun` in a task of a run, unless `nested` is given.
    """
    run = os.environ.get("FUSION_RUN_ID")
    if not run:
        return []
    if not nested:
        raise InsideARun(run=run, task=os.environ.get("FUSION_TASK_ID") or "?")
    return [f"{PARENT}={run}"]
