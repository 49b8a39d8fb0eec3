"""Children as they are in the wild: deaf, runaway, noisy, garbled, lingering, waiting; none outlives its run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fusion_kit.core.process import Exit
from fusion_kit.processes.folder import AttemptFolder
from tests.stories.audit import Expected, audit, processes
from tests.stories.conftest import Opens
from tests.stories.plays import NOTE, project
from tests.stories.stage import Stage, until

pytestmark = pytest.mark.story
MIB = 1 << 20
_ODD = 7777 + os.getpid() / 1e7  # seconds to sleep, by which a process without our environment is known


def _files(tasks: str, **agents: str) -> Callable[[Path], dict[str, str]]:
    return lambda effects: project(effects, tasks, **agents)


def _shell(text: str) -> str:
    lines = "".join(f"      {line}\n" for line in text.strip().splitlines())
    return f"tasks:\n  - id: it\n    run: |\n{lines}"


AGENT = "tasks:\n  - id: it\n    agent: actor\n    prompt: Act.\n"
ONCE = Expected({"it": 1}, frozenset({"it"}))


def _attempt(stage: Stage, number: int = 1) -> AttemptFolder:
    return AttemptFolder(stage.state / "runs" / stage.newest() / "tasks" / "it" / str(number))


def _exit(stage: Stage) -> Exit:
    found = _attempt(stage).exit()
    assert found is not None
    return found


def _acting(steps: str, head: str = "") -> Callable[[Path], dict[str, str]]:
    return _files(AGENT, actor=f"{head}steps:\n  - run: '{NOTE}'\n{steps}")


DEAF_SHELL = _shell(f"trap '' TERM INT\n{NOTE}\nsleep 300 & wait; sleep 300")
DEAF = {
    "agent": _acting("  - ignore: [TERM, INT]\n  - run: sleep 300\n", "timeouts: {grace: 200ms}\n"),
    "run": _files(DEAF_SHELL),
}


@pytest.mark.parametrize("kind", DEAF)
def test_a_child_that_hears_no_signal_is_cancelled_all_the_same(open_stage: Opens, kind: str) -> None:
    stage = open_stage(DEAF[kind])
    runner = stage.start("run", "play", "-o", "json")
    until(stage.done, "the child")
    run = stage.newest()
    stage.call("cancel", run)
    assert (runner.wait(), runner.document()["status"], runner.document()["exit_code"]) == (5, "cancelled", 5)
    assert processes(stage, [stage.done()[0][1]]) == []


RUNAWAY_SHELL = f"""
{NOTE}
(setsid sleep 300 >/dev/null 2>&1 &) &
nohup sleep 300 >/dev/null 2>&1 &
"""
RUNAWAY = {
    "agent": _acting("  - spawn: {seconds: 300, count: 2, detached: true}\n  - say: Gone.\n"),
    "run": _files(_shell(RUNAWAY_SHELL)),
}


@pytest.mark.parametrize("kind", RUNAWAY)
def test_what_forks_away_is_gone_when_its_run_is(open_stage: Opens, kind: str) -> None:
    stage = open_stage(RUNAWAY[kind])
    stage.call("run", "play")
    assert audit(stage, stage.newest(), ONCE) == []


def _sleepers() -> list[int]:
    return [process.pid for process in psutil.process_iter(["cmdline"]) if f"{_ODD}" in (process.info["cmdline"] or ())]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux has subreapers")
def test_what_forks_away_from_an_agent_without_our_environment_is_gone_too(open_stage: Opens) -> None:
    stage = open_stage(_acting(f"  - run: 'setsid env -i sleep {_ODD} >/dev/null 2>&1 &'\n  - say: Gone.\n"))
    stage.call("run", "play")
    assert (_sleepers(), audit(stage, stage.newest(), ONCE)) == ([], [])


LONG_LINE = {
    "agent": _acting("  - print: {text: x, times: 20000000, newline: false}\n  - say: Said.\n"),
    "run": _files(_shell(f"{NOTE}\nhead -c 20000000 /dev/zero | tr '\\0' x")),
}


@pytest.mark.parametrize("kind", LONG_LINE)
def test_a_line_of_20_megabytes_is_kept_whole(open_stage: Opens, kind: str) -> None:
    stage = open_stage(LONG_LINE[kind])
    runner = stage.call("run", "play", "-o", "json")
    assert (runner.document()["status"], audit(stage, stage.newest(), ONCE)) == ("completed", [])
    assert (_attempt(stage).path / "out.log").stat().st_size >= 20_000_000
    assert len(stage.call("logs", stage.newest(), "it", "--raw").out) >= 20_000_000
    assert 0 < len(stage.call("logs", stage.newest(), "it").out) < MIB


def test_a_hundred_megabytes_on_stderr_stay_where_they_are(open_stage: Opens) -> None:
    stage = open_stage(_files(_shell(f"{NOTE}\nhead -c 100000000 /dev/zero | tr '\\0' e >&2")))
    stage.call("run", "play")
    assert (_attempt(stage).path / "err.log").stat().st_size == 100_000_000
    assert (len(stage.log_bytes()) < MIB, audit(stage, stage.newest(), ONCE)) == (True, [])


GARBLED = {
    "agent": _acting("  - print: {hex: 'fffe80c3280a'}\n  - say: Said.\n"),
    "run": _files(_shell(f"{NOTE}\nprintf '\\377\\376\\200\\303(\\n'")),
}


@pytest.mark.parametrize("kind", GARBLED)
def test_bytes_that_are_no_text_harm_nothing(open_stage: Opens, kind: str) -> None:
    stage = open_stage(GARBLED[kind])
    runner = stage.call("run", "play", "-o", "json")
    assert (runner.document()["status"], audit(stage, stage.newest(), ONCE)) == ("completed", [])
    assert "\N{REPLACEMENT CHARACTER}" in stage.call("logs", stage.newest(), "it").out


def test_outputs_that_are_no_text_are_named_in_one_document(open_stage: Opens) -> None:
    task = _shell("printf 'name=\\377\\n' >>\"$FUSION_OUTPUT\"") + "    outputs: {name: {type: string}}\n"
    stage = open_stage(_files(task))
    runner = stage.call("run", "play", "-o", "json")
    (found,) = runner.document()["tasks"]
    assert (found["state"], found["outputs"]) == ("completed", {"name": "\N{REPLACEMENT CHARACTER}"})


def test_an_agent_that_does_not_leave_after_its_result_is_sent_away_and_has_done_its_work(open_stage: Opens) -> None:
    steps = "  - write: {done.txt: done}\n  - say: Done.\n  - linger: 300s\n"
    stage = open_stage(_acting(steps, "timeouts: {grace: 300ms}\n"))
    stage.call("run", "play")
    expected = Expected({"it": 1}, frozenset({"it"}), frozenset({"it"}), frozenset({"done.txt"}))
    assert (_exit(stage).reason.value, audit(stage, stage.newest(), expected)) == ("lingered", [])


COMMAND = "name: actor\nprovider: command\nprompt: {how}\ncommand: [sh, -c, '{note}; cat; echo end of input']\n"


@pytest.mark.parametrize(("how", "said"), [("stdin", "Act."), ("file", "end of input")])
def test_an_agent_that_reads_its_input_comes_to_its_end(open_stage: Opens, how: str, said: str) -> None:
    agent = COMMAND.format(how=how, note=NOTE)
    stage = open_stage(lambda effects: {**project(effects, AGENT), ".fusion/agents/actor.yaml": agent})
    stage.call("run", "play")
    assert said in (_attempt(stage).path / "out.log").read_text()
    assert audit(stage, stage.newest(), ONCE) == []


def test_a_task_that_waits_on_stdin_meets_its_end(open_stage: Opens) -> None:
    stage = open_stage(_files(_shell(f"{NOTE}\ncat\nread -r line || echo nothing to read")))
    stage.call("run", "play")
    assert (_attempt(stage).path / "out.log").read_text() == "nothing to read\n"
