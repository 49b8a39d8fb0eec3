"""The log: segments of chained lines, appended to under a lock, synced before anything is acknowledged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fusion_kit.core.events import LogRepaired
from fusion_kit.persistence import lock
from fusion_kit.persistence.checkpoint import Checkpoint, checkpoint_name, newest, read
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.errors import LedgerDamaged
from fusion_kit.persistence.lines import SEAL_BYTES, Line, crc_at_end
from fusion_kit.persistence.segments import SEGMENT_BYTES, START, Position, batches, segment_name, segments
from fusion_kit.persistence.tail import bytes_from, cut, is_torn


class Rebased(Exception):
    """Where a log stood is gone, because a checkpoint took its place."""


class Log:
    """A place in the log of one state folder, which moves on as batches are read or written.

    A log opened with `writes=False` takes no lock it cannot have, repairs nothing and writes nothing.
    """

    def __init__(
        self, state: Path, disk: Disk | None = None, *, writes: bool = True, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        """Stand at the beginning of the log in `state`; nothing is opened yet."""
        self.state = state
        self.folder = state / "log"
        self.position = START
        self.repairs: list[LogRepaired] = []
        self.base: Checkpoint | None = None
        self._disk = disk or Disk()
        self._writes = writes
        self._segment_bytes = segment_bytes
        self._fd: int | None = None
        self._lock_fd: int | None = None
        self._end_was_checked = False

    @contextmanager
    def held(self, *, wait: bool = True) -> Iterator[bool]:
        """Hold the log's lock for the block; says whether it was had, which is sure when one waits."""
        if self._lock_fd is None:
            self._lock_fd = lock.opened(self.folder / "LOCK")
        had = lock.take(self._lock_fd, wait=wait)
        try:
            yield had
        finally:
            if had:
                lock.drop(self._lock_fd)

    def grew(self) -> bool:
        """Whether there may be something behind the position, or it was retired; costs three system calls."""
        if self._fd is None:
            return True
        return self._disk.size(self._fd) != self.position.offset or self._has_next() or self._is_gone()

    def rewind(self) -> None:
        """Stand at the beginning again: behind the newest checkpoint, which is `base` then; raises `LedgerDamaged`."""
        first = newest(self._disk, self.folder)
        self._stand_at(START)
        try:
            self.base = read(self._disk, self.folder, first) if first else None
        except FileNotFoundError:  # whoever holds no lock may meet the next retirement
            self.rewind()
            return
        if first and self.base is None:
            why = f"{checkpoint_name(first)} is not what was written"
            raise self.damage(why)
        self._stand_at(self.base.position if self.base else START)

    @property
    def is_rebased(self) -> bool:
        """Whether there is a newer checkpoint than the one this log began with."""
        return newest(self._disk, self.folder) != (self.base.position.first if self.base else 0)

    def resume_at(self, position: Position) -> bool:
        """Stand at a place known from before, if a line with that CRC still ends there."""
        self._stand_at(position)
        if not self._disk.exists(self._path(position.first)):
            return False
        if position.offset == 0:
            return self._crc_before(position.first) == position.crc
        end = self._disk.read(self._open(), SEAL_BYTES, max(0, position.offset - SEAL_BYTES))
        return crc_at_end(end) == position.crc

    def catch_up(self) -> Iterator[list[Line]]:
        """Yield every whole batch behind the position, moving it; a torn end is cut off and noted in `repairs`.

        The lock is held, or the log is only read. Raises `LedgerDamaged`, and `Rebased` where the place was retired.
        """
        try:
            yield from self._batches()
        except (LedgerDamaged, FileNotFoundError):
            if newest(self._disk, self.folder) > self.position.first:
                raise Rebased from None
            raise

    def _batches(self) -> Iterator[list[Line]]:
        while self._has_segment():
            fd = self._open()
            if self._disk.size(fd) != self.position.offset:
                yield from self._rest_of_segment(fd)
            if not self._has_next():
                self._check_end()
                return
            self._stand_at(Position(self._next_first, 0, self.position.seq, self.position.crc))

    def make_room(self) -> None:
        """Begin a new segment if there is none yet or this one is full; the lock is held."""
        is_fresh = self._fd is None and not self._has_segment()
        if is_fresh or self.position.offset >= self._segment_bytes:
            self.roll()

    def roll(self) -> None:
        """Begin a new segment, unless this one is still empty; the lock is held, and the log is read to its end."""
        first = self._next_first
        if self._fd is None or first != self.position.first:
            fd = self._disk.open(self._path(first), os.O_RDWR | os.O_APPEND | os.O_CREAT)
            self._stand_at(Position(first, 0, self.position.seq, self.position.crc))
            self._fd = fd

    def write(self, data: bytes, end: Position) -> None:
        """Write whole batches with one call and sync them; on `OSError` the log is as it was before, or mended later.

        A descriptor that failed is never used again: after a failed sync it would report success for lost data.
        """
        fd = self._open()
        try:
            self._disk.write_all(fd, data)
            self._disk.sync(fd)
            if self.position.offset == 0:
                self._disk.sync_folder(self.folder)
        except OSError:
            self._take_back()
            raise
        self.position = end

    def close(self) -> None:
        """Let go of every descriptor, and with them of the lock."""
        self._close_segment()
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def damage(self, why: str) -> LedgerDamaged:
        """Return the error that says the log cannot be trusted."""
        return LedgerDamaged(state=self.state, why=why)

    @property
    def _next_first(self) -> int:
        return self.position.seq + 1

    def _has_next(self) -> bool:
        """Whether a segment follows; one without an event bears the name of its own successor."""
        return self._next_first != self.position.first and self._disk.exists(self._path(self._next_first))

    def _is_gone(self) -> bool:
        return not self._disk.exists(self._path(self.position.first))

    def _crc_before(self, first: int) -> int | None:
        """Return the CRC at the end of the segment before the one named `first`."""
        earlier = [other for other in segments(self._disk, self.folder) if other < first]
        if not earlier:
            return None
        fd = self._disk.open(self._path(earlier[-1]), os.O_RDONLY)
        try:
            return crc_at_end(self._disk.read(fd, SEAL_BYTES, max(0, self._disk.size(fd) - SEAL_BYTES)))
        finally:
            self._disk.close(fd)

    def _path(self, first: int) -> Path:
        return self.folder / segment_name(first)

    def _stand_at(self, position: Position) -> None:
        self._close_segment()
        self.position = position
        self._end_was_checked = False

    def _open(self) -> int:
        if self._fd is None:
            flags = os.O_RDWR | os.O_APPEND if self._writes else os.O_RDONLY
            self._fd = self._disk.open(self._path(self.position.first), flags)
        return self._fd

    def _close_segment(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                self._disk.close(fd)

    def _has_segment(self) -> bool:
        if self._fd is not None or self._disk.exists(self._path(self.position.first)):
            return True
        here = self.position
        if here.offset == 0 and all(first < here.first for first in segments(self._disk, self.folder)):
            return False
        raise self._damage(what="is missing")

    def _rest_of_segment(self, fd: int) -> Iterator[list[Line]]:
        if self._disk.size(fd) < self.position.offset:
            raise self._damage(what="is shorter than it was")
        for lines, behind in batches(self._disk, fd, self.position):
            self.position = behind
            yield lines
        if self._disk.size(fd) > self.position.offset:
            self._end_with(fd, bytes_from(self._disk, fd, self.position.offset))

    def _end_with(self, fd: int, tail: bytes) -> None:
        is_last = segments(self._disk, self.folder)[-1] == self.position.first
        if not is_last or not is_torn(tail, self.position):
            raise self._damage(what=f"is wrong from byte {self.position.offset} on")
        if self._writes:
            self.repairs.append(cut(self._disk, self.state / "quarantine", fd, tail, self.position))

    def _check_end(self) -> None:
        if self._is_gone():
            raise self._damage(what="is missing")
        if not self._end_was_checked:
            last = segments(self._disk, self.folder)[-1]
            if last > self.position.first:
                raise self._damage(what=f"is followed by {segment_name(last)}, what lay between is missing")
            self._end_was_checked = True

    def _damage(self, what: str) -> LedgerDamaged:
        return self.damage(f"{segment_name(self.position.first)} {what}")

    def _take_back(self) -> None:
        self._close_segment()
        with suppress(OSError):
            fd = self._open()
            try:
                self._disk.truncate(fd, self.position.offset)
                self._disk.sync(fd)
            except OSError:
                self._close_segment()
                raise
