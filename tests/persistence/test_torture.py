"""Writers that are killed, and a disk that is really full."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from fusion_kit.persistence.doctor import verify
from tests.persistence.ground import log_events, log_world, numbers, opened, rows, sample

WRITER = """
import sys
from pathlib import Path
from tests.persistence.ground import notes, opened
state, first = Path(sys.argv[1]), int(sys.argv[2])
ledger = opened(state)
for number in range(first, first + 100_000, 3):
    ledger.commit(notes(number, number + 2))
    print(number, flush=True)
"""

NAIVE = """
import os, sys
path, first = sys.argv[1], int(sys.argv[2])
for number in range(first, first + 100_000, 3):
    with open(path, "rb+") as file:
        seq = len(file.read().splitlines())
    with open(path, "a") as file:
        for place in range(3):
            file.write(f"{seq + place + 1} {number + place}\\n")
            file.flush()
        os.fsync(file.fileno())
    print(number, flush=True)
"""


def writers(program: str, target: Path, firsts: Sequence[int]) -> list[subprocess.Popen[bytes]]:
    children = []
    for first in firsts:
        with (target.parent / f"acks-{first}").open("wb") as acks:
            command = [sys.executable, "-c", program, str(target), str(first)]
            children.append(subprocess.Popen(command, stdout=acks, stderr=subprocess.DEVNULL))
    return children


def killed(children: Sequence[subprocess.Popen[bytes]], acks: Sequence[Path], seed: int) -> None:
    """Kill the writers one by one, once each has acknowledged something, at moments that chance chooses."""
    deadline = time.monotonic() + 60
    while any(path.stat().st_size == 0 for path in acks):
        assert time.monotonic() < deadline, "the writers never began"
        time.sleep(0.01)
    chance = random.Random(seed)
    for child in children:
        time.sleep(chance.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
    for child in children:
        child.wait()


def acked(paths: Sequence[Path]) -> set[int]:
    """The numbers of every batch whose acknowledgement was printed whole."""
    whole = [line for path in paths for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return {int(line) + place for line in whole for place in range(3)}


@pytest.mark.torture
def test_eight_writers_under_kill_9_lose_nothing_and_leave_no_half_batch(tmp_path: Path) -> None:
    for round_ in range(sample(2)):
        folder = tmp_path / str(round_)
        folder.mkdir()
        state = folder / "state"
        firsts = [writer * 1_000_000 for writer in range(8)]
        paths = [folder / f"acks-{first}" for first in firsts]
        killed(writers(WRITER, state, firsts), paths, round_)
        opened(state).close()
        events = log_events(state)
        found = numbers(events)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert len(found) == len(set(found))
        assert acked(paths) <= set(found)
        assert [number // 3 for number in map(lambda number: number % 1_000_000, found)] == [
            number % 1_000_000 // 3 for number in found[::3] for _ in range(3)
        ]
        assert rows(state) == log_world(state)
        assert [finding for finding in verify(state) if finding.ill != "leftover"] == []


@pytest.mark.torture
def test_eight_naive_writers_tread_on_each_other(tmp_path: Path) -> None:
    log = tmp_path / "naive.log"
    log.touch()
    firsts = [writer * 1_000_000 for writer in range(8)]
    killed(writers(NAIVE, log, firsts), [tmp_path / f"acks-{first}" for first in firsts], 0)
    seqs = [int(line.split()[0]) for line in log.read_text().splitlines()]
    assert seqs != list(range(1, len(seqs) + 1))


FULL = """
import os, subprocess, sys
from pathlib import Path
mount = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(mount)], check=True)
from fusion_kit.core.events import SystemPaused, SystemResumed
from fusion_kit.persistence.errors import LedgerFull
from fusion_kit.persistence.ledger import Sizes
from tests.persistence.ground import log_events, log_world, note, numbers, opened, rows
state, acked = mount / "state", []
ledger = opened(state, sizes=Sizes(ballast_bytes=32 * 1024))
try:
    for number in range(10_000):
        acked += numbers(ledger.commit([note(number, 500)]))
except LedgerFull as full:
    print("full", full.code)
print("acked is logged", acked == numbers(log_events(state)), len(acked) > 100)
said = [event.fact for event in log_events(state) if event.type.startswith("system")]
print("reason is logged", said == [SystemPaused("disk full")])
ledger.close()
for path in state.glob("index.db*"):
    path.unlink()
ledger = opened(state, sizes=Sizes(ballast_bytes=32 * 1024))
ledger.commit([note(99_999)])
ledger.close()
print("goes on", numbers(log_events(state)) == [*acked, 99_999], log_events(state)[-2].fact == SystemResumed())
print("rows", rows(state) == log_world(state))
"""


def test_a_full_disk_keeps_what_was_acknowledged_and_says_why_it_stopped(tmp_path: Path) -> None:
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"):
        why = "mounting a small tmpfs needs root on Linux, with unshare"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "x", str(tmp_path)], capture_output=True).returncode:
        pytest.skip("this machine does not permit mounting, even as root")
    command = ["unshare", "-m", sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout.splitlines(), done.stderr) == (
        [
            "full ledger-full",
            "acked is logged True True",
            "reason is logged True",
            "goes on True True",
            "rows True",
        ],
        "",
    )
