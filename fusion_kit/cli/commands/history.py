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
    after: Annotated[
        int | None, typer.Option("--after", metavar="SEQ", min=0, help="Go on behind the last `next_after`.")
    ] = None,
) -> None:
    """List past and present runs, the newest first."""
    from fusion_kit.cli.run_list import RunRequest, list_runs

    session = session_of(ctx)
    list_runs(session, RunRequest(tuple(status or ()), since, limit, after), "No run matches.")
