"""The ledger: the one door through which state changes."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from fusion_kit.core.errors import FusionError
from fusion_kit.core.events import Draft, Event, SystemPaused, SystemResumed
from fusion_kit.core.moments import timestamp
from fusion_kit.persistence.ballast import BALLAST_BYTES, Ballast
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.errors import LedgerFull, LedgerUnavailable
from fusion_kit.persistence.index import Index
from fusion_kit.persistence.indexed import IndexedLog
from fusion_kit.persistence.log import Log
from fusion_kit.persistence.page import Letterhead, Mask, Page
from fusion_kit.persistence.place import make_folders, refuse_network
from fusion_kit.persistence.segments import SEGMENT_BYTES

Result = list[Event] | FusionError

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FLUSH_AT = 512  # events the index may lag behind while this process writes


@dataclass(frozen=True, slots=True)
class Sizes:
    """When a segment is full, and how much of the disk is held back."""

    segment_bytes: int = SEGMENT_BYTES
    ballast_bytes: int = BALLAST_BYTES


class Ledger:
    """The log of one state folder, open for writing; safe to call from several threads.

    Every method but `close` may raise `LedgerDamaged`, `LedgerFull` or `LedgerUnavailable`.
    """

    def __init__(
        self, indexed: IndexedLog, ballast: Ballast, letterhead: Letterhead, now: Callable[[], datetime]
    ) -> None:
        """Use `Ledger.open`."""
        self._indexed = indexed
        self._log = indexed.log
        self._ballast = ballast
        self._letterhead = letterhead
        self._now = now
        self._mutex = threading.RLock()
        self._news: deque[Event] = deque()
        self._is_paused = False

    @classmethod
    def open(
        cls,
        state_dir: Path,
        *,
        project: str,
        source: str,
        now: Callable[[], datetime],
        mask: Mask | None = None,
        disk: Disk | None = None,
        sizes: Sizes | None = None,
    ) -> Self:
        """Open the ledger in `state_dir`, made if it is not there; a torn end is cut off and recorded.

        `source` names this process in its events; `mask` hides secrets in their text. Raises `NetworkFileSystem` too.
        """
        refuse_network(state_dir)
        disk, sizes = disk or Disk(), sizes or Sizes()
        indexed = IndexedLog(Log(state_dir, disk, segment_bytes=sizes.segment_bytes), Index(state_dir / "index.db"))
        ledger = cls(indexed, Ballast(state_dir, disk, sizes.ballast_bytes), Letterhead(project, source, mask), now)
        try:
            with ledger._told():
                make_folders(state_dir, disk)
                with ledger._log.held():
                    ledger._start()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def commit(self, drafts: Sequence[Draft]) -> list[Event]:
        """Write all of `drafts` durably, or none, and return them as events.

        Raises `IllegalMove` or `OrphanEvent` if the rows they are about do not allow them, `EventTooLarge` or
        `UnwritableEvent` if one of them cannot be written; nothing was written then.
        """
        result = self.commit_all([drafts])[0]
        self.tidy()
        if isinstance(result, FusionError):
            raise result
        return result

    def commit_all(self, groups: Sequence[Sequence[Draft]]) -> list[Result]:
        """Write several batches with one write and one sync; each is all or none and gets its own answer."""
        with self._mutex, self._told(), self._log.held():
            try:
                return self._write(groups)
            except sqlite3.DatabaseError:
                self._indexed.rows.undo_to()
                self._indexed.renew()
                return self._write(groups)

    def news(self, *, wait: bool = True) -> list[Event]:
        """Return what was written since the last call, or since the ledger was opened, by anybody, in order.

        With `wait=False` what another is writing just now is left for the next call.
        """
        if self._mutex.acquire(blocking=wait):
            try:
                with self._told():
                    self._look(wait=wait)
            finally:
                self._mutex.release()
        return [self._news.popleft() for _ in range(len(self._news))]

    def tidy(self) -> None:
        """Bring the index up to the log if it lags far behind."""
        if len(self._indexed.pending) >= _FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        """Bring the index up to the log."""
        with self._mutex, self._told(), self._log.held():
            self._catch_up()
            self._indexed.flush()

    @contextmanager
    def alone(self) -> Iterator[tuple[IndexedLog, Callable[[Draft], Event]]]:
        """Keep everybody else from the log for the block; give it, read to its end, and a way to record one fact."""
        with self._mutex, self._told(), self._log.held():
            self._catch_up()
            yield self._indexed, self._record

    def _record(self, draft: Draft) -> Event:
        result = self._write([[draft]])[0]
        if isinstance(result, FusionError):
            raise result
        return result[0]

    def close(self) -> None:
        """Bring the index up to the log and let go of both; closing twice does nothing."""
        with self._mutex:
            if self._indexed.pending:
                with suppress(FusionError, OSError, sqlite3.Error):
                    self.flush()
            self._indexed.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the disk says into what a person can act on."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise LedgerFull(state=self._log.state) from error
            raise LedgerUnavailable(state=self._log.state, why=error.strerror or error) from error

    def _start(self) -> None:
        self._indexed.start()
        self._catch_up()
        self._news.clear()
        was_there = self._ballast.is_there
        if not was_there and self._ballast.make() and self._log.position.seq:
            self._indexed.flush()
            last = self._indexed.index.query("last_pause")
            self._is_paused = bool(last) and last[0]["type"] == SystemPaused.type

    def _look(self, *, wait: bool) -> None:
        if self._log.grew():
            with self._log.held(wait=wait) as had:
                if had:
                    self._catch_up()

    def _catch_up(self) -> None:
        if self._log.grew():
            self._news.extend(line.event for line in self._indexed.catch_up())
        while self._log.repairs:
            page = self._page()
            page.add([Draft(self._log.repairs[0])])
            self._put(page)
            self._log.repairs.pop(0)

    def _write(self, groups: Sequence[Sequence[Draft]]) -> list[Result]:
        self._catch_up()
        try:
            page = self._page()
            if self._is_paused and self._ballast.make():
                page.add([Draft(SystemResumed())])
            results = [_added(page, drafts) for drafts in groups]
            self._put(page)
        except OSError as error:
            if error.errno in _FULL:
                self._say_full()
            raise
        self._is_paused = self._is_paused and not self._ballast.is_there
        return results

    def _page(self) -> Page:
        self._log.make_room()
        ts = max(self._indexed.last_ts, timestamp(self._now()))
        return Page(self._letterhead, self._indexed.rows, self._log.position, ts)

    def _put(self, page: Page) -> None:
        if not page.lines:
            return
        try:
            self._log.write(page.data, page.end)
        except BaseException:
            self._indexed.rows.undo_to()
            raise
        self._indexed.took(page.lines)
        self._news.extend(line.event for line in page.lines)

    def _say_full(self) -> None:
        """Give the ballast up so that the reason of the pause can be read in the log."""
        self._is_paused = True
        if self._ballast.free():
            with suppress(OSError):
                self._catch_up()
                page = self._page()
                page.add([Draft(SystemPaused("disk full"))])
                self._put(page)


def _added(page: Page, drafts: Sequence[Draft]) -> Result:
    if not drafts:
        return []
    try:
        return page.add(drafts)
    except FusionError as refusal:
        return refusal
