"""What differs between two commits, as data and as a patch; nothing a repository names runs to show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.names import commit_name
from fusion_kit.workspaces.trusted import Trusted

_TWO_PATHS = "RC"


@dataclass(frozen=True, slots=True)
class DiffFile:
    """A changed file: lines `added` and `removed` (None: binary), Git's status letter, and where it was before."""

    path: str
    status: str  # A, D, M, T (it became a link or a file), R
    added: int | None
    removed: int | None
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """The changed files by path, and the same as a patch; a binary file is only named in it."""

    files: tuple[DiffFile, ...]
    patch: bytes


@dataclass(frozen=True, slots=True)
class Differ:
    """Compares commits."""

    git: Git
    trusted: Trusted

    def diff(self, old: str, new: str, paths: Sequence[str] = ()) -> Diff:
        """Return what differs, or with `paths` (files and folders, as they are) what differs there."""
        counts = dict(_counts(iter(self._tree(old, new, paths, "--numstat", "-z"))))
        named = _named(iter(self._tree(old, new, paths, "--name-status", "-z")))
        files = (DiffFile(path, status, *counts[path], before) for status, before, path in named)
        return Diff(tuple(sorted(files, key=lambda file: file.path)), self._patch(old, new, paths))

    def _patch(self, old: str, new: str, paths: Sequence[str]) -> bytes:
        args = (
            "-p",
            "--no-textconv",
            "--no-ext-diff",
            "--no-color",
            "--full-index",
            "--src-prefix=a/",
            "--dst-prefix=b/",
        )
        return self.git.run(self.trusted.place(), *_args(old, new, paths, *args)).out

    def _tree(self, old: str, new: str, paths: Sequence[str], *form: str) -> list[str]:
        return self.git.run(self.trusted.place(), *_args(old, new, paths, *form)).fields


def _args(old: str, new: str, paths: Sequence[str], *form: str) -> tuple[str, ...]:
    literal = (f":(literal){path}" for path in paths)
    return ("diff-tree", "-r", "-M", *form, "--end-of-options", commit_name(old), commit_name(new), "--", *literal)


def _counts(fields: Iterator[str]) -> Iterator[tuple[str, tuple[int | None, int | None]]]:
    """Yield path and lines added and removed; a renamed file has an empty path, then the old and the new one."""
    for field in fields:
        added, removed, path = field.split("\t", 2)
        if not path:
            next(fields)
            path = next(fields)
        yield path, (_number(added), _number(removed))


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


def _named(fields: Iterator[str]) -> Iterator[tuple[str, str | None, str]]:
    """Yield status letter, the path before where it was another, and the path."""
    for status in fields:
        before = next(fields) if status[0] in _TWO_PATHS else None
        yield status[0], before, next(fields)
