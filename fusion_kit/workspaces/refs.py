"""The repository's refs: read, and moved only by compare-and-swap; no hook of anybody's runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import sync_folder
from fusion_kit.workspaces.errors import GitFailed, NameTaken, RefMoved
from fusion_kit.workspaces.names import OWN, commit_name, ref_name

_IN_THE_WAY = re.compile(r"'refs/heads/(?P<taken>[^']+)' exists; cannot create 'refs/heads/(?P<wanted>[^']+)'")
_OURS = (f"{OWN}/", "refs/heads/fk/")  # nobody else moves these, and each has one owner at a time


@dataclass(frozen=True, slots=True)
class Move:
    """A ref that shall stand at `new`; `old` is where it stands (None: nowhere), `forced` asks for neither."""

    ref: str
    new: str
    old: str | None = None
    forced: bool = False


class Refs:
    """The refs of the repository whose common directory is `common_dir`."""

    def __init__(self, git: Git, common_dir: Path) -> None:
        """Work on the repository itself: these commands read its configuration and run nothing it names."""
        self._git = git
        self._place = Place(common_dir)

    def tip(self, ref: str) -> str | None:
        """Return the commit a ref stands at, None where there is no such ref."""
        answer = self._git.run(self._place, "rev-parse", "--verify", "-q", ref_name(ref), allowed=(0, 1))
        return answer.text or None

    def under(self, folder: str) -> dict[str, tuple[str, str]]:
        """Return the refs in a folder of refs: name -> (commit, its tree)."""
        form = "--format=%(refname) %(objectname) %(tree)"
        lines = self._git.run(self._place, "for-each-ref", form, f"{ref_name(folder)}/").text.splitlines()
        return {name: (commit, tree) for name, commit, tree in (line.split(" ") for line in lines)}

    def move(self, moves: Sequence[Move], why: str) -> None:
        """Move all of them or none; raises `RefMoved` where one was not where it was expected, `NameTaken`."""
        stdin = b"".join(_line(move) for move in moves)
        args = ("update-ref", "-m", why, "--stdin", "-z")
        try:
            with self._noted("moving", any(not move.ref.startswith(_OURS) for move in moves)) as was_killed:
                self._insisting(args, stdin, moves, was_killed=was_killed)
        except GitFailed as failure:
            if (taken := _IN_THE_WAY.search(str(failure.facts["said"]))) is not None:
                raise NameTaken(**taken.groupdict()) from failure
            raise RefMoved(ref=moves[0].ref, said=failure.facts["said"]) from failure
        for folder in {(self._place.gitdir / move.ref).parent for move in moves}:
            self._sync(folder)

    def delete(self, ref: str, commit: str, why: str) -> None:
        """Delete one of our refs if it stands at `commit`, with "" wherever it stands; raises `GitFailed`.

        Git locks all packed refs for that. A lock of theirs that blocks is removed only if it is empty, Git waited for
        it, and a note says that such a deletion of ours never came to its end.
        """
        packed = self._place.gitdir / "packed-refs.lock"
        stdin = f"delete {ref_name(ref)}\0{commit and commit_name(commit)}\0".encode()
        args = ("update-ref", "-m", why, "--stdin", "-z")
        with self._noted("deleting") as was_killed:
            try:
                self._insisting(args, stdin, [Move(ref, commit)])
            except GitFailed as failure:
                said = str(failure.facts["said"])
                if f"'{packed}': File exists" not in said or not _is_left(packed, "", was_killed=was_killed):
                    raise
                packed.unlink(missing_ok=True)
                self._insisting(args, stdin, [Move(ref, commit)])

    @contextmanager
    def _noted(self, doing: str, wanted: bool = True) -> Iterator[bool]:  # noqa: FBT001, FBT002 - read at both places
        """Leave a note while the block lasts; give whether an earlier one never came to its end."""
        note = self._place.gitdir / "fusion-kit" / f"{doing}.note"
        if not wanted:
            yield False
            return
        was_killed = note.is_file()
        note.parent.mkdir(mode=0o700, exist_ok=True)
        note.touch()
        try:
            yield was_killed
        finally:
            note.unlink(missing_ok=True)

    def _insisting(self, args: Sequence[str], stdin: bytes, moves: Sequence[Move], *, was_killed: bool = False) -> None:
        """Do it in spite of what a killed Git left: a lock for every ref, and one for the HEAD that leads to it."""
        for _ in range(len(moves) + 1):
            try:
                self._git.run(self._place, *args, stdin=stdin)
            except GitFailed as failure:
                if not self._unlock(moves, str(failure.facts["said"]), was_killed=was_killed):
                    raise
            else:
                return
        self._git.run(self._place, *args, stdin=stdin)

    def _unlock(self, moves: Sequence[Move], said: str, *, was_killed: bool) -> bool:
        """Remove the lock in our way that a Git which died with its runner left; return whether it was one.

        Git has waited for it by then, a thousand times as long as any of our moves takes. Of a person's branch only
        what was left by this very move is removed: a lock with its commit in it, or an empty one where a note says
        that an earlier move never came to its end.
        """
        locks = {self._place.gitdir / f"{move.ref}.lock": move for move in moves}
        if any(not move.ref.startswith(_OURS) for move in moves):
            locks[self._place.gitdir / "HEAD.lock"] = Move("HEAD", "")
        left = [
            lock
            for lock, move in locks.items()
            if f"'{lock}': File exists" in said
            and (move.ref.startswith(_OURS) or _is_left(lock, move.new, was_killed=was_killed))
        ]
        for lock in left:
            lock.unlink(missing_ok=True)
        return bool(left)

    def _sync(self, folder: Path) -> None:
        """The new name, and each folder that was made for it, must survive a power cut."""
        while folder.is_dir() and folder != self._place.gitdir:
            sync_folder(folder)
            folder = folder.parent


def _is_left(lock: Path, new: str, *, was_killed: bool) -> bool:
    if not lock.is_file():
        return True
    text = lock.read_text(encoding="utf-8", errors="replace").strip()
    return text == new if text else was_killed


def _line(move: Move) -> bytes:
    new = commit_name(move.new)
    ref = ref_name(move.ref)
    old = "" if move.forced else move.old or "0" * len(new)
    return f"update {ref}\0{new}\0{old}\0".encode()
