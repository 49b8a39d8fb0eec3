"""A person stops a run: with Ctrl-C once or twice, with SIGTERM, or from another terminal."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.stories.audit import Expected, audit, processes
from tests.stories.conftest import Opens
from tests.stories.plays import NOTE, project
from tests.stories.stage import Runner, Stage, until

pytestmark = pytest.mark.story
# The first attempt of `slow` waits, and where HEARS says so it is not impressed by Ctrl-C; the next one does the work.
TASKS = f"""\
tasks:
  - id: first
    run: '{NOTE}'
  - id: slow
    needs: first
    run: |
      {NOTE}
      if [ "$FUSION_ATTEMPT" = 1 ]; then
        if [ "$HEARS" = no ]; then trap 'echo heard >>"$EFFECTS.heard"' INT; fi
        sleep 300
        sleep 300
      fi
      echo done >done.txt
  - id: talk
    needs: first
    agent: talker
    prompt: Talk.
  - id: last
    needs: [slow, talk]
    run: '{NOTE}'
"""
TALKER = f"steps:\n  - run: '{NOTE}'\n  - flaky: {{failures: 0}}\n  - say: Talked.\n"
NODES = frozenset({"first", "slow", "talk", "last"})
AFTER_ONE_STOP = Expected(
    {"first": 1, "slow": 2, "talk": 1, "last": 1}, NODES, frozenset({"slow"}), frozenset({"done.txt"})
)


def _files(effects: Path) -> dict[str, str]:
    return project(effects, TASKS, talker=TALKER)


def _waiting(open_stage: Opens, hears: str = "yes") -> tuple[Stage, Runner]:
    """A run in the middle: one task done, one asleep."""
    stage = open_stage(_files)
    runner = stage.start("run", "play", "-o", "json", "-e", f"HEARS={hears}")
    stage.await_line('"task.completed"', '"talk"')
    until(lambda: [task for task, _ in stage.done() if task == "slow"], "the slow task")
    return stage, runner


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_pauses_the_run_and_resume_completes_it(open_stage: Opens, which: signal.Signals, code: int) -> None:
    stage, runner = _waiting(open_stage)
    runner.send(which)
    assert (runner.wait(), runner.document()["status"], runner.document()["exit_code"]) == (code, "paused", code)
    run = stage.newest()
    assert processes(stage, [attempt for _, attempt in stage.done()]) == []
    resumed = stage.call("resume", run, "-o", "json")
    assert (resumed.document()["status"], audit(stage, run, AFTER_ONE_STOP)) == ("completed", [])


def test_ctrl_c_twice_kills_what_hears_no_first_and_resume_completes_the_run(open_stage: Opens) -> None:
    stage, runner = _waiting(open_stage, hears="no")
    runner.send(signal.SIGINT)
    until(Path(f"{stage.effects}.heard").exists, "the answer of the one who does not stop")
    assert not runner.is_over
    runner.send(signal.SIGINT)
    assert (runner.wait(), runner.document()["status"], runner.document()["exit_code"]) == (130, "paused", 130)
    run = stage.newest()
    assert processes(stage, [attempt for _, attempt in stage.done()]) == []
    resumed = stage.call("resume", run, "-o", "json")
    assert (resumed.document()["status"], audit(stage, run, AFTER_ONE_STOP)) == ("completed", [])


def test_cancel_from_another_terminal_ends_the_run_for_good(open_stage: Opens) -> None:
    stage, runner = _waiting(open_stage)
    run = stage.newest()
    stage.call("cancel", run, "-o", "json").document()
    assert (runner.wait(), runner.document()["status"], runner.document()["exit_code"]) == (5, "cancelled", 5)
    assert processes(stage, [attempt for _, attempt in stage.done()]) == []
    refused = stage.call("resume", run, "-o", "json", code=2)
    assert refused.document()["error"]["hint"] == "`fusion-kit run play` begins another."


def test_cancel_ends_a_run_whose_runner_was_killed(open_stage: Opens) -> None:
    stage, runner = _waiting(open_stage, hears="no")
    run = stage.newest()
    runner.kill()
    stage.call("cancel", run)
    with stage.views() as views:
        states = {task.id: task.state.value for task in views.tasks(run)}
        agents = {agent.state.value for agent in views.agents()}
    assert agents == {"idle"}
    assert states == {"first": "completed", "talk": "completed", "slow": "cancelled", "last": "cancelled"}
    assert processes(stage, [attempt for _, attempt in stage.done()]) == []


def test_a_second_owner_is_refused_while_the_first_lives(open_stage: Opens) -> None:
    stage, runner = _waiting(open_stage)
    refused = stage.call("resume", stage.newest(), "-o", "json", code=2)
    assert (refused.document()["exit_code"], f"belongs to process {runner.process.pid} " in refused.err) == (2, True)
    runner.send(signal.SIGINT)
    assert runner.wait() == 130
