"""The real program, steered from another terminal: approvals, pauses, and a run that may not wait."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FUSION_KIT = [sys.executable, "-m", "fusion_kit"]
SHIP = """\
tasks:
  - { id: build, run: "echo built" }
  - id: ship
    needs: [build]
    approval:
      message: Release it?
      inputs:
        version: { type: string, required: true }
        times: { type: integer, default: 1 }
  - id: publish
    needs: [ship]
    env: { VERSION: "${{ tasks.ship.outputs.version }} ${{ tasks.ship.outputs.times }}" }
    run: echo "$VERSION" > published
"""
TICKS = """\
tasks:
  - id: tick
    run: |
      while [ ! -e go ]; do echo tick >> ticks; sleep 0.02; done
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A project outside of Git."""
    (tmp_path / ".fusion" / "workflows").mkdir(parents=True)
    for name, text in {"ship": SHIP, "ticks": TICKS}.items():
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


def status_of(root: Path, run: str) -> dict[str, str]:
    document = json.loads(fusion_kit(root, "status", run, "-o", "json").stdout)
    return {"run": document["status"]} | {task["id"]: task["state"] for task in document["tasks"]}


def newest(root: Path) -> str:
    items = json.loads(fusion_kit(root, "history", "-o", "json").stdout)["items"]
    return str(items[0]["run"]) if items else ""


def test_in_a_pipe_an_approval_ends_the_run_with_4_and_it_goes_on_once_answered(root: Path) -> None:
    first = fusion_kit(root, "run", "ship")
    run = newest(root)
    assert (first.returncode, f"next: fusion-kit approve {run} ship" in first.stderr) == (4, True)
    wrong = fusion_kit(root, "approve", run, "-i", "times=x", "-i", "verison=1")
    assert (wrong.returncode, wrong.stderr.splitlines()[0]) == (
        2,
        "error: The answer does not fit what task 'ship' asks: the field \"times\": 'x' is not an integer; "
        'there is no field "verison"; did you mean "version"?; the field "version" is missing.',
    )
    assert fusion_kit(root, "approve", run, "-i", "version=1.0").stdout == "ship approved\n"
    assert fusion_kit(root, "approve", run, "-i", "version=2.0").returncode == 2
    last = fusion_kit(root, "resume", run)
    assert (last.returncode, (root / "published").read_text()) == (0, "1.0 1\n")


def test_a_no_fails_the_task_as_rejected(root: Path) -> None:
    fusion_kit(root, "run", "ship", "-q")
    run = newest(root)
    assert fusion_kit(root, "reject", run, "-m", "Not today.").returncode == 0
    ended = json.loads(fusion_kit(root, "resume", run, "-o", "json").stdout)
    assert (ended["status"], [(task["id"], task["outcome"]) for task in ended["tasks"]]) == (
        "failed",
        [("build", "success"), ("ship", "rejected"), ("publish", "upstream_failed")],
    )
    assert "Not today." in str(ended["tasks"][1]["error"])


def test_on_a_terminal_the_run_waits_and_an_answer_from_another_lets_it_go_on(root: Path) -> None:
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")} | {"TERM": "xterm"}
    process = subprocess.Popen(
        [*FUSION_KIT, "run", "ship", "-o", "plain"],
        cwd=root,
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env=env,
    )
    os.close(theirs)
    until(lambda: status_of(root, newest(root)).get("ship") == "paused" if newest(root) else False)
    assert fusion_kit(root, "approve", newest(root), "-i", "version=3").returncode == 0
    assert process.wait(timeout=30) == 0
    os.close(ours)
    assert (root / "published").read_text() == "3 1\n"


def test_a_paused_run_stands_still_until_it_is_resumed_where_it_is(root: Path) -> None:
    ticks = root / "ticks"
    run = json.loads(fusion_kit(root, "run", "ticks", "-d", "-o", "json").stdout)["run"]
    until(ticks.exists)
    assert fusion_kit(root, "pause", run).returncode == 0
    until(lambda: status_of(root, run) == {"run": "paused", "tick": "paused"})
    count = ticks.stat().st_size
    time.sleep(0.3)
    assert ticks.stat().st_size <= count + len("tick\n")
    seen = fusion_kit(root, "resume", run)
    assert (seen.returncode, seen.stdout) == (0, f"{run} goes on, in the process that has it\n")
    until(lambda: ticks.stat().st_size > count + 3 * len("tick\n"))
    (root / "go").touch()
    until(lambda: status_of(root, run)["run"] == "completed")


def test_a_paused_run_can_be_cancelled(root: Path) -> None:
    run = json.loads(fusion_kit(root, "run", "ticks", "-d", "-o", "json").stdout)["run"]
    until((root / "ticks").exists)
    fusion_kit(root, "pause", run)
    until(lambda: status_of(root, run)["run"] == "paused")
    assert fusion_kit(root, "cancel", run).returncode == 0
    until(lambda: status_of(root, run)["run"] == "cancelled")


def test_a_run_that_nobody_works_on_cannot_be_paused(root: Path) -> None:
    fusion_kit(root, "run", "ship", "-q")
    seen = fusion_kit(root, "pause", newest(root))
    assert (seen.returncode, seen.stderr.splitlines()[1]) == (
        2,
        f"hint: `fusion-kit resume {newest(root)}` goes on with it.",
    )
