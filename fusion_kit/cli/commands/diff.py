"""`fusion-kit diff RUN [TASK]`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.arguments import RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="One task; the whole run by default.")] = None,
    stat: Annotated[bool, typer.Option("--stat", help="Only the files, with how many lines changed.")] = False,
) -> None:
    """Print what a run, or one of its tasks, changed, as a patch that `git apply` takes."""
    from fusion_kit.cli.diff_text import print_diff
    from fusion_kit.cli.steering import known_task

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    if task is not None:
        known_task(name, project.views.tasks(name), task)
    print_diff(session.show, project.diff(name, task), is_stat=stat)
