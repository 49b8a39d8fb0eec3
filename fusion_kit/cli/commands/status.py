"""`fusion-kit status [RUN]`."""

from __future__ import annotations

import typer

from fusion_kit.cli.arguments import NewestRunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: NewestRunArgument = None,
) -> None:
    """Show a run and its tasks, and say why something waits."""
    from fusion_kit.cli.documents import run_document
    from fusion_kit.cli.exit_codes import of_run
    from fusion_kit.cli.status_text import chosen_run, rests_of, status_lines, told_of
    from fusion_kit.cli.why import Picture
    from fusion_kit.clock import SystemClock

    session = session_of(ctx)
    project = session.project()
    name = chosen_run(project.views, run).id
    is_owned = project.is_owned(name)  # asked first: a run that ends meanwhile has ended, and was not left
    found, tasks = project.views.run(name), project.views.tasks(name)
    now = SystemClock().now()
    rests, told = rests_of(project.views, name, tasks, now), told_of(project, found, session.command)
    picture = Picture(found, tasks, session.command, is_owned, rests, told, now)
    lines = status_lines(picture, now)
    session.show.document(run_document(found, tasks, of_run(found, tasks)), lines)
