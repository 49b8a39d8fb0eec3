"""Moving a branch to what was assembled for it: by compare-and-swap, and never under a person's feet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.core.code import Landing
from fusion_kit.workspaces.assembling import merge_ref
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed, RefMoved, TargetBusy
from fusion_kit.workspaces.forwarding import Forwarder, Standing
from fusion_kit.workspaces.lock import held
from fusion_kit.workspaces.names import commit_name, ref_name
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.repository import gitdir_of

_CLAIMS = ("rebase-merge/head-name", "rebase-apply/head-name")  # a checkout that will set this branch when it is done


@dataclass(frozen=True, slots=True)
class Lander:
    """Publishes; one at a time in a repository, so that two runs never take each other's half-done move for edits."""

    git: Git
    refs: Refs
    forwarder: Forwarder
    state: Path
    common_dir: Path

    def publish(self, landing: Landing, commit: str) -> None:
        """Move the branch from `landing.expected` to `commit`; a branch that is there already is left alone.

        Raises `RefMoved`, and `TargetBusy` where the branch is checked out and cannot be moved there.
        """
        ref = ref_name(landing.branch)
        with held(self.state / "landing.lock") as lock:
            tip = self.refs.tip(ref)
            if tip not in (commit_name(commit), landing.expected):
                raise RefMoved(ref=ref, said=f"it stands {_at(tip)}, and not {_at(landing.expected)}")
            if tip != commit:
                self._move(landing, ref, commit, lock)
        self._unpin(landing, commit)

    def _move(self, landing: Landing, ref: str, commit: str, lock: int) -> None:
        start = landing.expected or commit_name(landing.base)
        moved = self._forward_all(landing, ref, start, commit, lock)
        try:
            self.refs.move([Move(ref, commit, landing.expected)], f"fusion-kit: {landing.run}")
        except RefMoved:
            self._back(moved, commit, start, lock)
            raise

    def _unpin(self, landing: Landing, commit: str) -> None:
        """The branch holds it from now on."""
        args = ("update-ref", "-d", merge_ref(landing.run), commit)
        self.git.run(Place(self.common_dir), *args, allowed=(0, 1, 128))

    def _forward_all(self, landing: Landing, ref: str, old: str, new: str, lock: int) -> list[Path]:
        """Look at every checkout of the branch before the first one is touched; return those that were moved."""
        found = {path: self.forwarder.standing(path, old, new) for path in self._checkouts_of(landing, ref)}
        for checkout, standing in found.items():
            if standing.hindrance is not None:
                raise self._busy(landing, checkout, standing.hindrance)
        behind = {checkout: standing for checkout, standing in found.items() if not standing.is_there}
        done: list[Path] = []
        for checkout, standing in behind.items():
            try:
                self.forwarder.forward(checkout, old, new, standing, lock)
            except GitFailed as failure:
                self._back(done, new, old, lock)
                raise self._busy(landing, checkout, str(failure.facts["said"])) from failure
            done.append(checkout)
        return done

    def _back(self, checkouts: Sequence[Path], new: str, old: str, lock: int) -> None:
        for checkout in checkouts:
            with suppress(GitFailed):
                self.forwarder.forward(checkout, new, old, Standing(), lock)

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

    def _busy(self, landing: Landing, checkout: Path, reason: str) -> TargetBusy:
        return TargetBusy(branch=landing.branch, checkout=checkout, reason=reason, run=landing.run)


def _at(commit: str | None) -> str:
    return f"at {commit[:12]}" if commit else "nowhere"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""
