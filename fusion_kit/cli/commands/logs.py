"""`fusion-kit logs RUN [TASK]`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.arguments import RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="One task; all of them by default.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as more is printed, until it ends.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", metavar="N", min=0, help="Only the last N lines of each task.")
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="What the gate of its merge printed; `logs RUN merge` means the same.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="The bytes as they are: escape sequences can do anything to a terminal.")
    ] = False,
) -> None:
    """Print what the tasks of a run printed in their last attempt."""
    from fusion_kit.cli.gate_logs import is_gate, print_gate
    from fusion_kit.cli.log_reading import LogRequest, follow_logs, print_logs

    session = session_of(ctx)
    project = session.project()
    request = LogRequest(run, task, tail=tail, raw=raw)
    if gate or (task is not None and is_gate(project, request)):
        print_gate(session, project, request, follow=follow)
        return
    (follow_logs if follow else print_logs)(session, project, request)
