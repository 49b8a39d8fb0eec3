"""Retention: what is older than wanted leaves the log by whole segments, and what lives on stays in a checkpoint.

The steps are: the checkpoint is written beside the log, `log.checkpoint` is recorded, the index is deleted, the
checkpoint is renamed into the log - from here on the log begins there - and then the segments before it go. A crash
anywhere leaves a log that begins at the old place or at the new one; what it left lying is removed the next time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, cast

from fusion_kit.core.agent import Agent
from fusion_kit.core.events import Draft, Event, LogCheckpoint
from fusion_kit.core.moments import timestamp
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS, AgentState
from fusion_kit.core.task import Task
from fusion_kit.persistence.checkpoint import Checkpoint, checkpoint_name, checkpoints, encoded, newest
from fusion_kit.persistence.columns import Entity, Held
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.indexed import IndexedLog
from fusion_kit.persistence.ledger import Ledger, Sizes
from fusion_kit.persistence.lines import LINE_LIMIT_BYTES
from fusion_kit.persistence.log import Log
from fusion_kit.persistence.rows import Key, Rows
from fusion_kit.persistence.segments import Position, segment_name, segments

_ROLLS_PER_AGE = 4  # a segment that spans more than this part of the age is ended, so that it can go in time
_HEAD_BYTES = 256
_HEAD = re.compile(rb'\{"seq":\d+,"ts":"([^"]+)"')
_RETIRED = re.compile(r"\d{12}\.(jsonl|checkpoint\.json(\.new)?)")


@dataclass(frozen=True, slots=True)
class Retired:
    """How much left the log: events, the bytes of their segments, and runs that ended before."""

    events: int = 0
    bytes: int = 0
    runs: int = 0


def retire(
    state_dir: Path,
    *,
    older_than: timedelta,
    now: Callable[[], datetime],
    project: str,
    source: str,
    disk: Disk | None = None,
    sizes: Sizes | None = None,
) -> Retired:
    """Drop whole segments whose events are all older than the age, and the runs that ended in them.

    Runs that have not ended, that anything was recorded of since, and all agents not terminated keep their rows. If the
    first event is younger than the age, one line was read and nothing else happens. Raises what a `Ledger` raises.
    """
    disk, moment = disk or Disk(), now()
    before = timestamp(moment - older_than)
    if not _begins_before(disk, state_dir / "log", before) and not _leftovers(disk, state_dir / "trash"):
        return Retired()
    ledger = Ledger.open(state_dir, project=project, source=source, now=now, disk=disk, sizes=sizes)
    try:
        with ledger.alone() as (indexed, record):
            retirement = _Retirement(state_dir, disk, indexed, record)
            retirement.sweep()
            if first := retirement.new_first(before):
                return retirement.begin_at(first)
            retirement.roll(timestamp(moment - older_than / _ROLLS_PER_AGE))
            return Retired()
    finally:
        ledger.close()


class _Retirement:
    """One retirement, with the log's lock held throughout."""

    def __init__(self, state: Path, disk: Disk, indexed: IndexedLog, record: Callable[[Draft], Event]) -> None:
        self._state, self._disk, self._indexed, self._record = state, disk, indexed, record
        self._folder, self._trash = state / "log", state / "trash"
        self._end = indexed.log.position

    def new_first(self, before: str) -> int:
        """Return the latest event at which the log can begin so that only events before `before` go; 0 for none."""
        base = newest(self._disk, self._folder) or 1
        if self._indexed.last_ts < before:
            return self._end.seq + 1 if self._end.seq >= base else 0
        firsts = [first for first in segments(self._disk, self._folder) if first >= base]
        ended = (later for earlier, later in pairwise(firsts) if self._ends_before(earlier, before))
        return max(ended, default=0)

    def _ends_before(self, first: int, before: str) -> bool:
        """Whether the last event of a segment is older."""
        fd = self._disk.open(self._folder / segment_name(first), os.O_RDONLY)
        try:
            start = max(0, self._disk.size(fd) - LINE_LIMIT_BYTES)
            *_, last = self._disk.read(fd, LINE_LIMIT_BYTES, start).splitlines() or [b""]
        finally:
            self._disk.close(fd)
        return _is_older(last, before)

    def roll(self, before: str) -> None:
        """End the last segment if it began before `before`."""
        if _is_before(self._disk, self._folder, self._end.first, before):
            self._indexed.log.roll()

    def begin_at(self, first: int) -> Retired:
        """Let the log begin at event `first`."""
        count = first - (newest(self._disk, self._folder) or 1)
        living = _living_at(Log(self._state, self._disk, writes=False), first)
        self._trash.mkdir(mode=0o700, exist_ok=True)
        name = checkpoint_name(first)
        data, digest = encoded(living.checkpoint)
        self._write(self._trash / f"{name}.new", data)
        if first > self._end.seq:
            self._indexed.log.roll()
        self._record(Draft(LogCheckpoint(first=first, file=name, sha256=digest, events=count, runs=living.dropped)))
        self._indexed.index.discard()  # from here on whoever needs one makes it from the log as it is then
        self._disk.rename(self._trash / f"{name}.new", self._folder / name)
        self._disk.sync_folder(self._folder)
        retired = Retired(count, self.sweep(), living.dropped)
        self._indexed.renew()
        return retired

    def sweep(self) -> int:
        """Move what lies before the newest checkpoint away, then delete it; return the bytes of the segments."""
        base, size_bytes = newest(self._disk, self._folder), 0
        old = [segment_name(first) for first in segments(self._disk, self._folder) if first < base]
        sizes = [self._folder.joinpath(name).stat().st_size for name in old]
        old += [checkpoint_name(first) for first in checkpoints(self._disk, self._folder) if first < base]
        if old:
            self._trash.mkdir(mode=0o700, exist_ok=True)
            self._disk.sync_folder(self._folder)  # the checkpoint's name is safe before anything it stands for goes
            for name in old:
                self._disk.rename(self._folder / name, self._trash / name)
            self._disk.sync_folder(self._trash)
            self._disk.sync_folder(self._folder)
            size_bytes = sum(sizes)
        for name in _leftovers(self._disk, self._trash):
            self._disk.remove(self._trash / name)
        return size_bytes

    def _write(self, path: Path, data: bytes) -> None:
        fd = self._disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            self._disk.write_all(fd, data)
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)


class _Living(NamedTuple):
    """What lives on, and how many runs do not."""

    checkpoint: Checkpoint
    dropped: int


class _Nowhere:
    """Where no rows are kept: all of them are folded here."""

    def load(self, kind: type[Entity], key: Key) -> Held | None:  # noqa: ARG002 - the shape of a source of rows
        return None


def _living_at(log: Log, first: int) -> _Living:
    """Fold the log up to event `first`; keep what has not ended there, and runs that are heard of again later."""
    rows, heard = Rows(_Nowhere()), set[str | None]()
    try:
        log.rewind()
        position, ts = log.position, ""
        if log.base:
            rows.adopt(log.base.held)
            ts = log.base.ts
        for lines in log.catch_up():
            if lines[0].event.seq >= first:
                heard.update(line.event.run for line in lines)
                continue
            for line in lines:
                rows.apply(line.event, is_new=True)
            rows.settle()
            position, ts = log.position, lines[-1].event.ts
    finally:
        log.close()
    return _chosen(rows, heard, Checkpoint(Position(first, 0, position.seq, position.crc), ts, ()))


def _chosen(rows: Rows, heard: set[str | None], place: Checkpoint) -> _Living:
    runs = [(held, cast(Run, held.entity)) for held in rows.changed(Run)]
    gone = {run.id for _, run in runs if run.state in FINAL_RUNS and run.id not in heard}
    held = (
        *(held for held, run in runs if run.id not in gone),
        *(held for held in rows.changed(Task) if cast(Task, held.entity).run not in gone),
        *(held for held in rows.changed(Agent) if held.entity.state is not AgentState.TERMINATED),
    )
    return _Living(place._replace(held=held), len(gone))


def _leftovers(disk: Disk, trash: Path) -> list[str]:
    """Return what a retirement moved there, or began to write there."""
    return [name for name in disk.names(trash) if _RETIRED.fullmatch(name)]


def _begins_before(disk: Disk, folder: Path, before: str) -> bool:
    """Whether the first event of all is older; what somebody else retires just now is left to them."""
    firsts = segments(disk, folder)
    return bool(firsts) and _is_before(disk, folder, firsts[0], before)


def _is_before(disk: Disk, folder: Path, first: int, before: str) -> bool:
    """Whether the first event of a segment is older; an empty segment is not."""
    try:
        fd = disk.open(folder / segment_name(first), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return _is_older(disk.read(fd, _HEAD_BYTES, 0), before)
    finally:
        disk.close(fd)


def _is_older(line: bytes, before: str) -> bool:
    head = _HEAD.match(line)
    return head is not None and head[1].decode("ascii") < before
