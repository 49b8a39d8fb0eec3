"""Bringing a run's work onto its branch: merged without a checkout, and never under a person's feet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusion_kit.core.code import Landing
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed, Names, TargetBusy
from fusion_kit.workspaces.merging import Merger, Part
from fusion_kit.workspaces.names import commit_name, ref_name
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.repository import gitdir_of, modified, operation, own_index
from fusion_kit.workspaces.trusted import Trusted


@dataclass(frozen=True, slots=True)
class Lander:
    """Lands the work of a run's last tasks."""

    git: Git
    trusted: Trusted
    refs: Refs
    merger: Merger
    common_dir: Path

    def land(self, landing: Landing) -> str:
        """Return the branch's new tip; called again it answers the same.

        Raises `CommitConflict`, `RefMoved`, and `TargetBusy` where the branch is checked out and cannot be moved there.
        """
        ref = ref_name(landing.branch)
        start = landing.expected or commit_name(landing.base)
        work = [Part((task,), commit_name(commit)) for task, commit in landing.commits.items()]
        tip = self.merger.merged([Part((landing.branch,), start), *work])
        if self.refs.tip(ref) == tip:
            return tip
        checkout = self._checkout_of(ref)
        if checkout is not None:
            self._forward(landing, checkout, start, tip)
        self.refs.move([Move(ref, tip, landing.expected)], f"fusion-kit: {landing.run}")
        return tip

    def _checkout_of(self, ref: str) -> Path | None:
        """Return where the branch is checked out, if anywhere."""
        listed = self.git.run(Place(self.common_dir), "worktree", "list", "--porcelain", "-z").out.decode(
            "utf-8", "surrogateescape"
        )
        for entry in listed.split("\0\0"):
            lines = entry.split("\0")
            if f"branch {ref}" in lines and lines[0].startswith("worktree "):
                return Path(lines[0].removeprefix("worktree "))
        return None

    def _forward(self, landing: Landing, checkout: Path, old: str, new: str) -> None:
        """Move a clean checkout's files and index; after a crash they may stand at `new` already."""
        gitdir = gitdir_of(checkout, self.common_dir)
        if (busy := operation(gitdir)) is not None:
            raise self._busy(landing, checkout, f"a {busy} is going on")
        if not self._differs(checkout, gitdir, new):
            return
        if dirty := self._differs(checkout, gitdir, old):
            raise self._busy(landing, checkout, f"uncommitted changes in {Names(dirty)}")
        place = Place(self.trusted.place().gitdir, work_tree=checkout, index=gitdir / "index")
        try:
            self.git.run(place, "read-tree", "-m", "-u", "--end-of-options", old, new)
        except GitFailed as failure:
            raise self._busy(landing, checkout, str(failure.facts["said"])) from failure

    def _differs(self, checkout: Path, gitdir: Path, commit: str) -> list[str]:
        """Changed files count; new ones that would be overwritten stop Git itself."""
        with own_index(self.git, self.trusted, checkout, gitdir, commit) as place:
            return modified(self.git, place, commit)

    def _busy(self, landing: Landing, checkout: Path, reason: str) -> TargetBusy:
        return TargetBusy(branch=landing.branch, checkout=checkout, reason=reason, run=landing.run)
