"""`fusion-kit init`."""

from __future__ import annotations

import typer

from fusion_kit.cli.session import session_of


def command(ctx: typer.Context) -> None:
    """Write .fusion/ with a commented configuration, agents and workflows; nothing that exists is changed.

    The workflow `hello` runs without any key. Agent programs found on this machine get a file of their own.
    """
    from fusion_kit.cli.starting import begun_lines, start_project

    session = session_of(ctx)
    start = start_project(session.folder)
    session.show.document(start.as_dict(), begun_lines(start, session))
