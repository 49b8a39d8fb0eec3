"""`fusion-kit ps`."""

from __future__ import annotations

import typer

from fusion_kit.cli.session import session_of


def command(ctx: typer.Context) -> None:
    """List the runs that have not ended, with what they are doing."""
    from fusion_kit.cli.documents import run_item
    from fusion_kit.cli.run_list import run_lines
    from fusion_kit.core.states import RunState

    session = session_of(ctx)
    views = session.project().views
    runs = views.runs(states=(RunState.QUEUED, RunState.RUNNING, RunState.PAUSED))
    session.show.listing([run_item(run) for run in runs], run_lines(runs, views))
    if not runs:
        session.show.say(f"No run is alive; `{session.command('history')}` lists past ones.")
