"""`fusion-kit schema [PATH]`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="Such as workflow.tasks.retry, agent.timeouts, config.limits.")
    ] = "",
) -> None:
    """Explain a key of workflows, agents, the configuration or events, from the schemas editors use."""
    from fusion_kit.cli.schema_docs import explained, part

    found = part(path)
    session_of(ctx).show.document(found.schema, explained(found))
