"""Facts about workspaces and merges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fusion_kit.core.facts.base import Fact, Severity


@dataclass(frozen=True, slots=True)
class WorkspaceSalvaged(Fact):
    """Work that no branch holds was kept under a salvage ref before its files were touched."""

    type: ClassVar[str] = "workspace.salvaged"
    severity: ClassVar[Severity] = Severity.WARNING
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class WorkspaceEscaped(Fact):
    """The person's own checkout, or the Git folder all worktrees share, changed while these tasks ran.

    It may have been the person: nothing is undone. `patch` is a file that holds the changed text; `executes` names
    hooks and configuration keys that run programs.
    """

    type: ClassVar[str] = "workspace.escaped"
    severity: ClassVar[Severity] = Severity.WARNING
    tasks: tuple[str, ...]
    paths: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    executes: tuple[str, ...] = ()
    patch: str | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceCleaned(Fact):
    """Something nobody needs was removed; `ref` holds the work that was in it, if there was any."""

    type: ClassVar[str] = "workspace.cleaned"
    subject: str
    kind: str
    bytes: int = 0
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class MergeForeseen(Fact):
    """The work of two tasks that have not been merged yet would not merge as it stands."""

    type: ClassVar[str] = "merge.conflict_foreseen"
    severity: ClassVar[Severity] = Severity.WARNING
    tasks: tuple[str, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeGated(Fact):
    """The gate was run on the combined work of some tasks; `log` is the file with what it printed."""

    type: ClassVar[str] = "merge.gated"
    commit: str
    tasks: tuple[str, ...]
    passed: bool
    log: str = ""


@dataclass(frozen=True, slots=True)
class MergeRefused(Fact):
    """The work of the task in the envelope breaks the gate and was left out; `log` is what the gate printed."""

    type: ClassVar[str] = "merge.refused"
    severity: ClassVar[Severity] = Severity.ERROR
    gate: str
    commit: str
    log: str = ""


@dataclass(frozen=True, slots=True)
class MergeWaiting(Fact):
    """The result is on `branch` and could not be brought into `into`: a person does that with `merge RUN`."""

    type: ClassVar[str] = "merge.waiting"
    severity: ClassVar[Severity] = Severity.WARNING
    branch: str
    commit: str
    into: str
    reason: str


@dataclass(frozen=True, slots=True)
class MergeCompleted(Fact):
    """The work of the run's last tasks was merged and the branch moved."""

    type: ClassVar[str] = "merge.completed"
    branch: str
    commit: str
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeFailed(Fact):
    """The work of two tasks does not merge; both branches are kept."""

    type: ClassVar[str] = "merge.failed"
    severity: ClassVar[Severity] = Severity.ERROR
    tasks: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
