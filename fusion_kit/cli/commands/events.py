"""`fusion-kit events`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fusion_kit.cli.session import session_of
from fusion_kit.core.facts.base import Severity


class Export(StrEnum):
    """The format of an export."""

    JSONL = "jsonl"
    CSV = "csv"


def command(  # noqa: PLR0913, PLR0917 - every option of the command is one of its parameters
    ctx: typer.Context,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as more happens, until Ctrl-C.")] = False,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Such as task.failed, or task.* for all of a kind.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Of one run.")] = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="AGENT", help="Of one agent.")] = None,
    severity: Annotated[Severity | None, typer.Option("--severity", help="This severity or a graver one.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Such as 10m, 24h or 2026-01-31.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many.")] = 100,
    after: Annotated[
        int | None,
        typer.Option("--after", metavar="SEQ", min=0, help="Only events behind this one; the last N by default."),
    ] = None,
    export: Annotated[
        Export | None, typer.Option("--export", help="Print everything that matches to stdout, as JSON lines or CSV.")
    ] = None,
) -> None:
    """Print the event log: what happened, in order, filtered, followed or exported."""
    from fusion_kit.cli.event_reading import EventRequest, export_events, follow_events, print_events

    session = session_of(ctx)
    project = session.project()
    request = EventRequest.of(project.views, {"type": type_, "run": run, "agent": agent}, severity, since, limit, after)
    if export:
        export_events(session, project.views, request, export.value)
    elif follow:
        follow_events(session, project.views, request)
    else:
        print_events(session, project.views, request)
