"""`fusion-kit pause RUN`."""

from __future__ import annotations

import typer

from fusion_kit.cli.arguments import RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
) -> None:
    """Let everything of a run stand still, from any terminal; its agents stay where they are until it is resumed."""
    from fusion_kit.cli.steering import person, tell
    from fusion_kit.cli.style import dim
    from fusion_kit.core.states import RunState

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    project.pause(name, person())
    is_paused = project.views.run(name).state is RunState.PAUSED
    tell(session, project, name, f"{name} {'paused' if is_paused else 'is being paused'}")
    session.show.say(dim(f"next: {session.command('resume', name)}"))
