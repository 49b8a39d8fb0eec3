"""The log and its index side by side: whatever the log says is folded in, and nothing else is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import chain

from fusion_kit.core.errors import IllegalMove
from fusion_kit.core.events import LogCheckpoint
from fusion_kit.core.fold import OrphanEvent
from fusion_kit.persistence.columns import event_in
from fusion_kit.persistence.index import Index, Mark
from fusion_kit.persistence.lines import Line
from fusion_kit.persistence.log import Log, Rebased
from fusion_kit.persistence.rows import Rows


class IndexedLog:
    """A log with the rows it folds to; every method but `close` is called with the log's lock held, if it has one.

    The index may lag behind: it is disposable, so writing it in larger portions loses nothing.
    """

    def __init__(self, log: Log, index: Index) -> None:
        """Nothing is opened yet."""
        self.log = log
        self.index = index
        self.rows = Rows(index)
        self.last_ts = ""
        self.pending: list[Line] = []
        self._is_rebased = False

    def start(self) -> None:
        """Open the index and stand where it ends, or rebuild it; raises `LedgerDamaged`."""
        try:
            self._start()
        except sqlite3.DatabaseError:
            self.renew()

    def catch_up(self) -> Iterator[Line]:
        """Fold in what others wrote, yielding it; raises `LedgerDamaged`.

        Where others made a checkpoint everything is read anew from there; what they retired unseen is not yielded.
        """
        try:
            for lines in self.log.catch_up():
                self.took(self._folded(lines))
                self._is_rebased |= any(type(line.event.fact) is LogCheckpoint for line in lines)
                yield from lines
        except Rebased:
            self._is_rebased = True
        if self._is_rebased:
            yield from self._rebased()

    def begin(self) -> None:
        """Stand at the beginning of the log with the rows of its checkpoint, if it has one; raises `LedgerDamaged`."""
        self.log.rewind()
        self.rows.forget()
        self.pending.clear()
        self._is_rebased = False
        self.last_ts = ""
        if self.log.base:
            self.rows.adopt(self.log.base.held)
            self.last_ts = self.log.base.ts

    def took(self, lines: list[Line]) -> None:
        """These lines are in the log and in the rows; the index will follow."""
        self.pending += lines
        self.rows.settle()
        if lines:
            self.last_ts = lines[-1].event.ts

    def flush(self) -> None:
        """Bring the index up to the log; a broken index is made anew."""
        if not self.pending and not self.index.was_replaced:
            return
        try:
            self._write_back()
        except sqlite3.DatabaseError:
            self.renew()

    def renew(self) -> None:
        """Make the index anew, in memory if it must be; what was applied and is not in the log is forgotten."""
        try:
            self.index.discard()
            self.index.open()
            self._rebuild()
        except sqlite3.DatabaseError:
            self.index.retreat()
            self.index.open()
            self._rebuild()

    def close(self) -> None:
        """Let go of the log and the index."""
        self.index.close()
        self.log.close()

    def _start(self) -> None:
        self.index.open()
        mark = self.index.mark()
        if mark is None or not self.log.resume_at(mark.position):
            self._rebuild()
            return
        self.last_ts = mark.ts
        self.rows.forget()
        self.pending.clear()

    def _write_back(self) -> None:
        if self.index.was_replaced:
            self.index.open()
        mark = self.index.mark()
        reach = mark.position.seq if mark else 0
        if self.log.position.seq > reach and (not self.pending or self.pending[0].event.seq > reach + 1):
            self._rebuild()
            return
        if self.log.position.seq >= reach:
            news = (line for line in self.pending if line.event.seq > reach)
            self.index.write(news, self.rows, Mark(self.log.position, self.last_ts))
        self.pending.clear()
        self.rows.written_back()

    def _folded(self, lines: list[Line], *, is_new: bool = False) -> list[Line]:
        try:
            for line in lines:
                self.rows.apply(line.event, is_new=is_new)
        except (IllegalMove, OrphanEvent) as error:
            why = f"event {line.event.seq} ({line.event.type}) does not fit what went before: {error}"
            raise self.log.damage(why) from error
        return lines

    def _rebased(self) -> Iterator[Line]:
        """Go on from the newest checkpoint; yield what lies behind the events known before."""
        known = self.log.position
        self.index.open()
        mark = self.index.mark()
        self.rows.forget()
        self.pending.clear()
        self._is_rebased = False
        if mark is None or mark.position != known or self.log.grew():
            self._rebuild()
            yield from (Line(event_in(row), row["data"]) for row in self.index.query("every_event", after=known.seq))

    def _rebuild(self) -> None:
        """Read the whole log; whoever holds no lock begins again where a checkpoint is made meanwhile."""
        try:
            self._rebuild_once()
        except Rebased:
            self._rebuild()

    def _rebuild_once(self) -> None:
        """Read the log once; an index that knew more than the log stays as it was, as the only witness."""
        known = self.index.mark()
        self.begin()
        with self.index.rebuilding() as db:
            self.index.fill(db, chain.from_iterable(self._all()))
            if known and known.position.seq > self.log.position.seq:
                lost = f"events {self.log.position.seq + 1} to {known.position.seq} are known to the index only"
                raise self.log.damage(lost)
            self.index.finish(db, self.rows, Mark(self.log.position, self.last_ts))
        self.rows.forget()

    def _all(self) -> Iterator[list[Line]]:
        for lines in self.log.catch_up():
            yield self._folded(lines, is_new=True)
            self.rows.settle()
            self.last_ts = lines[-1].event.ts
