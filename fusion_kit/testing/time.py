"""A clock that is turned by hand, and ids that count."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 1, 1, tzinfo=UTC)
_TURNS = 50  # of the event loop, until whatever can go on has gone on


class FakeClock:
    """Time stands still until it is turned."""

    def __init__(self) -> None:
        """Begin at midnight, 2026-01-01, UTC."""
        self.elapsed_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return _START + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        """Return the seconds by which the clock was turned."""
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Return once the clock has been turned far enough."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.elapsed_s + seconds, woken))
        await woken

    async def turn(self) -> None:
        """Let everything happen that can, then turn the clock to the next moment somebody waits for."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        waiting = [moment for moment, woken in self._sleepers if not woken.done()]
        if not waiting:
            return
        self.elapsed_s = max(self.elapsed_s, min(waiting))
        for moment, woken in self._sleepers:
            if moment <= self.elapsed_s and not woken.done():
                woken.set_result(None)
        self._sleepers = [(moment, woken) for moment, woken in self._sleepers if not woken.done()]


class CountingIds:
    """Ids that can be foretold: aaaaab, aaaaac, ..."""

    def __init__(self) -> None:
        """Begin to count."""
        self._count = 0

    def chance(self, length: int) -> str:
        """Return the next number in base 26, padded with `a`."""
        self._count += 1
        digits, rest = "", self._count
        while rest:
            rest, digit = divmod(rest, 26)
            digits = chr(ord("a") + digit) + digits
        return digits.rjust(length, "a")
