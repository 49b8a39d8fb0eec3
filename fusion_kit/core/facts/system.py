"""Facts about the log and the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fusion_kit.core.facts.base import Fact, Severity


@dataclass(frozen=True, slots=True)
class LogRepaired(Fact):
    """An invalid tail was copied to quarantine and cut off."""

    type: ClassVar[str] = "log.repaired"
    severity: ClassVar[Severity] = Severity.WARNING
    segment: str
    bytes: int
    quarantine: str


@dataclass(frozen=True, slots=True)
class LogCheckpoint(Fact):
    """What lives on of everything before the event `first` goes into a file, and what is older than wanted goes."""

    type: ClassVar[str] = "log.checkpoint"
    first: int
    file: str
    sha256: str
    events: int
    runs: int


@dataclass(frozen=True, slots=True)
class SystemPaused(Fact):
    """The machine cannot take more, for instance because its disk is full; nothing new is started."""

    type: ClassVar[str] = "system.paused"
    severity: ClassVar[Severity] = Severity.CRITICAL
    reason: str


@dataclass(frozen=True, slots=True)
class SystemResumed(Fact):
    """The cause of a pause of the system has gone."""

    type: ClassVar[str] = "system.resumed"
