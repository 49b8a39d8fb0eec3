"""A project's kept work and leftovers, as told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Thing:
    """One thing `clean` looked at."""

    kind: str
    subject: str
    standing: str = "stale"
    reason: str = "its agent has nothing to do"
    goes: bool = True
    bytes: int = 0
    salvages: bool = False
    refs: tuple[str, ...] = ()
    kept: str = ""


@dataclass(frozen=True)
class KeptWork:
    """One thing `rescue` found."""

    kind: str
    name: str
    date: str = "2026-01-31T12:00:00.000Z"
    run: str | None = None
    task: str | None = None
    number: int | None = None
    commit: str | None = None
    files: int | None = None
    bytes: int | None = None
    subject: str = ""


@dataclass
class Caring:
    """Fits `cli.care.Care`."""

    things: list[Thing] = field(default_factory=list)
    kept: list[KeptWork] = field(default_factory=list)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def clean(self, before: datetime, told: Callable[[str], None], *, dry: bool) -> Sequence[Thing]:
        self.asked.append(("clean", dry))
        for thing in self.things:
            if thing.goes and not dry:
                told(f"{thing.kind} {thing.subject}")
        return self.things

    def retire_events(self, before: datetime) -> tuple[int, int, int]:
        self.asked.append(("retire",))
        return 7, 4096, 1

    def saved(self, run: str | None) -> Sequence[Any]:
        return [kept for kept in self.kept if run in (None, kept.run)]

    def restore(self, saved: Any, to: Path) -> None:
        self.asked.append(("restore", saved.name, to.name))

    def branch(self, saved: Any, name: str) -> None:
        self.asked.append(("branch", saved.name, name))
