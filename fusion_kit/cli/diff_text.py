"""What a run changed, on stdout: a patch, a table of files, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fusion_kit.cli.answers import Diff, FileChange
from fusion_kit.cli.output import Output
from fusion_kit.cli.settings import Mode
from fusion_kit.cli.style import bold, columns, cyan, dim, green, red
from fusion_kit.cli.words import counted

_HEADS = ("diff --git ", "index ", "--- ", "+++ ", "new file ", "deleted file ", "similarity ", "rename ")
_STATUS = {"A": "added", "D": "deleted", "M": "modified", "R": "renamed", "T": "type changed"}


def print_diff(show: Output, diff: Diff, *, is_stat: bool) -> None:
    """Print it; a terminal gets colours and nothing that steers it, everybody else the exact bytes."""
    if show.is_for_programs:
        _print_items(show, diff, is_stat=is_stat)
    elif not diff.files:
        show.say("Nothing was changed.")
    elif is_stat:
        show.text(stat_lines(diff.files))
    elif show.out.isatty() or show.has_colour(show.out):
        show.text(patch_lines(diff.patch.decode("utf-8", errors="replace")))
    elif show.settings.output is not Mode.QUIET:
        show.raw(diff.patch)


def stat_lines(files: Sequence[FileChange]) -> Iterator[str]:
    """Yield one line for each file, and their sum."""
    yield from columns([[_status(file), _path(file), _count(file)] for file in files])
    added, removed = (sum(count or 0 for count in counts) for counts in zip(*map(_counts, files), strict=True))
    yield dim(f"{counted(len(files), 'file')}, {counted(added, 'line')} added, {removed} removed")


def patch_lines(patch: str) -> Iterator[str]:
    """Yield the lines of a patch in their colours."""
    in_hunk = False
    for line in patch.split("\n")[: -1 if patch.endswith("\n") else None]:
        if line.startswith("@@"):
            in_hunk = True
            yield cyan(line)
        elif line.startswith("diff --git ") or (not in_hunk and line.startswith(_HEADS)):
            in_hunk = False
            yield bold(line)
        else:
            yield green(line) if line.startswith("+") else red(line) if line.startswith("-") else line


def _print_items(show: Output, diff: Diff, *, is_stat: bool) -> None:
    items = [_item(file) for file in diff.files]
    if show.settings.output is Mode.JSONL:
        for item in items:
            show.record(item)
        return
    patch = {} if is_stat else {"patch": diff.patch.decode("utf-8", errors="replace")}
    show.document({"items": items, "next_after": None, "total": len(items)} | patch)


def _item(file: FileChange) -> dict[str, Any]:
    status = _STATUS.get(file.status, file.status)
    counts = {"added": file.added, "removed": file.removed}
    return {"path": file.path, "status": status, **counts, "old": file.renamed_from}


def _status(file: FileChange) -> str:
    colour = {"A": green, "D": red}.get(file.status, str)
    return colour(_STATUS.get(file.status, file.status))


def _path(file: FileChange) -> str:
    return f"{file.renamed_from} -> {file.path}" if file.renamed_from else file.path


def _counts(file: FileChange) -> tuple[int | None, int | None]:
    return file.added, file.removed


def _count(file: FileChange) -> str:
    if file.added is None or file.removed is None:
        return dim("binary")
    return f"{green(f'+{file.added}')} {red(f'-{file.removed}')}"
