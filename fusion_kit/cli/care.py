"""What `clean` and `rescue` need of a project, in the command line's own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Cleaned(Protocol):
    """One thing that was looked at; `bytes` were freed, or would be."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def standing(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def goes(self) -> bool: ...
    @property
    def bytes(self) -> int: ...
    @property
    def salvages(self) -> bool: ...
    @property
    def refs(self) -> tuple[str, ...]: ...
    @property
    def kept(self) -> str: ...


class Saved(Protocol):
    """One thing that is kept."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def date(self) -> str: ...
    @property
    def run(self) -> str | None: ...
    @property
    def task(self) -> str | None: ...
    @property
    def number(self) -> int | None: ...
    @property
    def commit(self) -> str | None: ...
    @property
    def files(self) -> int | None: ...
    @property
    def bytes(self) -> int | None: ...
    @property
    def subject(self) -> str: ...


class Care(Protocol):
    """What is kept of a project's work, and what need not be."""

    def clean(self, before: datetime, told: Callable[[str], None], *, dry: bool) -> Sequence[Cleaned]:
        """Remove what nobody used since `before`, or with `dry` say what that would be."""
        ...

    def retire_events(self, before: datetime) -> tuple[int, int, int]:
        """Let events older than `before` leave the log; return how many, their bytes, and how many runs."""
        ...

    def saved(self, run: str | None) -> Sequence[Any]:
        """Return every `Saved` thing of one run or of all, the newest first; raises `NotFound`."""
        ...

    def restore(self, saved: Any, to: Path) -> None:
        """Write its files to a folder that is new or empty."""
        ...

    def branch(self, saved: Any, name: str) -> None:
        """Make a branch at its commit."""
        ...
