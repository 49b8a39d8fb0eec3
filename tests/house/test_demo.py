"""The demo shows what the README says, and the promises that need the whole program are kept."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tests.house.documents import ROOT
from tests.house.terminal import opened
from tools import demo

DEMO_LIMIT_S = 60
NOTICED_WITHIN_S = 2.0


@pytest.mark.story
def test_the_demo_builds_something_in_a_minute_and_says_where_it_is(tmp_path: Path) -> None:
    terminal = opened(tmp_path / "home")
    places = {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo"],
        cwd=ROOT,
        env=terminal.env | places,
        timeout=DEMO_LIMIT_S,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    branch, place = re.findall(r"^The result is the branch (\S+) in (\S+):$", done.stdout, re.MULTILINE)[0]
    made = demo.git(Path(place), "diff", "--name-only", "--diff-filter=A", f"main...{branch}").splitlines()
    assert [name for name in made if not name.startswith("tests/")] == [
        f"calculator/operations/{name}.py" for name in ("divide", "multiply", "subtract")
    ]
    assert "git log --graph --oneline" in done.stdout
    assert demo.git(Path(place), "status", "--porcelain") == ""


def _seconds(older: str, newer: str) -> float:
    return (datetime.fromisoformat(newer) - datetime.fromisoformat(older)).total_seconds()


@pytest.mark.story
def test_a_failing_program_is_noticed_within_two_seconds(tmp_path: Path) -> None:
    terminal = opened(tmp_path / "home")
    workflows = terminal.folder / ".fusion" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "sad.yaml").write_text('name: sad\ntasks:\n  - { id: t, run: "exit 7", workspace: none }\n')
    terminal.typed("fusion-kit run sad -q", code=1)
    lines = terminal.typed("fusion-kit events --type 'task.*' --export jsonl").splitlines()
    times = {event["type"]: event["ts"] for event in map(json.loads, lines)}
    assert _seconds(times["task.started"], times["task.failed"]) < NOTICED_WITHIN_S
