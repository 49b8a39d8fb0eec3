"""A project outside of Git: there are no workspaces, and every task works in the project's folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fusion_kit.core.code import Desk, DeskOrder, KeepOrder, Kept, Landing, Marked, Outside, OutsideChange, Repository
from fusion_kit.core.errors import UsageError
from fusion_kit.core.globs import matches

_NOT_FILES = (".git", "workspaces", ".fusion/state")  # folders, from the project's own


class NoRepository(UsageError):
    """Only a Git repository has workspaces, and this project is not in one."""

    hint = "`git init && git add -A && git commit -m 'First commit'` makes it one."


class PlainFolder:
    """Fits the port `Workspaces` by having none."""

    def __init__(self, root: Path) -> None:
        """Take the project's folder."""
        self._root = root

    async def repository(self) -> Repository | None:
        """Return None: there is no repository."""
        return None

    async def combine(self, parents: Mapping[str, str]) -> str:
        """Raise `NoRepository`."""
        raise NoRepository(parents=parents)

    async def prepare(self, order: DeskOrder) -> Desk:
        """Raise `NoRepository`."""
        raise NoRepository(order=order)

    async def keep(self, order: KeepOrder) -> Kept:
        """Raise `NoRepository`."""
        raise NoRepository(order=order)

    async def freeze(self) -> None:
        """Return: there is no configuration of Git to take over."""

    async def tip(self, branch: str) -> str | None:  # noqa: ARG002 - the port asks so
        """Return None: there is no branch."""
        return None

    async def assemble(self, landing: Landing) -> str:
        """Raise `NoRepository`."""
        raise NoRepository(landing=landing)

    async def publish(self, landing: Landing, commit: str) -> None:
        """Raise `NoRepository`."""
        raise NoRepository(landing=landing, commit=commit)

    async def mark_conflicts(self, parents: Mapping[str, str]) -> Marked:
        """Raise `NoRepository`."""
        raise NoRepository(parents=parents)

    async def unresolved(self, commit: str, files: Sequence[str]) -> tuple[str, ...]:
        """Raise `NoRepository`."""
        raise NoRepository(commit=commit, files=files)

    async def clashes(self, commit: str, desk: Desk) -> tuple[str, ...]:  # noqa: ARG002 - the port asks so
        """Return (): no two tasks have files of their own."""
        return ()

    async def digest(self, commit: str | None, patterns: Sequence[str]) -> str:
        """Return SHA-256, in hex, over path and content of the files in the project's folder that match."""
        if commit is not None:
            raise NoRepository(commit=commit)
        return await asyncio.to_thread(_digest, self._root, patterns)

    async def outside(self) -> Outside:
        """Return nothing: every task works in the project's folder, so nothing there is outside."""
        return Outside()

    async def keep_patch(self, change: OutsideChange, into: Path) -> None:
        """Raise `NoRepository`."""
        raise NoRepository(change=change, into=into)


def _digest(root: Path, patterns: Sequence[str]) -> str:
    total = hashlib.sha256()
    for path in sorted(path for path in _files(root) if matches(path, patterns)):
        content = hashlib.sha256((root / path).read_bytes()).hexdigest()
        total.update(f"{content} {path}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _files(root: Path) -> Iterator[str]:
    """Yield the plain files of a project by relative path; no link is followed."""
    for parent, folders, names in os.walk(root):
        here = Path(parent).relative_to(root)
        folders[:] = [name for name in folders if (here / name).as_posix() not in _NOT_FILES]
        for name in names:
            path = Path(parent) / name
            if path.is_file() and not path.is_symlink():
                yield (here / name).as_posix()
