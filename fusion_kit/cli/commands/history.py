"""`fusion-kit history`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.session import session_of
from fusion_kit.core.states import RunState


def command(
    ctx: typer.Context,
    status: Annotated[
        list[RunState] | None, typer.Option("--status", help="Only runs in this state. Repeatable.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Such as 24h, 7d or 2026-01-31.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many.")] = 20,
) -> None:
    """List past and present runs, the newest first."""
    from fusion_kit.cli.documents import run_item
    from fusion_kit.cli.run_list import run_lines
    from fusion_kit.cli.words import moment
    from fusion_kit.clock import SystemClock

    session = session_of(ctx)
    views = session.project().views
    start = moment(since, SystemClock().now()) if since else None
    runs = views.runs(states=tuple(status) if status else None, since=start, limit=limit)
    session.show.listing([run_item(run) for run in runs], run_lines(runs, views))
    if not runs:
        session.show.say("No run matches." if status or since else "There was no run yet.")
