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
    from fusion_kit.cli.status_text import chosen_run, status_lines
    from fusion_kit.clock import SystemClock

    session = session_of(ctx)
    views = session.project().views
    found = chosen_run(views, run)
    tasks = views.tasks(found.id)
    lines = status_lines(found, tasks, SystemClock().now())
    session.show.document(run_document(found, tasks, of_run(found, tasks)), lines)
