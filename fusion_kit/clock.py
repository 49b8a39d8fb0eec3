"""The real clock and real chance: the one file that takes the time of day."""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


class RandomIds:
    """The operating system's randomness."""

    def chance(self, length: int) -> str:
        """Return `length` random characters of lower-case base32."""
        return base64.b32encode(secrets.token_bytes(length)).decode().lower()[:length]
