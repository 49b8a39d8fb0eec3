"""The time-outs and log limits of `run:` tasks, which have no shim to watch them: one round for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fusion_kit.core.process import Ended
from fusion_kit.processes.attempt import Attempt, Pace
from fusion_kit.processes.marks import Marks
from fusion_kit.processes.pack import Pack

_ROUND_S = 0.25


class Patrol:
    """Walks while there is something to watch."""

    def __init__(self, pace: Pace, marks: Marks, end: Callable[[Attempt, Ended], Awaitable[None]]) -> None:
        """Call `end` for an attempt that must end, and why."""
        self._pace = pace
        self._marks = marks
        self._end = end
        self._watched: dict[str, Attempt] = {}
        self._round: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Future[None]] = set()

    def watch(self, attempt: Attempt, elapsed_s: float = 0.0) -> None:
        """Watch an attempt that has already run for `elapsed_s`, until it is over."""
        attempt.begin_vigil(self._pace.monotonic(), elapsed_s)
        self._watched[attempt.id] = attempt
        if self._round is None or self._round.done():
            self._round = asyncio.ensure_future(self._walk())

    def forget(self, attempt: Attempt) -> None:
        """Watch it no longer."""
        self._watched.pop(attempt.id, None)

    async def _walk(self) -> None:
        while self._watched:
            await self._pace.sleep(_ROUND_S)
            for attempt in list(self._watched.values()):
                if reason := self._look(attempt):
                    self.forget(attempt)
                    self._end_soon(attempt, Ended(reason))

    def _look(self, attempt: Attempt) -> str:
        now_s = self._pace.monotonic()
        passed_s, attempt.seen_s = now_s - attempt.seen_s, now_s
        if attempt.vigil is None or attempt.over.is_set() or attempt.folder.is_frozen():
            return ""
        sample = Pack(attempt, self._marks, self._pace).sample
        return attempt.vigil.observe(passed_s, attempt.folder.log_bytes(), sample)

    def _end_soon(self, attempt: Attempt, reason: Ended) -> None:
        ending = asyncio.ensure_future(self._end(attempt, reason))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
