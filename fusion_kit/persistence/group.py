"""Group commit: whoever waits shares one write and one sync, and nobody waits for company."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from fusion_kit.core.errors import FusionError
from fusion_kit.core.events import Draft, Event
from fusion_kit.persistence.ledger import Ledger, Result

_GROUP_LIMIT = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    drafts: Sequence[Draft]
    answer: asyncio.Future[list[Event]]


class GroupCommit:
    """The asynchronous face of a ledger: one thread of its own writes whatever is waiting."""

    def __init__(self, ledger: Ledger) -> None:
        """Take the ledger over; `close` closes it."""
        self._ledger = ledger
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="fusion-kit ledger", daemon=True)
        self._thread.start()

    async def append(self, drafts: Sequence[Draft]) -> list[Event]:
        """Write all of `drafts` durably, or none, and return them as events.

        Raises what `Ledger.commit` raises. A caller who is cancelled does not know whether they were written.
        """
        answer: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(tuple(drafts), answer))
        return await answer

    def news(self) -> list[Event]:
        """Return what was written since the last call, by this process and by others, in order; never waits."""
        return self._ledger.news(wait=False)

    def close(self) -> None:
        """Write what is waiting, end the thread and close the ledger."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        self._ledger.close()

    def _serve(self) -> None:
        is_open = True
        while is_open:
            group, is_open = self._gathered()
            group = [waiting for waiting in group if not waiting.answer.cancelled()]
            if group:
                _deliver(group, self._results(group))
                self._tidy()

    def _gathered(self) -> tuple[list[_Waiting], bool]:
        """Return what is waiting now, at least one, and whether more may come."""
        group: list[_Waiting] = []
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            if len(group) == _GROUP_LIMIT:
                return group, True
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _results(self, group: list[_Waiting]) -> list[Result | Exception]:
        try:
            return list(self._ledger.commit_all([waiting.drafts for waiting in group]))
        except FusionError as failure:
            return [type(failure)(**failure.facts) for _ in group]
        except Exception as failure:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
            return [failure for _ in group]

    def _tidy(self) -> None:
        with suppress(Exception):  # the index may lag; the next commit meets the same trouble and says so
            self._ledger.tidy()


def _deliver(group: list[_Waiting], results: Sequence[Result | Exception]) -> None:
    loop = group[0].answer.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(_answer, group, results)


def _answer(group: list[_Waiting], results: Sequence[Result | Exception]) -> None:
    for waiting, result in zip(group, results, strict=True):
        if waiting.answer.done():
            continue
        if isinstance(result, Exception):
            waiting.answer.set_exception(result)
        else:
            waiting.answer.set_result(result)
