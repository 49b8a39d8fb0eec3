"""`fusion-kit clean`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fusion_kit.cli.session import session_of
from fusion_kit.core.errors import UsageError


class EventsUnforeseen(UsageError):
    """What leaves the log cannot be foretold."""

    hint = "Leave out --events or -n."


def command(
    ctx: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Only what was not used for so long, such as 12h or 7d.")
    ] = "7d",
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Only say what would be removed.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Let old events leave the log, too.")] = False,
) -> None:
    """Remove workspaces, branches and logs of runs that ended; work that nothing else holds is salvaged first.

    Example: `fusion-kit clean --older-than 30d -n` shows what is older than 30 days, with what it takes up. What is in
    use, what a resumable run needs, and what cannot be read whole stays.
    """
    from fusion_kit.cli.cleaning_text import bytes_text, cleaned_item, cleaned_lines
    from fusion_kit.cli.style import dim
    from fusion_kit.cli.words import counted, moment
    from fusion_kit.clock import SystemClock

    if events and dry_run:
        raise EventsUnforeseen
    session = session_of(ctx)
    care = session.project().care()
    before = moment(older_than, SystemClock().now())
    found = care.clean(before, lambda what: session.show.say(f"removing {what}"), dry=dry_run)
    gone = [each for each in found if each.goes]
    freed_bytes = sum(each.bytes for each in gone)
    retired = care.retire_events(before) if events else None
    document: dict[str, Any] = {
        "items": [cleaned_item(each) for each in found],
        "total": len(found),
        "next_after": None,
        "dry_run": dry_run,
        "freed_bytes": freed_bytes,
        "events": dict(zip(("events", "bytes", "runs"), retired, strict=True)) if retired else None,
    }
    said = f"{'would free' if dry_run else 'freed'} {bytes_text(freed_bytes)}: {counted(len(gone), 'thing')}"
    lines = [*cleaned_lines(found, all_of_it=session.settings.verbose), f"{said}, {len(found) - len(gone)} kept"]
    if retired:
        lines.append(f"{counted(retired[0], 'event')} of {counted(retired[2], 'run')} left the log")
    session.show.document(document, lines)
    if len(found) > len(gone) and not gone and not session.settings.verbose:
        session.show.say(dim(f"what is kept, and why: {session.command('clean', '-n', '-v')}"))
