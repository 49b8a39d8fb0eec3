"""Facts about an instance of an agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fusion_kit.core.facts.base import Fact, Severity


@dataclass(frozen=True, slots=True)
class AgentSpawned(Fact):
    """An instance was given its id; its workspace is being made."""

    type: ClassVar[str] = "agent.spawned"
    name: str
    provider: str = ""
    model: str | None = None
    capabilities: tuple[str, ...] = ()
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class AgentIdle(Fact):
    """It has nothing to do."""

    type: ClassVar[str] = "agent.idle"
    severity: ClassVar[Severity] = Severity.DEBUG


@dataclass(frozen=True, slots=True)
class AgentWorking(Fact):
    """It took the task named in the envelope."""

    type: ClassVar[str] = "agent.working"
    severity: ClassVar[Severity] = Severity.DEBUG


@dataclass(frozen=True, slots=True)
class AgentPaused(Fact):
    """Its processes are stopped and its clocks stand still."""

    type: ClassVar[str] = "agent.paused"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentResumed(Fact):
    """It goes on from where it was paused."""

    type: ClassVar[str] = "agent.resumed"


@dataclass(frozen=True, slots=True)
class AgentErrored(Fact):
    """It cannot go on."""

    type: ClassVar[str] = "agent.errored"
    severity: ClassVar[Severity] = Severity.ERROR
    reason: str


@dataclass(frozen=True, slots=True)
class AgentTerminated(Fact):
    """It will take no more tasks; its workspace is kept until it is cleaned."""

    type: ClassVar[str] = "agent.terminated"
    reason: str = ""
