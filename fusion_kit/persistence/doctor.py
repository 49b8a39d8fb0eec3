"""The doctor of the ledger: says what is wrong with it, and sets damage aside when a person asks."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path

from fusion_kit.core.events import Draft, LogRepaired
from fusion_kit.persistence import sql
from fusion_kit.persistence.checkpoint import checkpoint_name, newest, read
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.errors import LedgerDamaged
from fusion_kit.persistence.index import Index
from fusion_kit.persistence.indexed import IndexedLog
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.log import Log
from fusion_kit.persistence.segments import Position, segment_name, segments
from fusion_kit.persistence.tail import bytes_from, set_aside

_TABLES = ("event", "run", "task", "agent")
_OURS = re.compile(r"\d{12}\.(jsonl|checkpoint\.json)|LOCK")


class Ill(StrEnum):
    """What a finding is about."""

    DAMAGE = "damage"  # the log cannot be trusted; only `repair` goes on
    TORN = "torn"  # a write was cut short; the next writer mends it by itself
    INDEX = "index"  # the index is not what the log says; it is rebuilt by `repair`
    LEFTOVER = "leftover"  # something lies there that may be looked at and removed


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, in a sentence."""

    ill: Ill
    what: str


def verify(state_dir: Path) -> list[Finding]:
    """Check the whole chain, the index against it, and what else lies around; change nothing but a lagging index."""
    if not (state_dir / "log").is_dir():
        return []
    with _locked(state_dir) as log:
        fresh = IndexedLog(log, Index(None))
        try:
            fresh.start()
            findings = [*_torn(log), *_index_against(state_dir, fresh.index)]
        except LedgerDamaged as damage:
            findings = [Finding(Ill.DAMAGE, str(damage))]
        finally:
            fresh.index.close()
    return findings + list(_leftovers(state_dir))


def repair(state_dir: Path, *, project: str, source: str, now: Callable[[], datetime]) -> list[str]:
    """Set everything from the first bad byte on aside, rebuild the index, record it, and say what was lost."""
    if not (state_dir / "log").is_dir():
        return []
    disk = Disk()
    with _locked(state_dir) as log:
        said = list(_bad_checkpoints(state_dir, disk))
        good = _last_good(log)
        repairs = list(_cut_behind(state_dir, disk, good))
        said += [f"{fact.bytes} bytes of {fact.segment} were moved to quarantine/{fact.quarantine}" for fact in repairs]
        said += _witness(state_dir, disk, good)
        Index(state_dir / "index.db").discard()
    ledger = Ledger.open(state_dir, project=project, source=source, now=now)
    try:
        if repairs:
            ledger.commit([Draft(fact) for fact in repairs])
            said.append(f"the log now ends with event {good.seq}, and with the record of this repair")
        ledger.flush()
    finally:
        ledger.close()
    return [*said, "the index was rebuilt from the log"]


@contextmanager
def _locked(state_dir: Path) -> Iterator[Log]:
    """A log nobody writes to meanwhile, if we may keep others from it."""
    log = Log(state_dir, writes=False)
    try:
        if os.access(state_dir / "log", os.W_OK):
            with log.held():
                yield log
        else:
            yield log
    finally:
        log.close()


def _torn(log: Log) -> Iterator[Finding]:
    if log.grew() and (log.folder / segment_name(log.position.first)).exists():
        where = f"{segment_name(log.position.first)} ends in a write that was cut short, at byte {log.position.offset}"
        yield Finding(Ill.TORN, where)


def _index_against(state_dir: Path, fresh: Index) -> Iterator[Finding]:
    """Yield where the index on disk, brought up to the log, differs from one made anew."""
    path = state_dir / "index.db"
    if not path.exists() or not os.access(state_dir, os.W_OK):
        return
    kept = IndexedLog(Log(state_dir, writes=False), Index(path))
    try:
        kept.start()
        for _ in kept.catch_up():
            pass
        kept.flush()
        for table in _TABLES:
            if not _agree(table, kept.index, fresh):
                yield Finding(Ill.INDEX, f"the index's table {table} is not what the log says")
    finally:
        kept.close()


def _agree(table: str, one: Index, other: Index) -> bool:
    values = {"after": 0} if table == "event" else {}
    pairs = zip_longest(one.query(f"every_{table}", **values), other.query(f"every_{table}", **values))
    return all(left is not None and right is not None and tuple(left) == tuple(right) for left, right in pairs)


def _leftovers(state_dir: Path) -> Iterator[Finding]:
    for name in Disk().names(state_dir / "log"):
        if not _OURS.fullmatch(name):
            yield Finding(Ill.LEFTOVER, f"log/{name} is no part of the log")
        elif name != "LOCK" and int(name[:12]) < newest(Disk(), state_dir / "log"):
            yield Finding(Ill.LEFTOVER, f"log/{name} was retired and waits to be deleted")
    for name in Disk().names(state_dir / "quarantine"):
        yield Finding(Ill.LEFTOVER, f"quarantine/{name} was set aside by a repair")


def _bad_checkpoints(state_dir: Path, disk: Disk) -> Iterator[str]:
    """Set aside checkpoints that cannot be read: nothing can go on from them."""
    folder, quarantine = state_dir / "log", state_dir / "quarantine"
    while (first := newest(disk, folder)) and read(disk, folder, first) is None:
        name = checkpoint_name(first)
        quarantine.mkdir(mode=0o700, parents=True, exist_ok=True)
        disk.rename(folder / name, quarantine / name)
        disk.sync_folder(quarantine)
        disk.sync_folder(folder)
        yield f"the checkpoint {name} was moved to quarantine"


def _last_good(log: Log) -> Position:
    """Return the place behind the last batch that is whole, chained and folds."""
    fresh = IndexedLog(log, Index(None))
    good = log.position
    try:
        fresh.index.open()
        fresh.begin()
        good = log.position
        for _ in fresh.catch_up():
            good = log.position
    except LedgerDamaged:
        return good
    finally:
        fresh.index.close()
    return log.position


def _cut_behind(state_dir: Path, disk: Disk, good: Position) -> Iterator[LogRepaired]:
    folder, quarantine = state_dir / "log", state_dir / "quarantine"
    for first in [first for first in reversed(segments(disk, folder)) if first >= good.first]:
        offset = good.offset if first == good.first else 0
        yield from _set_aside_from(
            disk, folder / segment_name(first), quarantine, good._replace(first=first, offset=offset)
        )
        if first != good.first:
            disk.remove(folder / segment_name(first))
    disk.sync_folder(folder)


def _set_aside_from(disk: Disk, path: Path, quarantine: Path, place: Position) -> Iterator[LogRepaired]:
    fd = disk.open(path, os.O_RDWR)
    try:
        if tail := bytes_from(disk, fd, place.offset):
            name = set_aside(disk, quarantine, tail, place)
            disk.truncate(fd, place.offset)
            disk.sync(fd)
            yield LogRepaired(segment=path.name, bytes=len(tail), quarantine=name)
    finally:
        disk.close(fd)


def _witness(state_dir: Path, disk: Disk, good: Position) -> list[str]:
    """Keep what only the index knows of lost events: they cannot be trusted as a log, but a person can read them."""
    path = state_dir / "index.db"
    if not path.exists():
        return []
    with suppress(sqlite3.DatabaseError):
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        try:
            rows = db.execute(sql.statements()["every_event"], {"after": good.seq}).fetchall()
        finally:
            db.close()
        if rows:
            text = "".join(json.dumps(dict(row)) + "\n" for row in rows)
            name = set_aside(disk, state_dir / "quarantine", text.encode("ascii"), good)
            return [
                f"events {rows[0]['seq']} to {rows[-1]['seq']} are lost; what the index knew is in quarantine/{name}"
            ]
    return []
