"""Appends to one ledger from one and from four processes, beside a plain write and fdatasync under a lock."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from benchmarks.measure import spread
from benchmarks.table import Table
from fusion_kit.core.events import Draft, RunQueued, TaskCreated
from fusion_kit.persistence.ledger import Ledger

BATCH = 5  # the events of one task
COLUMNS = ("writers", "events a write", "plain write + fdatasync, events/s", "ledger, events/s", "ratio", "range, ms")

Writer = Callable[[Path, int, int, int], None]
_sync = getattr(os, "fdatasync", os.fsync)


def _drafts(writer: int, number: int, batch: int) -> list[Draft]:
    run = f"bench-{writer}"
    return [Draft(TaskCreated(kind="run"), run=run, task=f"t{number}-{place}") for place in range(batch)]


def plain(folder: Path, writer: int, count: int, batch: int) -> None:
    """Append JSON lines under a lock with one fdatasync a batch: no index, no checks, no chain."""
    handle = os.open(folder / "plain.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(count):
        events = [
            {"run": draft.run, "task": draft.task, "type": draft.fact.type} for draft in _drafts(writer, number, batch)
        ]
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, "".join(json.dumps(event) + "\n" for event in events).encode())
        _sync(handle)
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def ours(folder: Path, writer: int, count: int, batch: int) -> None:
    """Commit to the ledger: checked, chained, synced and indexed."""
    ledger = Ledger.open(folder / "state", project="bench", source=f"bench:{writer}", now=lambda: datetime.now(UTC))
    ledger.commit([Draft(RunQueued(workflow="bench"), run=f"bench-{writer}")])
    for number in range(count):
        ledger.commit(_drafts(writer, number, batch))
    ledger.close()


def _begun(write: Writer, start: Barrier, folder: Path, numbers: tuple[int, int, int]) -> None:
    start.wait()
    write(folder, *numbers)


def _timed(write: Writer, folder: Path, writers: int, count: int, batch: int) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(writers + 1)
    numbers = [(writer, count, batch) for writer in range(writers)]
    children = [context.Process(target=_begun, args=(write, start, folder, each)) for each in numbers]
    for child in children:
        child.start()
    start.wait()
    begun = time.perf_counter()
    for child in children:
        child.join()
    return time.perf_counter() - begun


def _row(scratch: Path, writers: int, batch: int, count: int, rounds: int) -> tuple[str, ...]:
    theirs, mine = [], []
    for _ in range(rounds):
        theirs.append(_timed(plain, scratch / "plain", writers, count, batch))
        mine.append(_timed(ours, scratch / "ours", writers, count, batch))
    events = writers * count * batch
    left, right = events / median(theirs), events / median(mine)
    return (str(writers), str(batch), f"{left:,.0f}", f"{right:,.0f}", f"{left / right:.2f}x", spread(mine))


def measure(scratch: Path, *, quick: bool) -> list[Table]:
    """Measure one and four writers, single events and the batches that a run writes."""
    count, rounds = (50, 1) if quick else (400, 5)
    shapes = ((1, 1), (1, BATCH), (4, 1), (4, BATCH))
    return [
        Table(
            title="Appends to the ledger",
            note=f"{count} awaited writes from each process, {rounds} rounds; each is on the disk before the next.",
            columns=COLUMNS,
            rows=tuple(_row(scratch, writers, batch, count, rounds) for writers, batch in shapes),
        )
    ]
