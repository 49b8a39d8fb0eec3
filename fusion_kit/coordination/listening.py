"""What reaches a run's owner from outside: the terminal it was begun at, and the ledger everybody writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.coordination.steering.stopping import stop
from fusion_kit.core import events as e

POLL_S = 0.25
BEAT_S = 10.0


@dataclass(frozen=True, slots=True)
class News:
    """For the inbox: others wrote to the ledger."""

    events: tuple[e.Event, ...]


@dataclass(frozen=True, slots=True)
class Stirred:
    """For the inbox: something happened that the next turn looks at by itself."""


@asynccontextmanager
async def watching(execution: Execution, signal: StopSignal) -> AsyncIterator[None]:
    """Listen to the terminal and to the ledger while the block lasts."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        stop(execution, Stopping.KILL if signal.killed else Stopping.INTERRUPT)
        execution.inbox.put_nowait(Stirred())

    signal.when_asked(partial(loop.call_soon_threadsafe, asked))
    poll = asyncio.create_task(_poll(execution), name="news of the ledger")
    try:
        yield
    finally:
        poll.cancel()
        for task in list(execution.background):
            task.cancel()
        await asyncio.gather(poll, *execution.background, return_exceptions=True)


async def _poll(execution: Execution) -> None:
    """Bring what others wrote to the inbox, and leave a sign of life."""
    house = execution.house
    beaten = house.clock.monotonic()
    while True:
        await house.clock.sleep(POLL_S)
        events = house.ledger.news()
        if events:
            execution.inbox.put_nowait(News(tuple(events)))
        if house.clock.monotonic() - beaten >= BEAT_S:
            house.owners.beat()
            beaten = house.clock.monotonic()
