"""What happened: facts in an envelope, and their way to and from a line of the log.

An event is `{seq, ts, type, severity, project, run, task, attempt, agent, source, data, v, crc}`; `data` is the fact.
Adding a fact is one class in `facts/`, its name in a union here, and one `case` in `fold`; the schema of events is
generated from these classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import get_args, get_type_hints

from fusion_kit.core.errors import FusionError
from fusion_kit.core.facts.agent import (
    AgentErrored,
    AgentIdle,
    AgentPaused,
    AgentResumed,
    AgentSpawned,
    AgentTerminated,
    AgentWorking,
)
from fusion_kit.core.facts.base import Fact, Severity
from fusion_kit.core.facts.code import (
    MergeCompleted,
    MergeFailed,
    MergeForeseen,
    MergeGated,
    MergeRefused,
    MergeWaiting,
    WorkspaceCleaned,
    WorkspaceEscaped,
    WorkspaceSalvaged,
)
from fusion_kit.core.facts.run import (
    RunAdjusted,
    RunCancelled,
    RunCancelRequested,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunPauseRequested,
    RunQueued,
    RunResumed,
    RunResumeRequested,
    RunRetried,
    RunStarted,
)
from fusion_kit.core.facts.system import LogCheckpoint, LogRepaired, SystemPaused, SystemResumed
from fusion_kit.core.facts.task import (
    TaskAdopted,
    TaskApproved,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskExpanded,
    TaskFailed,
    TaskHeld,
    TaskPaused,
    TaskQueued,
    TaskRejected,
    TaskReset,
    TaskResumed,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
)
from fusion_kit.core.states import Outcome

__all__ = [
    "FACTS",
    "AgentErrored",
    "AgentFact",
    "AgentIdle",
    "AgentPaused",
    "AgentResumed",
    "AgentSpawned",
    "AgentTerminated",
    "AgentWorking",
    "AnyFact",
    "Draft",
    "Event",
    "Fact",
    "LogCheckpoint",
    "LogRepaired",
    "MergeCompleted",
    "MergeFailed",
    "MergeForeseen",
    "MergeGated",
    "MergeRefused",
    "MergeWaiting",
    "OtherFact",
    "RunAdjusted",
    "RunCancelRequested",
    "RunCancelled",
    "RunCompleted",
    "RunFact",
    "RunFailed",
    "RunPauseRequested",
    "RunPaused",
    "RunQueued",
    "RunResumeRequested",
    "RunResumed",
    "RunRetried",
    "RunStarted",
    "Severity",
    "SystemPaused",
    "SystemResumed",
    "TaskAdopted",
    "TaskApproved",
    "TaskAssigned",
    "TaskCancelled",
    "TaskCompleted",
    "TaskCreated",
    "TaskExpanded",
    "TaskFact",
    "TaskFailed",
    "TaskHeld",
    "TaskPaused",
    "TaskQueued",
    "TaskRejected",
    "TaskReset",
    "TaskResumed",
    "TaskRetried",
    "TaskSkipped",
    "TaskStarted",
    "UnknownEvent",
    "WorkspaceCleaned",
    "WorkspaceEscaped",
    "WorkspaceSalvaged",
    "data_of",
    "event_from",
    "fact_from",
]


class UnknownEvent(FusionError):
    """The log holds an event of type {type!r} version {version}, which this fusion-kit does not know."""

    hint = "It was written by a newer release: upgrade fusion-kit."


RunFact = (
    RunQueued
    | RunStarted
    | RunPaused
    | RunResumed
    | RunRetried
    | RunAdjusted
    | RunPauseRequested
    | RunResumeRequested
    | RunCancelRequested
    | RunCompleted
    | RunFailed
    | RunCancelled
)
TaskFact = (
    TaskCreated
    | TaskQueued
    | TaskHeld
    | TaskExpanded
    | TaskAssigned
    | TaskStarted
    | TaskAdopted
    | TaskPaused
    | TaskResumed
    | TaskApproved
    | TaskRejected
    | TaskRetried
    | TaskCompleted
    | TaskFailed
    | TaskSkipped
    | TaskCancelled
    | TaskReset
    | MergeRefused
)
AgentFact = AgentSpawned | AgentIdle | AgentWorking | AgentPaused | AgentResumed | AgentErrored | AgentTerminated
OtherFact = (
    WorkspaceSalvaged
    | WorkspaceEscaped
    | WorkspaceCleaned
    | MergeForeseen
    | MergeGated
    | MergeWaiting
    | MergeCompleted
    | MergeFailed
    | LogCheckpoint
    | LogRepaired
    | SystemPaused
    | SystemResumed
)
AnyFact = RunFact | TaskFact | AgentFact | OtherFact

FACTS: dict[str, type[Fact]] = {kind.type: kind for kind in get_args(AnyFact)}
_HINTS = {kind: get_type_hints(kind) for kind in FACTS.values()}
_NAMES = {kind: tuple(entry.name for entry in fields(kind)) for kind in FACTS.values()}
_TUPLES = {kind: {name for name in _NAMES[kind] if str(_HINTS[kind][name]).startswith("tuple")} for kind in _NAMES}
_OUTCOMES = {kind: {name for name in _NAMES[kind] if _HINTS[kind][name] is Outcome} for kind in _NAMES}


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact and what it is about, not yet in the log."""

    fact: AnyFact
    run: str | None = None
    task: str | None = None
    attempt: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in the log: `seq` is its place, `ts` its time (UTC, milliseconds), `source` the process that wrote it."""

    seq: int
    ts: str
    fact: AnyFact
    project: str = ""
    run: str | None = None
    task: str | None = None
    attempt: str | None = None
    agent: str | None = None
    source: str = ""

    @property
    def type(self) -> str:
        """The event's type, such as `task.completed`."""
        return self.fact.type

    @property
    def severity(self) -> Severity:
        """The event's severity."""
        return self.fact.severity

    def as_dict(self) -> dict[str, object]:
        """Return the event as one line of the log holds it, without `crc`."""
        return {
            "seq": self.seq,
            "ts": self.ts,
            "type": self.fact.type,
            "severity": self.fact.severity.value,
            "project": self.project,
            "run": self.run,
            "task": self.task,
            "attempt": self.attempt,
            "agent": self.agent,
            "source": self.source,
            "data": data_of(self.fact),
            "v": self.fact.version,
        }


def data_of(fact: Fact) -> dict[str, object]:
    """Return the fact's own fields, ready for JSON."""
    return {name: getattr(fact, name) for name in _NAMES[type(fact)]}


def fact_from(type_: str, version: int, data: Mapping[str, object]) -> AnyFact:
    """Return the fact that a line of the log states; raises `UnknownEvent`."""
    kind = FACTS.get(type_)
    if kind is None or version > kind.version:
        raise UnknownEvent(type=type_, version=version)
    values = dict(data)
    for name in _TUPLES[kind] & values.keys():
        values[name] = tuple(values[name])  # type: ignore[arg-type]
    for name in _OUTCOMES[kind] & values.keys():
        values[name] = Outcome(str(values[name]))
    if not values.keys() <= set(_NAMES[kind]):
        raise UnknownEvent(type=type_, version=version)
    return kind(**values)  # type: ignore[return-value]


def event_from(line: Mapping[str, object]) -> Event:
    """Return the event that a decoded line of the log holds; raises `UnknownEvent`."""
    text = {name: line.get(name) for name in ("run", "task", "attempt", "agent")}
    return Event(
        seq=int(str(line["seq"])),
        ts=str(line["ts"]),
        fact=fact_from(str(line["type"]), int(str(line["v"])), line["data"]),  # type: ignore[arg-type]
        project=str(line["project"]),
        source=str(line["source"]),
        **text,  # type: ignore[arg-type]
    )
