"""`fusion-kit reject RUN [TASK]`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.arguments import AskingTaskArgument, RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
    message: Annotated[str, typer.Option("-m", "--message", metavar="TEXT", help="Why; the task's error says it.")],
    task: AskingTaskArgument = None,
) -> None:
    """Say no to a task that waits for an approval: it fails as `rejected`, and what needs it does not run."""
    from fusion_kit.cli.steering import asking_task, person, tell_answered

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    found = asking_task(name, project.views.tasks(name), task, "reject")
    project.reject(name, found.id, message, person())
    tell_answered(session, project, name, f"{found.id} rejected")
