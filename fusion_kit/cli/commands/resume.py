"""`fusion-kit resume RUN`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or its unambiguous beginning.")],
) -> int:
    """Go on with a run that was interrupted, paused or failed; what is done stays done."""
    from fusion_kit.cli.live.conduct import conduct
    from fusion_kit.cli.summary import conclude

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    ended = conduct(session, project, lambda watch, stop: project.resume(name, watch, stop), known=name)
    return conclude(session, project, ended.run, ended.tasks, ended.exit_code)
