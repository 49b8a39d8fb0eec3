"""`fusion-kit merge RUN`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.arguments import RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
    into: Annotated[
        str | None, typer.Option("--into", metavar="BRANCH", help="The branch; by default the one the run names.")
    ] = None,
) -> int:
    """Bring the work of a run into a branch, through its gate; a checkout that is not clean is left alone.

    Exits with 1 where the branch could not be moved; the work then stays where it is.
    """
    from fusion_kit.cli.merge_text import merge_here

    session = session_of(ctx)
    project = session.project()
    return merge_here(session, project, project.views.run(run).id, into)
