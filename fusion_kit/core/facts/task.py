"""Facts about a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from fusion_kit.core.facts.base import Fact, Severity
from fusion_kit.core.states import Outcome


@dataclass(frozen=True, slots=True)
class TaskCreated(Fact):
    """A node joined the run: at the start, or when its parent was expanded."""

    type: ClassVar[str] = "task.created"
    severity: ClassVar[Severity] = Severity.DEBUG
    kind: str
    name: str = ""
    section: str = "tasks"
    parent: str | None = None
    key: str | None = None
    needs: tuple[str, ...] = ()
    priority: int = 0
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskQueued(Fact):
    """Everything it needs has ended and its condition holds."""

    type: ClassVar[str] = "task.queued"
    severity: ClassVar[Severity] = Severity.DEBUG


@dataclass(frozen=True, slots=True)
class TaskHeld(Fact):
    """It may not start yet though there is room: `reason` is `budget`, `lock` or `breaker`, `message` says by whom."""

    type: ClassVar[str] = "task.held"
    severity: ClassVar[Severity] = Severity.DEBUG
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class TaskPaused(Fact):
    """It stands still: `reason` is `approval`, `quota`, `budget` or `person`.

    An approval has an id of its own, so that no answer is ever taken for another question, a `form` (name -> JSON
    Schema) and a deadline (UTC text).
    """

    type: ClassVar[str] = "task.paused"
    severity: ClassVar[Severity] = Severity.WARNING
    reason: str
    message: str = ""
    approval: str | None = None
    form: Mapping[str, object] = field(default_factory=dict)
    until: str | None = None


@dataclass(frozen=True, slots=True)
class TaskResumed(Fact):
    """Its attempt goes on from where a person had paused it."""

    type: ClassVar[str] = "task.resumed"


@dataclass(frozen=True, slots=True)
class TaskApproved(Fact):
    """A person said yes; the owner of the run takes note of it as soon as there is one."""

    type: ClassVar[str] = "task.approved"
    approval: str
    by: str = ""
    inputs: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskRejected(Fact):
    """A person said no."""

    type: ClassVar[str] = "task.rejected"
    severity: ClassVar[Severity] = Severity.WARNING
    approval: str
    by: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class TaskReset(Fact):
    """It waits again, because a person retries it or something before it; what it spent stays counted."""

    type: ClassVar[str] = "task.reset"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TaskExpanded(Fact):
    """A matrix or a sub-workflow became nodes of its own; it ends when they have ended."""

    type: ClassVar[str] = "task.expanded"
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskAssigned(Fact):
    """It was given to an agent, named in the envelope; a shell task without a workspace has none."""

    type: ClassVar[str] = "task.assigned"
    severity: ClassVar[Severity] = Severity.DEBUG


@dataclass(frozen=True, slots=True)
class TaskStarted(Fact):
    """The intent of one attempt, recorded before anything of it exists."""

    type: ClassVar[str] = "task.started"
    number: int
    base: str | None = None
    branch: str | None = None
    reserved: Mapping[str, float] = field(default_factory=dict)  # of the run's limits: `cost_usd`, `tokens`


@dataclass(frozen=True, slots=True)
class TaskAdopted(Fact):
    """A new owner found its attempt alive, or ended and not yet recorded, and took it over."""

    type: ClassVar[str] = "task.adopted"
    found: str = "running"


@dataclass(frozen=True, slots=True)
class TaskRetried(Fact):
    """An attempt did not do it and another may; `counts` says whether it used up a retry."""

    type: ClassVar[str] = "task.retried"
    severity: ClassVar[Severity] = Severity.WARNING
    outcome: Outcome
    error: Mapping[str, object] | None = None
    exit_code: int | None = None
    commit: str | None = None  # what its branch holds of this attempt
    delay_s: float = 0.0
    counts: bool = True
    usage: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class TaskCompleted(Fact):
    """It is done, by contract."""

    type: ClassVar[str] = "task.completed"
    outcome: Outcome = Outcome.SUCCESS
    exit_code: int | None = None
    outputs: Mapping[str, object] = field(default_factory=dict)
    artifacts: tuple[Mapping[str, object], ...] = ()
    usage: Mapping[str, object] | None = None
    branch: str | None = None
    commit: str | None = None
    flags: tuple[str, ...] = ()
    error: Mapping[str, object] | None = None
    cache_key: str | None = None  # equal keys mean: nothing that could change the result has changed


@dataclass(frozen=True, slots=True)
class TaskFailed(Fact):
    """Its last attempt did not do it."""

    type: ClassVar[str] = "task.failed"
    severity: ClassVar[Severity] = Severity.ERROR
    outcome: Outcome
    error: Mapping[str, object] | None = None
    exit_code: int | None = None
    usage: Mapping[str, object] | None = None
    branch: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSkipped(Fact):
    """It never ran: its condition was false, or something before it failed."""

    type: ClassVar[str] = "task.skipped"
    outcome: Outcome = Outcome.SKIPPED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TaskCancelled(Fact):
    """It was stopped, or not started, because a person or a failure elsewhere stopped the run."""

    type: ClassVar[str] = "task.cancelled"
    severity: ClassVar[Severity] = Severity.WARNING
    reason: str = ""
    usage: Mapping[str, object] | None = None
    commit: str | None = None  # what its branch holds of the attempt that was stopped
