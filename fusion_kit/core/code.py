"""Code as it moves through a run: where work happens, and what was kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.core.errors import FusionError, MergeRefusal


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who a commit came from; becomes its trailers."""

    run: str
    task: str
    attempt: str
    agent: str


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """A workspace to be made ready: whose, standing at which commit, with which isolation."""

    agent: str  # the instance, which names the folder
    base: str  # commit id
    isolation: str = "worktree"  # worktree | clone
    stamp: Stamp | None = None  # of the attempt that will work there
    keeps: bool = True  # what an earlier user left there; nobody's work is left by a gate


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace that is ready: `path` is the checkout, `base` the commit it stands at."""

    agent: str
    path: Path
    base: str
    salvaged: tuple[str, ...] = ()  # refs that hold what an earlier attempt left there


@dataclass(frozen=True, slots=True)
class KeepOrder:
    """Turn what lies in a workspace into a commit on `branch`, moved from `expected` by compare-and-swap."""

    desk: Desk
    stamp: Stamp
    branch: str
    message: str
    expected: str | None = None  # the branch's present tip; None: it must not exist


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept: `commit` equals the base where nothing changed."""

    commit: str
    changed: bool
    files: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()  # changed paths that run on people's machines later


@dataclass(frozen=True, slots=True)
class Landing:
    """The commits to be merged, in order, into a branch that stands at `expected` (None: not yet)."""

    run: str
    branch: str
    base: str
    commits: Mapping[str, str]  # task -> commit
    expected: str | None = None
    strategy: str = "merge"  # merge | squash | rebase
    message: str = ""  # of a squash; empty: the tasks' own


@dataclass(frozen=True, slots=True)
class Marked:
    """A commit in which the conflicts in `files` stand between markers; no files: it merged."""

    commit: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repository:
    """What a run needs to know of the person's repository."""

    head: str | None  # commit; None where there is none yet
    branch: str | None  # None: detached
    common_dir: Path
    top: Path
    dirty: tuple[str, ...] = field(default=())  # uncommitted paths that worktrees will not have


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside of all workspaces and may not be touched there: names and hashes, nothing of the content.

    `files` are uncommitted paths of the person's checkout (path -> hash, empty: deleted), `refs` all refs but those of
    fusion-kit (ref -> commit, `HEAD` among them), `executes` hooks and configuration keys that run programs.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    refs: Mapping[str, str] = field(default_factory=dict)
    executes: Mapping[str, str] = field(default_factory=dict)

    def since(self, before: Outside) -> OutsideChange:
        """Return what differs from how it was before."""
        return OutsideChange(
            _differing(before.files, self.files),
            _differing(before.refs, self.refs),
            _differing(before.executes, self.executes),
        )


@dataclass(frozen=True, slots=True)
class OutsideChange:
    """Names of what changed outside of all workspaces."""

    paths: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    executes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything did."""
        return bool(self.paths or self.refs or self.executes)


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    names = before.keys() | now.keys()
    return tuple(sorted(name for name in names if before.get(name) != now.get(name)))


class CommitConflict(MergeRefusal):
    """The work of {left} and {right} does not merge: {files}."""

    hint = (
        "Let one of them need the other, keep their files apart, or set `on_conflict: agent`; both branches are kept."
    )


class RefMoved(MergeRefusal):
    """{ref} is not where this run left it: {said}."""

    hint = "Somebody moved, deleted or locked it; both commits are kept. Look with: git log --oneline {ref}"


class TargetBusy(MergeRefusal):
    """{branch} is checked out in {checkout}, and that cannot be moved forward: {reason}."""

    hint = "Commit or put away what is there, then: fusion-kit merge {run}"


class PolicyRefusal(FusionError):
    """The workspace holds what must not be committed: {complaint}."""

    hint = "Look at it with the paths named; nothing was committed and nothing was removed."
