"""Processes that misbehave and machines that stand still: nothing waits for ever, is lost, or is done twice."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fusion_kit.core.errors import FusionError
from fusion_kit.processes.kernel import Process
from fusion_kit.processes.vigil import Sample, Vigil
from fusion_kit.testing import Sandbox
from tests.stories.audit import Expected, audit, processes
from tests.stories.conftest import Opens
from tests.stories.plays import NOTE, project
from tests.stories.stage import Stage, until

pytestmark = pytest.mark.story
AGENT = "tasks:\n  - {id: it, agent: actor, prompt: Act.}\n"
ONCE = Expected({"it": 1}, frozenset({"it"}))
linux = pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells what a tree of processes uses")


def _files(tasks: str, **agents: str) -> Callable[[Path], dict[str, str]]:
    return lambda effects: project(effects, tasks, **agents)


def _shell(script: str, keys: str = "") -> Callable[[Path], dict[str, str]]:
    lines = "".join(f"      {line}\n" for line in script.strip().splitlines())
    return _files(f"tasks:\n  - id: it\n{keys}    run: |\n{lines}")


def _it(stage: Stage) -> dict[str, object]:
    (found,) = (task for task in stage.call("status", "-o", "json").document()["tasks"] if task["id"] == "it")
    assert isinstance(found, dict)
    return found


def test_a_terminal_that_is_closed_kills_no_task_and_resume_takes_over_what_lives(open_stage: Opens) -> None:
    stage = open_stage(_shell(f'{NOTE}\nwhile [ ! -e "$EFFECTS.go" ]; do sleep 0.05; done\necho done >done.txt'))
    runner = stage.start("run", "play")
    until(stage.done, "the task")
    os.killpg(runner.process.pid, signal.SIGHUP)
    assert runner.wait() != 0
    Path(f"{stage.effects}.go").touch()
    stage.call("resume", stage.newest())
    expected = Expected({"it": 1}, frozenset({"it"}), frozenset({"it"}), frozenset({"done.txt"}))
    assert audit(stage, stage.newest(), expected) == []


def _sample(cpu_ticks: int) -> Sample:
    stat = f"1 (it) S 0 1 1 0 0 0 0 0 0 0 {cpu_ticks} 0 0 0 20 0 1 0 77 " + "0 " * 30
    return Sample([Process(1, stat)])


@pytest.mark.parametrize("limits", [{"idle_s": 60.0}, {"first_output_s": 60.0}])
def test_a_machine_that_slept_for_hours_finds_no_task_stalled(limits: dict[str, float]) -> None:
    vigil = Vigil(limits, log_limit_bytes=1000)
    looks = [vigil.observe(seconds, 0, lambda: _sample(0)) for seconds in (1.0, 7 * 3600.0, 1.0, 5 * 3600.0, 1.0)]
    assert looks == [""] * 5
    assert [vigil.observe(1.0, 0, lambda: _sample(0)) for _ in range(60)][-1] == "stalled"


@linux
def test_a_run_that_stood_still_with_its_machine_goes_on_where_it_was(open_stage: Opens) -> None:
    steps = "  - repeat: {times: 6, steps: [{progress: x}, {wait: 400ms}]}\n  - say: Done.\n"
    stage = open_stage(_files(AGENT, actor=f"timeouts: {{idle: 3s}}\nsteps:\n  - run: '{NOTE}'\n{steps}"))
    runner = stage.start("run", "play")
    until(stage.done, "the task")
    people = _ours(psutil.Process(runner.process.pid))
    assert len(people) > 2
    for person in people:
        with contextlib.suppress(psutil.Error):  # what it started a moment ago may be gone
            person.suspend()
    time.sleep(4.0)
    for person in people:  # the watchers first: they must not think the worst of those who still sleep
        with contextlib.suppress(psutil.Error):
            person.resume()
        time.sleep(0.1)
    assert (runner.wait(), audit(stage, stage.newest(), ONCE)) == (0, [])


def _ours(runner: psutil.Process) -> list[psutil.Process]:
    """A runner and all that it started, those who watch before those who are watched."""
    with contextlib.suppress(psutil.Error):
        return [runner, *sorted(runner.children(recursive=True), key=lambda process: process.pid)]
    return [runner]


ZOMBIE = """\
tasks:
  - id: it
    shell: python
    run: |
      import os, time
      with open(os.environ["EFFECTS"], "a") as file:
          file.write(os.environ["FUSION_TASK_ID"] + " " + os.environ["FUSION_ATTEMPT_ID"] + "\\n")
      if os.fork() == 0:
          os._exit(0)
      time.sleep(0.3)
"""


def test_a_zombie_among_its_children_holds_no_task_up(open_stage: Opens) -> None:
    stage = open_stage(_files(ZOMBIE))
    stage.call("run", "play")
    assert audit(stage, stage.newest(), ONCE) == []


DEATHS = {
    "is killed for its memory": (_shell("kill -9 $$"), "exit_code", "137"),
    "never ends": (
        _shell("while :; do echo .; sleep 0.05; done", "    timeout: 1s\n"),
        "timeout",
        "its time-out allows",
    ),
    "says nothing for ever": (
        _files(AGENT, actor="timeouts: {idle: 1s, grace: 200ms}\nsteps: [{wait: 300s}]\n"),
        "stalled",
        "silent for too long",
    ),
}


@pytest.mark.parametrize("what", DEATHS)
def test_a_task_that_does_this_fails_and_its_run_says_so(open_stage: Opens, what: str) -> None:
    files, outcome, told = DEATHS[what]
    stage = open_stage(files)
    assert stage.call("run", "play", code=None).process.returncode in (1, 124)
    found = _it(stage)
    assert (found["outcome"], told in f"{found['error']} {found['exit_code']}") == (outcome, True)
    assert processes(stage, []) == []


ODD = {
    "prints lines that are no events": "  - print: {text: 'null', times: 3}\n  - print: {text: '{\"type\": 3}'}\n",
    "ends in the middle of a line": '  - say: Said.\n  - print: {text: \'{"type": "resu\', newline: false}\n',
    "fills both pipes": (
        "  - print: {text: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, times: 200000, stream: stderr}\n"
        "  - print: {text: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, times: 200000}\n"
    ),
    "stays silent after a tool, but busy": "  - run: 'echo tool'\n  - compute: 2s\n",
    "does not leave after its result": "  - linger: 60s\n",
}


@pytest.mark.parametrize("what", ODD)
def test_an_agent_that_does_this_has_done_its_work(open_stage: Opens, what: str) -> None:
    limits = "timeouts: {idle: 1s, grace: 300ms}\n"
    stage = open_stage(_files(AGENT, actor=f"{limits}steps:\n  - run: '{NOTE}'\n{ODD[what]}  - say: Done.\n"))
    stage.call("run", "play")
    assert audit(stage, stage.newest(), ONCE) == []


def test_an_agent_that_asks_for_a_permission_nobody_gives_is_ended_as_stalled(open_stage: Opens) -> None:
    ask = "  - ask: {question: May I?, file: .answer, within: 60s}\n"
    stage = open_stage(_files(AGENT, actor=f"timeouts: {{idle: 1s, grace: 200ms}}\nsteps:\n{ask}"))
    runner = stage.call("run", "play", code=124)
    assert (_it(stage)["outcome"], "May I?" in stage.call("logs", stage.newest()).out) == ("stalled", True)
    assert processes(stage, []) == []
    assert "it" in runner.err


COMMAND = "name: actor\nprovider: command\ncommand: [{program}]\nprompt: stdin\noutput: text\n"


def test_an_agent_whose_program_is_missing_is_named_before_anything_is_started(open_stage: Opens) -> None:
    agent = COMMAND.format(program="absent-agent")
    stage = open_stage(lambda effects: {**project(effects, AGENT), ".fusion/agents/actor.yaml": agent})
    runner = stage.call("run", "play", code=None)
    assert (runner.process.returncode > 0, "absent-agent" in runner.out + runner.err, stage.done()) == (True, True, [])


HOSTILE = 'it\'s "so"\n--rm -rf $(touch pwned) `touch pwned` ${HOME} \\ ; touch pwned #\n'
TAKES = {
    "stdin": (["sh", "-c", "cat"], 140_000),
    "file": (["sh", "-c", 'cat "$0"', "{prompt_file}"], 140_000),
    "arg": (["sh", "-c", 'printf %s "$2"', "sh"], 100_000),
}
TELL = """\
tasks:
  - id: first
    shell: python
    run: |
      import json, os
      with open(os.environ["FUSION_OUTPUT"], "w") as file:
          json.dump({"text": open("prompt.txt").read()}, file)
    outputs: {text: {type: string}}
  - {id: it, needs: first, agent: actor, prompt: "${{ tasks.first.outputs.text }}"}
"""


@pytest.mark.parametrize("how", TAKES)
def test_a_prompt_with_everything_in_it_arrives_as_it_is_and_is_never_a_command(open_stage: Opens, how: str) -> None:
    command, size = TAKES[how]
    prompt = f"-{HOSTILE}{'x' * size}"
    actor = f"name: actor\nprovider: command\ncommand: {json.dumps(command)}\nprompt: {how}\noutput: text\n"
    more = {".fusion/agents/actor.yaml": actor, "prompt.txt": prompt}
    stage = open_stage(lambda effects: {**project(effects, TELL), **more})
    stage.call("run", "play")
    said = stage.state / "runs" / stage.newest() / "tasks" / "it" / "1" / "out.log"
    assert (prompt in said.read_text(), list(stage.root.rglob("pwned"))) == (True, [])


@pytest.mark.parametrize("what", ["outputs", "artifacts"])
def test_more_than_the_log_can_hold_fails_its_task_and_not_the_run_for_ever(open_stage: Opens, what: str) -> None:
    script = {
        "outputs": 'echo "text=$(head -c 300000 /dev/zero | tr \'\\0\' x)" >>"$FUSION_OUTPUT"',
        "artifacts": "mkdir many; for n in $(seq 800); do : >many/$(printf %0200d $n); done",
    }[what]
    stage = open_stage(_shell(script, '    artifacts: ["many/*"]\n' if what == "artifacts" else ""))
    stage.call("run", "play", code=1)
    found = _it(stage)
    assert (found["outcome"], "declare that file as an artifact" in str(found["error"])) == ("contract", True)


async def test_a_fault_of_ours_in_one_attempt_fails_its_task_and_ends_the_run(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.workflow("name: w\ntasks: [{id: it, run: it}, {id: other, run: other}]")

    async def breaks(order: object) -> None:
        raise AttributeError(order)

    sandbox.workspaces.keep = breaks  # type: ignore[method-assign, assignment]
    run = await sandbox.run(keep_going=True)
    errors = [row.error or {} for row in sandbox.rows.values()]
    assert (run.state.value, [error["code"] for error in errors]) == ("failed", ["internal", "internal"])
    assert not isinstance(AttributeError(), FusionError)
