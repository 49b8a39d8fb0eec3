"""`fusion-kit doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended; what is cut from the log is kept.")
    ] = False,
) -> int:
    """Check Git, the project, its log and its workspaces, and say what to do about each finding.

    Exits with 1 where a finding is an error.
    """
    from fusion_kit.cli.finding_text import finding_item, finding_lines

    session = session_of(ctx)
    findings = session.project().doctor(repair=repair)
    session.show.listing([finding_item(finding) for finding in findings], finding_lines(findings))
    return int(any(finding.level == "error" for finding in findings))
