"""`fusion-kit rescue [RUN]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusion_kit.cli.completion import runs
from fusion_kit.cli.session import Session, session_of
from fusion_kit.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fusion_kit.cli.care import Saved


class NothingKept(UsageError):
    """Nothing is kept{where}."""

    hint = "Work of tasks that ended well is on the run's branch: `fusion-kit status RUN` names it."


class ChooseOne(UsageError):
    """{count} things are kept, and one must be chosen."""

    hint = "`fusion-kit rescue` lists them; choose one by its number or name: --ref N"


class WhichOne(UsageError):
    """There is no {chosen!r} among the {count} things that are kept."""

    hint = "`fusion-kit rescue` lists them; choose one by its number or name: --ref N"


def command(
    ctx: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Only what is kept of this run.", autocompletion=runs)
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Write its files to this new folder.")] = None,
    ref: Annotated[
        str | None, typer.Option("--ref", metavar="REF|N", help="Which one, by name or by number in the list.")
    ] = None,
    branch: Annotated[str | None, typer.Option("--branch", metavar="NAME", help="Make this branch at it.")] = None,
) -> None:
    """List work that is kept though no run's result holds it, and get it back.

    Example: `fusion-kit rescue` lists it with numbers, `fusion-kit rescue --ref 2 --to ../found` writes number 2 to a
    new folder, and `fusion-kit rescue --ref 2 --branch found` makes a branch of it.
    """
    from fusion_kit.cli.cleaning_text import saved_item, saved_lines

    session = session_of(ctx)
    care = session.project().care()
    found = care.saved(run)
    if to is None and branch is None and ref is None:
        items = [saved_item(place, saved) for place, saved in enumerate(found, 1)]
        session.show.listing(items, saved_lines(found), total=len(items))
        if not found:
            session.show.say("Nothing is kept that a run's result does not hold.")
        return
    place = _place_of(found, ref, run)
    saved = found[place - 1]
    if branch is not None:
        care.branch(saved, branch)
    if to is not None:
        care.restore(saved, session.folder / to)
    session.show.document(
        {"items": [saved_item(place, saved)], "total": 1, "next_after": None, "to": to and str(to), "branch": branch},
        _said(session, saved, to, branch),
    )


def _place_of(found: Sequence[Saved], chosen: str | None, run: str | None) -> int:
    """Return the number of the one that was meant; raises `NothingKept`, `ChooseOne`, `WhichOne`."""
    if not found:
        raise NothingKept(where=f" of run {run}" if run else "")
    if chosen is None and len(found) == 1:
        return 1
    if chosen is None:
        raise ChooseOne(count=len(found))
    if chosen.isdigit() and 1 <= int(chosen) <= len(found):
        return int(chosen)
    for place, saved in enumerate(found, 1):
        if chosen in (saved.name, saved.name.removeprefix("refs/heads/"), saved.commit):
            return place
    raise WhichOne(chosen=chosen, count=len(found))


def _said(session: Session, saved: Saved, to: Path | None, branch: str | None) -> list[str]:
    if to is None and branch is None:
        return [saved.name, f"Get its files: {session.command('rescue', '--ref', saved.name, '--to', 'DIR')}"]
    lines = [f"{saved.name} is in {to}"] if to is not None else []
    return lines + ([f"{saved.name} is on branch {branch}"] if branch is not None else [])
