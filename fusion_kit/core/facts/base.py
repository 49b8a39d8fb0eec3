"""What all facts share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Severity(StrEnum):
    """How much a person wants to know of it."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Fact:
    """The base of all facts; `type` and `severity` belong to the class, `data` is the rest."""

    type: ClassVar[str]
    severity: ClassVar[Severity] = Severity.INFO
    version: ClassVar[int] = 1
