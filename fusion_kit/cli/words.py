"""Numbers and times as people read and write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from fusion_kit.core.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGE = re.compile(r"(?:\d+[smhdw])+")


class NotATime(UsageError):
    """{text!r} is not a time."""

    hint = "Write an age such as 30m, 24h or 7d, or a time such as 2026-01-31 or 2026-01-31T18:00."


def duration_text(seconds: float | None) -> str:
    """Return a duration in at most six characters; empty where it is unknown."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def count_text(number: int) -> str:
    """Return a count in at most five characters."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 99_950 else f"{number / 1_000_000:.1f}M"


def money_text(dollars: float) -> str:
    """Return an amount in US dollars; small ones are not rounded to nothing."""
    return f"${dollars:.2f}" if dollars >= 0.01 or not dollars else f"${dollars:.4f}"


def counted(count: int, noun: str) -> str:
    """Return `1 task` or `2 tasks`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def moment(text: str, now: datetime) -> datetime:
    """Return the time meant by an age (`24h`) or a local time, in UTC; raises `NotATime`."""
    if _AGE.fullmatch(text):
        seconds = sum(int(part[:-1]) * _UNITS[part[-1]] for part in re.findall(r"\d+[smhdw]", text))
        return now - timedelta(seconds=seconds)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise NotATime(text=text) from None
