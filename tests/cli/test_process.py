"""The real `fusion-kit` as a process: what only a process can show."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FUSION_KIT = [sys.executable, "-m", "fusion_kit"]
QUICK = "tasks:\n  - id: say\n    run: echo hello; sleep 0.3\n"
# It leaves at the first interrupt by a trap of its own: without one, bash outlives an interrupt that comes between two
# commands of a loop, and whether a task obeys is not the command line's to show.
WAITS = """\
tasks:
  - id: wait
    run: |
      trap 'exit 9' INT
      touch begun
      while [ ! -e go ]; do sleep 0.05; done
"""
LOUD = "tasks:\n  - id: loud\n    run: seq 1 50000\n"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A project outside of Git, where tasks work in the project's own folder."""
    (tmp_path / ".fusion" / "workflows").mkdir(parents=True)
    for name, text in {"quick": QUICK, "waits": WAITS, "loud": LOUD}.items():
        (tmp_path / ".fusion" / "workflows" / f"{name}.yaml").write_text(text)
    yield tmp_path
    (tmp_path / "go").touch()


def fusion_kit(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FUSION_KIT, *words], cwd=root, capture_output=True, text=True, timeout=60, check=False)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def status_of(root: Path, run: str) -> str:
    return str(json.loads(fusion_kit(root, "status", run, "-o", "json").stdout)["status"])


def test_a_detached_run_says_its_name_and_goes_on_without_us(root: Path) -> None:
    seen = fusion_kit(root, "run", "waits", "-d", "-o", "json")
    document = json.loads(seen.stdout)
    assert (seen.returncode, document["status"], document["exit_code"]) == (0, "running", 0)
    until((root / "begun").exists)
    assert json.loads(fusion_kit(root, "ps", "-o", "json").stdout)["items"][0]["run"] == document["run"]
    (root / "go").touch()
    until(lambda: status_of(root, document["run"]) == "completed")


def test_a_detached_run_that_cannot_begin_says_why(root: Path) -> None:
    seen = fusion_kit(root, "run", "nope", "-d", "-o", "json")
    assert (seen.returncode, json.loads(seen.stdout)["exit_code"], "error: " in seen.stderr) == (2, 2, True)


def test_cancel_from_another_terminal_ends_a_run_with_code_5(root: Path) -> None:
    run = json.loads(fusion_kit(root, "run", "waits", "-d", "-o", "json").stdout)["run"]
    until((root / "begun").exists)
    assert fusion_kit(root, "cancel", run).returncode == 0
    until(lambda: status_of(root, run) == "cancelled")
    assert json.loads(fusion_kit(root, "status", run, "-o", "json").stdout)["exit_code"] == 5


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_run_that_resume_continues(root: Path, which: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [*FUSION_KIT, "run", "waits", "-o", "json"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    until((root / "begun").exists)
    process.send_signal(which)
    document = json.loads(process.communicate(timeout=30)[0])
    assert (process.returncode, document["exit_code"], document["status"]) == (code, code, "paused")
    (root / "go").touch()
    resumed = fusion_kit(root, "resume", document["run"], "-o", "json")
    assert (resumed.returncode, json.loads(resumed.stdout)["status"]) == (0, "completed")


def test_a_reader_that_goes_away_is_no_error(root: Path) -> None:
    assert fusion_kit(root, "run", "loud", "-q").returncode == 0
    run = json.loads(fusion_kit(root, "history", "-o", "json").stdout)["items"][0]["run"]
    process = subprocess.Popen([*FUSION_KIT, "logs", run], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"loud | 1\n"
    process.stdout.close()
    assert process.stderr is not None
    assert (process.stderr.read(), process.wait(timeout=30)) == (b"", 0)
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_is_one_sentence(root: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*FUSION_KIT, "version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        3, "error: the machine could not go on: No space left on device",
    )  # fmt: skip


def test_closed_streams_are_no_error(root: Path) -> None:
    command = f"{sys.executable} -m fusion_kit list >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], cwd=root, check=False).returncode == 0


def test_ctrl_c_while_following_is_130_and_quiet(root: Path) -> None:
    fusion_kit(root, "run", "quick", "-q")
    process = subprocess.Popen(
        [*FUSION_KIT, "events", "--follow"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while "workflow.completed" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    assert (process.communicate(timeout=30)[1], process.returncode) == ("", 130)


def test_following_events_shows_what_happens_in_another_process(root: Path) -> None:
    process = subprocess.Popen(
        [*FUSION_KIT, "events", "--follow", "-o", "jsonl"], cwd=root, stdout=subprocess.PIPE, text=True
    )
    fusion_kit(root, "run", "quick", "-q")
    assert process.stdout is not None
    types = [json.loads(process.stdout.readline())["type"]]
    while types[-1] != "workflow.completed":
        types.append(json.loads(process.stdout.readline())["type"])
    process.kill()
    process.communicate(timeout=30)
    assert (types[:2], types[-2]) == (["workflow.queued", "workflow.started"], "task.completed")


def test_a_real_terminal_sees_the_tree_and_its_cursor_comes_back(root: Path) -> None:
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        [*FUSION_KIT, "run", "quick"], cwd=root, stderr=theirs, stdout=subprocess.DEVNULL, env={**env, "TERM": "xterm"}
    )
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    assert (process.wait(timeout=30), seen.count(b"\x1b[?25l"), seen.count(b"\x1b[?25h")) == (0, 1, 1)
    assert "✓".encode() in seen
