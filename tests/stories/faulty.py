"""A disk that fails under the runner: a small C library is put before the C library's own calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fusion_kit.core.states import FINAL_RUNS
from tests.stories.audit import Expected, audit
from tests.stories.plays import NOTE, project
from tests.stories.stage import Runner, Stage, opened

SOURCE = Path(__file__).with_name("faults.c")
KILLS = ("crash", "torn")
ERRORS = ("ENOSPC", "EIO", "full")
_KILLED = -9
_CLEAR = 3

_WORKFLOW = f"""\
tasks:
  - id: one
    run: |
      {NOTE}
      env >"$FUSION_PROJECT_ROOT/../home/env"
      echo one >one.txt
  - id: two
    needs: one
    agent: writer
    prompt: Write.
  - id: three
    needs: two
    workspace: none
    run: '{NOTE}'
"""
_WRITER = f"steps:\n  - run: '{NOTE}'\n  - write: {{two.txt: two}}\n  - say: Written.\n"
ONCE = dict.fromkeys(("one", "two", "three"), 1)
EXPECTED = Expected(
    ONCE,
    frozenset(ONCE),
    frozenset({"one", "two"}),
    frozenset({"README.md", "one.txt", "two.txt"}),
    may_be_set_aside=True,
)


def library(folder: Path) -> Path:
    """Compile it; without a compiler skip on a laptop and fail in CI, and skip where it could not be loaded at all."""
    if sys.platform != "linux":
        pytest.skip("faults are injected by LD_PRELOAD, which only Linux has")
    compiler = shutil.which("cc")
    if compiler is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("faults are injected by a library that a C compiler must make")
    made = folder / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl"], check=True)
    return made


def stage_at(folder: Path) -> Stage:
    """A small project: one task in a worktree, one agent, one task without Git."""
    return opened(folder, project(folder / "home" / "effects", _WORKFLOW, writer=_WRITER))


def run_with_fault(stage: Stage, preload: Path, mode: str, at: int) -> Runner:
    """Run the play over a disk that fails at call `at`."""
    return stage.call("run", "play", code=None, env=_fault(stage, preload, mode, at))


def _fault(stage: Stage, preload: Path, mode: str, at: int) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(preload),
        "FAULT_ROOT": str(stage.root),
        "FAULT_REPORT": str(stage.home / "fault"),
        "FAULT_MODE": mode,
        "FAULT_AT": str(at),
    }


def report(stage: Stage) -> str:
    """What the library did: one line at the fault, one with the number of calls at the end."""
    found = stage.home / "fault"
    return found.read_text() if found.exists() else ""


def calls(stage: Stage, preload: Path) -> int:
    """How many calls the play makes when nothing fails."""
    run_with_fault(stage, preload, "count", 0)
    return int(report(stage).split()[-1])


def survived(folder: Path, preload: Path, mode: str, at: int) -> list[str]:
    """Play with one fault, go on without, and return everything that is wrong, with the fault before it."""
    stage = stage_at(folder)
    runner = run_with_fault(stage, preload, mode, at)
    said = report(stage).splitlines()
    fault = said[0] if said and " at " in said[0] else "no fault"
    wrong = [*_ending(runner, mode, fault), *_going_on(stage)]
    return [f"{at}: {fault}: {one}" for one in wrong]


def _ending(runner: Runner, mode: str, fault: str) -> list[str]:
    """A fault that kills is seen in the exit code; one that is an error is overcome, or told in one sentence."""
    code = runner.process.returncode
    if fault == "no fault":
        return [] if code == 0 else [f"it ended with {code}: {runner.err}"]
    if mode in KILLS:
        return [] if code == _KILLED else [f"it ended with {code}: {runner.err}"]
    if code not in (0, _CLEAR):
        return [f"it ended with {code}: {runner.err[-600:]}"]
    if "Traceback" in runner.err or "something went wrong" in runner.err:
        return [f"it was not clear: {runner.err[-600:]}"]
    return [] if code == 0 or "error" in runner.err.casefold() else [f"it said nothing: {runner.err[-600:]}"]


def _going_on(stage: Stage) -> list[str]:
    runs = stage.runs()
    again = ("resume", runs[0]) if runs else ("run", "play")
    if not runs or not _is_over(stage, runs[0]):
        runner = stage.call(*again, code=None)
        if runner.process.returncode != 0:
            return [f"{again[0]} ended with {runner.process.returncode}: {runner.err[-600:]}"]
    return audit(stage, stage.runs()[0], EXPECTED)


def _is_over(stage: Stage, run: str) -> bool:
    with stage.views() as views:
        return views.run(run).state in FINAL_RUNS
