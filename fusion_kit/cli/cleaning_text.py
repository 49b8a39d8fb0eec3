"""What `clean` looked at and what `rescue` found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fusion_kit.cli.care import Cleaned, Saved
from fusion_kit.cli.style import bold, columns, dim, yellow
from fusion_kit.cli.words import counted


def cleaned_item(found: Cleaned) -> dict[str, Any]:
    """Return one thing as JSON tells it."""
    return {
        "kind": found.kind,
        "subject": found.subject,
        "standing": found.standing,
        "reason": found.kept or found.reason,
        "removed": found.goes,
        "bytes": found.bytes,
        "salvages": found.salvages,
        "refs": list(found.refs),
    }


def cleaned_lines(found: Sequence[Cleaned], *, all_of_it: bool) -> Iterator[str]:
    """Yield a line for each thing that goes, and for each that stays though it is no longer used."""
    shown = [each for each in found if all_of_it or each.goes or each.kept or each.standing == "corrupt"]
    yield from columns([[_verb(each), each.kind, bold(each.subject), _why(each)] for each in shown])


def _verb(each: Cleaned) -> str:
    return each.standing if each.goes else yellow("kept")


def _why(each: Cleaned) -> str:
    size = f"{bytes_text(each.bytes)}, " if each.bytes else ""
    held = f"; its work is kept: {', '.join(each.refs)}" if each.refs else "; its work is kept" if each.salvages else ""
    return dim(f"{size}{each.kept or each.reason}{held}")


def saved_item(place: int, saved: Saved) -> dict[str, Any]:
    """Return one kept thing as JSON tells it; `n` is what `--ref` takes."""
    names = ("kind", "name", "date", "run", "task", "number", "commit", "files", "bytes", "subject")
    return {"n": place, **{name: getattr(saved, name) for name in names}}


def saved_lines(found: Sequence[Saved]) -> Iterator[str]:
    """Yield a line for each kept thing, with its number."""
    yield from columns([[bold(str(place)), *_cells(saved)] for place, saved in enumerate(found, 1)])


def _cells(saved: Saved) -> list[str]:
    where = "/".join(filter(None, (saved.run, saved.task)))
    size = counted(saved.files, "file") if saved.files is not None else bytes_text(saved.bytes or 0)
    return [saved.date[:16].replace("T", " "), saved.kind, where, size, saved.subject, dim(saved.name)]


def bytes_text(number: int) -> str:
    """Return a size as people read it."""
    if number < 1024:
        return f"{number} B"
    size, units = number / 1024, ["KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.1f} {units[0]}"
