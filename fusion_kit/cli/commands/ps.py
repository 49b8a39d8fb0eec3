"""`fusion-kit ps`."""

from __future__ import annotations

import typer

from fusion_kit.cli.session import session_of


def command(ctx: typer.Context) -> None:
    """List the runs that have not ended, with what they are doing."""
    from fusion_kit.cli.run_list import ALIVE, RunRequest, list_runs

    session = session_of(ctx)
    nothing = f"No run is alive; `{session.command('history')}` lists past ones."
    list_runs(session, RunRequest(ALIVE, limit=1000, with_cost=True), nothing)
