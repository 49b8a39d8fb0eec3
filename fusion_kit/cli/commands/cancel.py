"""`fusion-kit cancel RUN`."""

from __future__ import annotations

import typer

from fusion_kit.cli.arguments import RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
) -> None:
    """Stop a run for good, from any terminal; its branches are kept."""
    from fusion_kit.cli.steering import person, tell
    from fusion_kit.core.states import RunState

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    project.cancel(name, person())
    is_over = project.views.run(name).state is RunState.CANCELLED
    tell(session, project, name, f"{name} {'cancelled' if is_over else 'is being cancelled'}")
