"""`fusion-kit approve RUN [TASK]`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.arguments import AskingTaskArgument, RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
    task: AskingTaskArgument = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("-i", "--input", metavar="K=V", help="A field: k=text, k=@file or k:=json. Repeatable."),
    ] = None,
) -> None:
    """Say yes to a task that waits for an approval; on a terminal its form is asked for, field by field."""
    from fusion_kit.cli.asking import asked, form_of
    from fusion_kit.cli.given import inputs_from
    from fusion_kit.cli.steering import asking_task, person, tell_answered
    from fusion_kit.definitions.patterns import matches

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    found = asking_task(name, project.views.tasks(name), task, "approve")
    form = form_of(found.waits)
    given = inputs_from(inputs or [], None, session.folder)
    if session.may_ask and form and not inputs:
        session.show.explain(str((found.waits or {}).get("message") or ""))
        given = asked(form, session.show, matches)
    project.approve(name, found.id, given, person())
    tell_answered(session, project, name, f"{found.id} approved")
