"""Moving a person's clean checkout from one commit to the next, also where an earlier move died half-way."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import write_whole
from fusion_kit.workspaces.errors import GitFailed, Names
from fusion_kit.workspaces.repository import gitdir_of, modified, operation, own_index
from fusion_kit.workspaces.trusted import Trusted

_GONE = "0" * 6


@dataclass(frozen=True, slots=True)
class Standing:
    """How a checkout stands between two commits.

    `moved` are the files that an earlier move left as in the new one, `torn` those in whose midst it was killed.
    """

    is_there: bool = False
    moved: tuple[str, ...] = ()
    torn: tuple[str, ...] = ()
    hindrance: str | None = None  # why it cannot be moved


@dataclass(frozen=True, slots=True)
class Intent:
    """A note of the move that is under way, for whoever comes after one that was killed with its Git."""

    path: Path

    def note(self, checkout: Path, old: str, new: str) -> None:
        """Write down what is about to be moved."""
        write_whole(self.path, _text(checkout, old, new))

    def is_of(self, checkout: Path, old: str, new: str) -> bool:
        """Return whether just this move was begun and never came to its end."""
        return self.path.is_file() and self.path.read_text(encoding="utf-8") == _text(checkout, old, new)

    def forget(self) -> None:
        """It is over, however it went."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Moves files and index, and never those of a checkout with anything in it that neither commit has."""

    git: Git
    trusted: Trusted
    common_dir: Path
    intent: Intent

    def standing(self, checkout: Path, old: str, new: str) -> Standing:
        """Look at a checkout without touching it."""
        if (busy := operation(gitdir_of(checkout, self.common_dir))) is not None:
            return Standing(hindrance=f"a {busy} is going on")
        if not self._differs(checkout, new):
            return Standing(is_there=True)
        differing = self._differs(checkout, old)
        moved = self._moved(checkout, old, new, is_mixed=bool(differing))
        left = [path for path in differing if path not in moved]
        torn = self._torn(checkout, old, new, {*left, *self._added(old, new)}.difference(moved))
        dirty = [path for path in left if path not in torn]
        return Standing(moved=moved, torn=torn, hindrance=f"uncommitted changes in {Names(dirty)}" if dirty else None)

    def forward(self, checkout: Path, old: str, new: str, standing: Standing, lock: int) -> None:
        """Move it; raises `GitFailed` where a new file would be written over one that Git does not hold.

        Git holds the `lock` with us, so that a move whose runner was killed is over before the next one looks.
        """
        index = gitdir_of(checkout, self.common_dir) / "index"
        place = Place(self.trusted.place().gitdir, work_tree=checkout, index=index)
        if self.intent.is_of(checkout, old, new):
            _unlock(index)
        self.intent.note(checkout, old, new)
        for path in standing.torn:
            (checkout / path).unlink(missing_ok=True)
        if standing.moved:
            _stage(self.git, place, standing.moved)
        try:
            self.git.run(place, "read-tree", "-m", "-u", "--end-of-options", old, new, holding=(lock,))
        finally:
            self.intent.forget()

    def _differs(self, checkout: Path, commit: str) -> list[str]:
        gitdir = gitdir_of(checkout, self.common_dir)
        with own_index(self.git, self.trusted, checkout, gitdir, commit) as place:
            return modified(self.git, place, commit)

    def _torn(self, checkout: Path, old: str, new: str, paths: Iterable[str]) -> tuple[str, ...]:
        """Return those of the paths that Git was writing when it was killed: gone, or cut short of what they get.

        Without a note of such a move it is the person who did that.
        """
        if not self.intent.is_of(checkout, old, new):
            return ()
        return tuple(path for path in sorted(paths) if self._begins_like(checkout / path, f"{new}:{path}"))

    def _begins_like(self, file: Path, blob: str) -> bool:
        if not os.path.lexists(file):
            return True
        answer = self.git.run(self.trusted.place(), "cat-file", "blob", blob, allowed=(0, 128))
        return (
            answer.code == 0 and not file.is_symlink() and file.is_file() and answer.out.startswith(file.read_bytes())
        )

    def _moved(self, checkout: Path, old: str, new: str, *, is_mixed: bool) -> tuple[str, ...]:
        """Read files only where there is a sign of such a move: something differs, or a new file is there."""
        wanted = self._wanted(old, new)
        added = (path for path, facts in wanted.items() if facts[0] == _GONE)
        if not is_mixed and not any(os.path.lexists(checkout / path) for path in added):
            return ()
        try:
            lying = self._lying(checkout, old, sorted(wanted))
        except GitFailed:  # no file that could be committed: then it is no file of ours
            return ()
        return tuple(path for path, facts in wanted.items() if lying.get(path, _GONE) == _entry(facts))

    def _added(self, old: str, new: str) -> list[str]:
        return [path for path, facts in self._wanted(old, new).items() if facts[0] == _GONE]

    def _wanted(self, old: str, new: str) -> dict[str, list[str]]:
        """Return the paths that differ, each with what Git says of both sides: modes, blobs, kind of change."""
        args = ("diff-tree", "-r", "-z", "--no-renames", "--raw", "--end-of-options", old, new)
        fields = self.git.run(self.trusted.place(), *args).fields
        return {path: facts.lstrip(":").split(" ") for facts, path in zip(fields[::2], fields[1::2], strict=True)}

    def _lying(self, checkout: Path, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Return mode and content of the paths that are there, as Git would commit them."""
        gitdir = gitdir_of(checkout, self.common_dir)
        with self.trusted.quarantine() as fresh, own_index(self.git, self.trusted, checkout, gitdir, commit) as place:
            here = replace(place, objects=fresh.objects)
            _stage(self.git, here, paths)
            split = (line.partition("\t") for line in self.git.run(here, "ls-files", "-z", "-s").fields)
            return {path: facts.rpartition(" ")[0] for facts, _, path in split}


def _entry(facts: Sequence[str]) -> str:
    _, mode, _, blob, _ = facts
    return _GONE if mode == _GONE else f"{mode} {blob}"


def _text(checkout: Path, old: str, new: str) -> str:
    return f"{checkout}\n{old}\n{new}\n".encode("utf-8", "backslashreplace").decode()


def _unlock(index: Path) -> None:
    """Remove the lock that a killed Git left on an index; while it writes files, its lock is empty."""
    lock = index.with_name(f"{index.name}.lock")
    if lock.is_file() and lock.stat().st_size == 0:
        lock.unlink()


def _stage(git: Git, place: Place, paths: Sequence[str]) -> None:
    stdin = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
    git.run(
        place, "-c", "core.fsync=none", "update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=stdin
    )
