"""A fault at every call the log makes to the disk, then a reopening."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from fusion_kit.core.errors import FusionError
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.doctor import verify
from fusion_kit.persistence.ledger import Ledger, Sizes
from tests.persistence.faulty import Crashed, Fault, FaultyDisk
from tests.persistence.ground import log_events, log_world, notes, numbers, opened, rows

BATCHES = [(1, 1), (2, 4), (5, 6), (7, 12), (13, 13)]
ROLLING = Sizes(segment_bytes=900, ballast_bytes=4096)


def work(state: Path, disk: Disk) -> list[int]:
    """Commit some batches and look at the news; return the numbers of what was acknowledged."""
    acked: list[int] = []
    ledger: Ledger | None = None
    try:
        for first, last in BATCHES:
            with suppress(FusionError):
                ledger = ledger or opened(state, disk, ROLLING)
                acked += numbers(ledger.commit(notes(first, last)))
                ledger.news()
    except Crashed:
        pass
    finally:
        abandon(ledger)
    return acked


def abandon(ledger: Ledger | None) -> None:
    """Let a dead process's locks go, as the system does, without running any of its code on the disk."""
    if ledger and ledger._log._lock_fd is not None:
        os.close(ledger._log._lock_fd)
        ledger._log._lock_fd = None
    if ledger:
        ledger._indexed.index.close()


def torn_start(state: Path) -> None:
    """A log that another process left with one acknowledged event and a torn tail."""
    ledger = opened(state, sizes=ROLLING)
    ledger.commit(notes(0, 0))
    ledger.close()
    (state / "ballast").unlink()
    path = state / "log" / "000000000001.jsonl"
    path.write_bytes(path.read_bytes() + b'{"seq":2,"ts":"2026')


def calls_of_the_work(folder: Path) -> int:
    disk = FaultyDisk()
    torn_start(folder / "dry")
    assert work(folder / "dry", disk) == list(range(1, 14))
    disk.bury()
    return disk.calls


def whole_batches(found: list[int]) -> bool:
    return all(
        {*range(first, last + 1)} <= set(found) or not {*range(first, last + 1)} & set(found) for first, last in BATCHES
    )


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_call_loses_nothing_that_was_acknowledged_and_leaves_no_half_batch(
    tmp_path: Path, fault: Fault
) -> None:
    total = calls_of_the_work(tmp_path)
    assert total > 40
    for at in range(1, total + 1):
        state = tmp_path / str(at)
        disk = FaultyDisk(at, fault)
        torn_start(state)
        acked = [0, *work(state, disk)]
        disk.bury()
        again = opened(state, sizes=ROLLING)
        again.commit(notes(99, 99))
        again.close()
        events = log_events(state)
        found = numbers(events)
        context = f"{fault} at call {at} ({disk.names_of_calls[at - 1]})"
        assert [event.seq for event in events] == list(range(1, len(events) + 1)), context
        assert len(found) == len(set(found)), context
        assert set(acked) <= set(found), context
        assert whole_batches(found), context
        assert rows(state) == log_world(state), context
        assert [finding for finding in verify(state) if finding.ill != "leftover"] == [], context


def naive_work(path: Path, disk: Disk, *, syncs: bool) -> list[int]:
    """What one would write without thinking of crashes: append lines, acknowledge each batch."""
    acked: list[int] = []
    with suppress(Crashed):
        fd = disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for first, last in BATCHES:
            with suppress(OSError):
                disk.write(fd, "".join(f"{number}\n" for number in range(first, last + 1)).encode())
                if syncs:
                    disk.sync(fd)
                acked += range(first, last + 1)
    return acked


def naive_numbers(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize(("fault", "syncs"), [(Fault.POWER, False), (Fault.TORN, True), (Fault.SHORT, True)])
def test_the_same_faults_break_a_naive_log(tmp_path: Path, fault: Fault, *, syncs: bool) -> None:
    broken = 0
    for at in range(1, 12):
        path, disk = tmp_path / f"{at}.log", FaultyDisk(at, fault)
        acked = naive_work(path, disk, syncs=syncs)
        disk.bury()
        found = naive_numbers(path)
        broken += not (set(acked) <= set(found) and whole_batches(found))
    assert broken > 0
