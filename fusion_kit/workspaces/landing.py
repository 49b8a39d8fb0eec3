"""Moving a branch to what was assembled for it: by compare-and-swap, and never under a person's feet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.core.code import Landing
from fusion_kit.workspaces.assembling import merge_ref
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed, Names, RefMoved, TargetBusy
from fusion_kit.workspaces.lock import held
from fusion_kit.workspaces.names import commit_name, ref_name
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.repository import gitdir_of, modified, operation, own_index
from fusion_kit.workspaces.trusted import Trusted

_CLAIMS = ("rebase-merge/head-name", "rebase-apply/head-name")  # a checkout that will set this branch when it is done


@dataclass(frozen=True, slots=True)
class Lander:
    """Publishes; one at a time in a repository, so that two runs never take each other's half-done move for edits."""

    git: Git
    trusted: Trusted
    refs: Refs
    state: Path
    common_dir: Path

    def publish(self, landing: Landing, commit: str) -> None:
        """Move the branch from `landing.expected` to `commit`; a branch that is there already is left alone.

        Raises `RefMoved`, and `TargetBusy` where the branch is checked out and cannot be moved there.
        """
        ref = ref_name(landing.branch)
        with held(self.state / "landing.lock"):
            tip = self.refs.tip(ref)
            if tip == commit_name(commit):
                return
            if tip != landing.expected:
                raise RefMoved(ref=ref, said=f"it stands {_at(tip)}, and not {_at(landing.expected)}")
            start = landing.expected or commit_name(landing.base)
            moved = self._forward_all(landing, ref, start, commit)
            try:
                self.refs.move([Move(ref, commit, landing.expected)], f"fusion-kit: {landing.run}")
            except RefMoved:
                with suppress(TargetBusy):
                    for checkout in moved:
                        self._forward(landing, checkout, commit, start)
                raise
        self._unpin(landing, commit)

    def _unpin(self, landing: Landing, commit: str) -> None:
        """The branch holds it from now on."""
        args = ("update-ref", "-d", merge_ref(landing.run), commit)
        self.git.run(Place(self.common_dir), *args, allowed=(0, 1, 128))

    def _forward_all(self, landing: Landing, ref: str, old: str, new: str) -> list[Path]:
        """Look at every checkout of the branch before the first one is touched; return those that were moved."""
        checkouts = list(self._checkouts_of(landing, ref))
        behind = [checkout for checkout in checkouts if self._is_behind(landing, checkout, old, new)]
        for checkout in behind:
            self._forward(landing, checkout, old, new)
        return behind

    def _checkouts_of(self, landing: Landing, ref: str) -> Iterator[Path]:
        """Yield where the branch is checked out; raises `TargetBusy` where one is being rebased."""
        listed = self.git.run(Place(self.common_dir), "worktree", "list", "--porcelain", "-z").out.decode(
            "utf-8", "surrogateescape"
        )
        for entry in listed.split("\0\0"):
            lines = entry.split("\0")
            checkout = Path(lines[0].removeprefix("worktree "))
            if not lines[0].startswith("worktree ") or not (checkout / ".git").exists():
                continue
            if any(_text(gitdir_of(checkout, self.common_dir) / claim) == ref for claim in _CLAIMS):
                raise self._busy(landing, checkout, "a rebase of it is going on")
            if f"branch {ref}" in lines:
                yield checkout

    def _is_behind(self, landing: Landing, checkout: Path, old: str, new: str) -> bool:
        """Return whether a clean checkout's files are still at `old`; after a crash they may stand at `new` already."""
        gitdir = gitdir_of(checkout, self.common_dir)
        if (busy := operation(gitdir)) is not None:
            raise self._busy(landing, checkout, f"a {busy} is going on")
        if not self._differs(checkout, gitdir, new):
            return False
        if dirty := self._differs(checkout, gitdir, old):
            raise self._busy(landing, checkout, f"uncommitted changes in {Names(dirty)}")
        return True

    def _forward(self, landing: Landing, checkout: Path, old: str, new: str) -> None:
        """Move a checkout's files and index; Git itself stops where a new file would be overwritten."""
        index = gitdir_of(checkout, self.common_dir) / "index"
        place = Place(self.trusted.place().gitdir, work_tree=checkout, index=index)
        try:
            self.git.run(place, "read-tree", "-m", "-u", "--end-of-options", old, new)
        except GitFailed as failure:
            raise self._busy(landing, checkout, str(failure.facts["said"])) from failure

    def _differs(self, checkout: Path, gitdir: Path, commit: str) -> list[str]:
        with own_index(self.git, self.trusted, checkout, gitdir, commit) as place:
            return modified(self.git, place, commit)

    def _busy(self, landing: Landing, checkout: Path, reason: str) -> TargetBusy:
        return TargetBusy(branch=landing.branch, checkout=checkout, reason=reason, run=landing.run)


def _at(commit: str | None) -> str:
    return f"at {commit[:12]}" if commit else "nowhere"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""
