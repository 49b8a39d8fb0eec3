"""`fusion-kit resume RUN`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fusion_kit.cli.arguments import RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
    secret_file: Annotated[
        list[Path] | None,
        typer.Option("--secret-file", metavar="FILE", help="The run's secrets anew: they are never recorded."),
    ] = None,
) -> int:
    """Go on with a run that was interrupted or paused; what is done stays done, and living agents are taken over."""
    from fusion_kit.cli.given import secrets_from
    from fusion_kit.cli.live.conduct import conduct
    from fusion_kit.cli.summary import conclude

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    secrets = secrets_from(secret_file or [], session.folder)
    ended = conduct(session, project, lambda watch, stop: project.resume(name, watch, stop, secrets), known=name)
    return conclude(session, project, ended.run, ended.tasks, ended.exit_code)
