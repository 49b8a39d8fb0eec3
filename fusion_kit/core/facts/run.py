"""Facts about a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from fusion_kit.core.facts.base import Fact, Severity


@dataclass(frozen=True, slots=True)
class RunQueued(Fact):
    """A run was recorded together with a frozen copy of its definitions."""

    type: ClassVar[str] = "workflow.queued"
    workflow: str
    digest: str = ""
    source: str = ""
    inputs: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    base: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class RunStarted(Fact):
    """Its owner began to start tasks."""

    type: ClassVar[str] = "workflow.started"
    owner: str = ""


@dataclass(frozen=True, slots=True)
class RunPaused(Fact):
    """Nothing more is started until a person resumes it."""

    type: ClassVar[str] = "workflow.paused"
    severity: ClassVar[Severity] = Severity.WARNING
    reason: str


@dataclass(frozen=True, slots=True)
class RunResumed(Fact):
    """A new owner went on with it; `changes` names the definitions that differ from the frozen ones."""

    type: ClassVar[str] = "workflow.resumed"
    owner: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRetried(Fact):
    """A person had an ended run go on: the tasks named, and what comes after them, wait again."""

    type: ClassVar[str] = "workflow.retried"
    owner: str = ""
    by: str = ""
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunAdjusted(Fact):
    """A person changed settings of a run under way, such as `max_cost_usd`; those not named stay as they are."""

    type: ClassVar[str] = "workflow.adjusted"
    settings: Mapping[str, object]
    by: str = ""


@dataclass(frozen=True, slots=True)
class RunPauseRequested(Fact):
    """A person asked, perhaps from another terminal, that everything of it stand still."""

    type: ClassVar[str] = "workflow.pause_requested"
    by: str = ""


@dataclass(frozen=True, slots=True)
class RunResumeRequested(Fact):
    """A person asked the living owner of a paused run to let it go on."""

    type: ClassVar[str] = "workflow.resume_requested"
    by: str = ""


@dataclass(frozen=True, slots=True)
class RunCancelRequested(Fact):
    """A person asked, perhaps from another terminal, that it stop for good."""

    type: ClassVar[str] = "workflow.cancel_requested"
    by: str = ""


@dataclass(frozen=True, slots=True)
class RunCompleted(Fact):
    """Every task ended well, was skipped or was allowed to fail."""

    type: ClassVar[str] = "workflow.completed"
    outputs: Mapping[str, object] = field(default_factory=dict)
    branch: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class RunFailed(Fact):
    """A task failed, or the run as a whole could not go on."""

    type: ClassVar[str] = "workflow.failed"
    severity: ClassVar[Severity] = Severity.ERROR
    error: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RunCancelled(Fact):
    """A person's wish to stop it was carried out."""

    type: ClassVar[str] = "workflow.cancelled"
    severity: ClassVar[Severity] = Severity.WARNING
    by: str = ""
