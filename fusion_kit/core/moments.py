"""How a moment is written in the log and in documents: UTC, with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """Return the moment as text, such as `2026-01-31T12:00:00.000Z`; later moments sort behind earlier ones."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
