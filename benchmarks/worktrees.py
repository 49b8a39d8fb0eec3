"""The next task's workspace: an agent's worktree moved to another commit, beside `git worktree add` for each task."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measure import clocked, environment, spread
from benchmarks.table import Table
from fusion_kit.core.code import DeskOrder
from fusion_kit.workspaces.git import GitWorkspaces
from fusion_kit.workspaces.settings import WorkspaceSettings

SIZES = (100, 5_000, 50_000)
CHANGED = 20  # files that differ from one task's base to the next
FILE_BYTES = 2_000
COLUMNS = ("files", "git worktree add, ms", "next task in fusion-kit, ms", "ratio", "range of ours")

_IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository with two commits that differ in a few files."""

    top: Path
    first: str
    second: str


def _git(top: Path, *arguments: str) -> str:
    argv = ["git", *_IDENTITY, *arguments]
    return subprocess.run(argv, cwd=top, env=environment(), check=True, capture_output=True, text=True).stdout.strip()


def _commit(top: Path, message: str) -> str:
    _git(top, "add", "-A")
    _git(top, "commit", "-q", "-m", message)
    return _git(top, "rev-parse", "HEAD")


def made(top: Path, files: int) -> Checkout:
    """Make a repository of `files` files, a hundred to a folder."""
    top.mkdir(parents=True)
    _git(top, "init", "-q", "-b", "main")
    for number in range(files):
        path = top / f"d{number // 100}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"file {number}\n" * (FILE_BYTES // 12))
    first = _commit(top, "first")
    for number in range(0, files, max(1, files // CHANGED)):
        (top / f"d{number // 100}" / f"f{number}.txt").write_text("changed\n")
    return Checkout(top, first, _commit(top, "second"))


def _bases(checkout: Checkout, rounds: int) -> Iterator[str]:
    for number in range(rounds):
        yield checkout.second if number % 2 == 0 else checkout.first


def _added(checkout: Checkout, base: str, number: int) -> float:
    path = checkout.top.parent / f"added-{number}"
    seconds = clocked(lambda: _git(checkout.top, "worktree", "add", "-q", "--detach", str(path), base))
    shutil.rmtree(path)
    _git(checkout.top, "worktree", "prune")
    return seconds


def _row(scratch: Path, files: int, rounds: int) -> tuple[str, ...]:
    checkout = made(scratch / f"repo-{files}" / "top", files)
    common = checkout.top / ".git"
    own = GitWorkspaces(checkout.top, common / "fusion-kit", WorkspaceSettings())
    asyncio.run(own.prepare(DeskOrder("bench-1", checkout.first)))
    added, moved = [], []
    for number, base in enumerate(_bases(checkout, rounds)):
        os.sync()
        added.append(_added(checkout, base, number))
        moved.append(clocked(lambda base=base: asyncio.run(own.prepare(DeskOrder("bench-1", base)))))  # type: ignore[misc]
    theirs, ours = median(added), median(moved)
    return (f"{files:,}", f"{theirs * 1e3:.0f}", f"{ours * 1e3:.0f}", f"1/{theirs / ours:.1f}", spread(moved))


def measure(scratch: Path, *, quick: bool) -> list[Table]:
    """Make a repository of each size and move between its two commits."""
    sizes, rounds = (SIZES[:2], 3) if quick else (SIZES, 5)
    return [
        Table(
            title="The workspace of the next task",
            note=f"Two commits that differ in {CHANGED} files; {rounds} rounds, in turns.",
            columns=COLUMNS,
            rows=tuple(_row(scratch, files, rounds) for files in sizes),
        )
    ]
