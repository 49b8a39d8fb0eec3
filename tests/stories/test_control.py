"""The audit has teeth: killed in the same place, a naive runner repeats a task and ours does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories import naive
from tests.stories.audit import Expected, audit, exactly_once
from tests.stories.conftest import Opens
from tests.stories.plays import NOTE, project
from tests.stories.stage import Stage, until

pytestmark = pytest.mark.story
GATED = f'{NOTE}\nwhile [ ! -e "$GATE" ]; do sleep 0.02; done\necho passed\n'
ONCE = {"before": 1, "gated": 1}


def _project(effects: Path) -> dict[str, str]:
    gate = effects.parent / "gate"
    return project(
        effects,
        f"tasks:\n  - id: before\n    run: '{NOTE}'\n"
        f"  - id: gated\n    needs: before\n    env: {{GATE: '{gate}'}}\n    run: |\n"
        + "".join(f"      {line}\n" for line in GATED.splitlines()),
    )


def _reached(stage: Stage) -> None:
    until(lambda: any(task == "gated" for task, _ in stage.done()), "the task that waits at the gate")


def test_a_naive_runner_killed_beside_a_running_task_repeats_it(open_stage: Opens) -> None:
    stage = open_stage(_project)
    tasks = stage.home / "tasks.json"
    tasks.write_text(json.dumps({"before": NOTE, "gated": GATED}))
    env = {**stage.env, "EFFECTS": str(stage.effects), "GATE": str(stage.home / "gate")}
    argv = [sys.executable, str(Path(naive.__file__)), str(stage.home), str(tasks)]
    first = subprocess.Popen(argv, env=env, start_new_session=True)
    _reached(stage)
    first.kill()
    first.wait()
    (stage.home / "gate").touch()
    subprocess.run(argv, env=env, check=True)
    found = exactly_once(naive.completed(stage.home), stage.done(), ONCE)
    assert found == ["gated had 2 effects, not 1"]


def test_ours_killed_in_the_same_place_repeats_nothing(open_stage: Opens) -> None:
    stage = open_stage(_project)
    runner = stage.start("run", "play")
    _reached(stage)
    runner.kill()
    (stage.home / "gate").touch()
    run = stage.newest()
    stage.call("resume", run)
    assert audit(stage, run, Expected(ONCE, frozenset(ONCE))) == []


def test_the_audit_names_what_was_lost_and_what_is_unknown() -> None:
    found = exactly_once(["a", "a"], [("a", "1"), ("a", "1"), ("c", "2")], {"a": 1, "b": 1})
    assert found == [
        "a completed 2 times",
        "b completed 0 times",
        "a had 2 effects, not 1",
        "b had 0 effects, not 1",
        "attempt 1 of a ran 2 times",
        "c had effects and is unknown",
    ]
