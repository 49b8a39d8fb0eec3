"""Moving a person's clean checkout from one commit to the next, also where an earlier move died half-way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed, Names
from fusion_kit.workspaces.repository import gitdir_of, modified, operation, own_index
from fusion_kit.workspaces.trusted import Trusted

_GONE = "0" * 6


@dataclass(frozen=True, slots=True)
class Standing:
    """How a checkout stands between two commits; `moved` are the files that an earlier move left as in the new one."""

    is_there: bool = False
    moved: tuple[str, ...] = ()
    hindrance: str | None = None  # why it cannot be moved


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Moves files and index, and never those of a checkout with anything in it that neither commit has."""

    git: Git
    trusted: Trusted
    common_dir: Path

    def standing(self, checkout: Path, old: str, new: str) -> Standing:
        """Look at a checkout without touching it."""
        if (busy := operation(gitdir_of(checkout, self.common_dir))) is not None:
            return Standing(hindrance=f"a {busy} is going on")
        if not self._differs(checkout, new):
            return Standing(is_there=True)
        differing = self._differs(checkout, old)
        moved = self._moved(checkout, old, new, is_mixed=bool(differing))
        dirty = [path for path in differing if path not in moved]
        return Standing(moved=moved, hindrance=f"uncommitted changes in {Names(dirty)}" if dirty else None)

    def forward(self, checkout: Path, old: str, new: str, moved: Sequence[str] = ()) -> None:
        """Move it; raises `GitFailed` where a new file would be written over one that Git does not hold."""
        index = gitdir_of(checkout, self.common_dir) / "index"
        place = Place(self.trusted.place().gitdir, work_tree=checkout, index=index)
        if moved:
            _stage(self.git, place, moved)
        self.git.run(place, "read-tree", "-m", "-u", "--end-of-options", old, new)

    def _differs(self, checkout: Path, commit: str) -> list[str]:
        gitdir = gitdir_of(checkout, self.common_dir)
        with own_index(self.git, self.trusted, checkout, gitdir, commit) as place:
            return modified(self.git, place, commit)

    def _moved(self, checkout: Path, old: str, new: str, *, is_mixed: bool) -> tuple[str, ...]:
        """Read files only where there is a sign of such a move: something differs, or a new file is there."""
        args = ("diff-tree", "-r", "-z", "--no-renames", "--raw", "--end-of-options", old, new)
        fields = self.git.run(self.trusted.place(), *args).fields
        wanted = {path: facts.lstrip(":").split(" ") for facts, path in zip(fields[::2], fields[1::2], strict=True)}
        added = (path for path, facts in wanted.items() if facts[0] == _GONE)
        if not is_mixed and not any(os.path.lexists(checkout / path) for path in added):
            return ()
        try:
            lying = self._lying(checkout, old, sorted(wanted))
        except GitFailed:  # no file that could be committed: then it is no file of ours
            return ()
        return tuple(path for path, facts in wanted.items() if lying.get(path, _GONE) == _entry(facts))

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


def _stage(git: Git, place: Place, paths: Sequence[str]) -> None:
    stdin = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
    git.run(
        place, "-c", "core.fsync=none", "update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=stdin
    )
