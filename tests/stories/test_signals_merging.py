"""A person stops a run while its gate or its merge is at work: it says so by its exit code, and `resume` goes on."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.stories.audit import processes
from tests.stories.conftest import Opens
from tests.stories.merging_audit import Seen, gates_of
from tests.stories.merging_play import FILES, GATE, TARGET, merging_play
from tests.stories.stage import Runner, Stage, until

pytestmark = pytest.mark.story
ENDED = {"green", "red"}
SIGNALS: dict[str, tuple[Sequence[signal.Signals], int]] = {
    "Ctrl-C once": ([signal.SIGINT], 130),
    "Ctrl-C twice": ([signal.SIGINT, signal.SIGINT], 130),
    "SIGTERM once": ([signal.SIGTERM], 143),
    "SIGTERM twice": ([signal.SIGTERM, signal.SIGTERM], 143),
    "a closed terminal": ([signal.SIGHUP], -signal.SIGHUP),
}


def _deaf(effects: Path) -> dict[str, str]:
    """Its gate hears Ctrl-C and SIGTERM, and does not stop."""
    return merging_play(effects, gate=f"trap 'echo heard >>\"$EFFECTS.heard\"' INT TERM\n{GATE}")


def _at_its_gate(stage: Stage, *, which: int = 1) -> tuple[Runner, Seen, Path]:
    """Return a run whose gate is at work, for the how-manieth time, and the file that holds it up."""
    seen = Seen(stage, (TARGET,))
    seen.note_persons_own()
    hold = Path(f"{stage.effects}.hold")
    if which == 1:
        hold.touch()
    runner = stage.start("run", "play", "-o", "json")
    until(lambda: sum(way == "begin" for way, _ in gates_of(stage)) >= which, "the gate")
    hold.touch()
    return runner, seen, hold


def _goes_on(stage: Stage, seen: Seen, hold: Path) -> None:
    hold.unlink()
    resumed = stage.call("resume", stage.newest(), "-o", "json", code=1)
    assert (resumed.document()["status"], seen.wrong_at_rest()) == ("failed", [])
    good = {name: text for name, text in FILES.items() if name != "bad.txt"}
    assert {name: stage.git("show", f"{TARGET}:{name}") for name in good} == good


@pytest.mark.parametrize("name", SIGNALS)
def test_a_run_stopped_at_its_gate_says_so_and_is_gone_on_with(open_stage: Opens, name: str) -> None:
    which, code = SIGNALS[name]
    stage = open_stage(_deaf if len(which) > 1 else merging_play)
    runner, seen, hold = _at_its_gate(stage)
    for number, each in enumerate(which):
        if number:
            until(Path(f"{stage.effects}.heard").exists, "the answer of the one who does not stop")
        runner.send(each)
    assert runner.wait() == code
    if code > 0:
        document = runner.document()
        assert (document["status"], document["exit_code"], processes(stage, [])) == ("paused", code, [])
    assert seen.wrong_at_rest() == []
    _goes_on(stage, seen, hold)


def test_a_run_stopped_in_the_midst_of_its_bisection_goes_on_there(open_stage: Opens) -> None:
    stage = open_stage(merging_play)
    runner, seen, hold = _at_its_gate(stage, which=2)
    before = [each for each in gates_of(stage) if each[0] in ENDED]
    runner.send(signal.SIGINT)
    assert runner.wait() == 130
    _goes_on(stage, seen, hold)
    ends = [each for each in gates_of(stage) if each[0] in ENDED]
    assert (ends[: len(before)], len(ends)) == (before, len(set(ends)))


def test_a_gate_that_stood_still_when_its_runner_was_killed_goes_on(open_stage: Opens) -> None:
    stage = open_stage(merging_play)
    runner, seen, hold = _at_its_gate(stage)
    stage.call("pause", stage.newest())
    stage.await_line('"workflow.paused"')
    runner.kill()
    _goes_on(stage, seen, hold)
    assert len(gates_of(stage)) == len(set(gates_of(stage)))


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_merge_stopped_at_its_gate_moves_nothing_and_is_given_again(
    open_stage: Opens, which: signal.Signals, code: int
) -> None:
    stage = open_stage(merging_play)
    stage.git("checkout", "-q", "-b", "side")
    stage.commit({"theirs.txt": "theirs\n"}, "So that the gate has something new to say")
    stage.git("checkout", "-q", TARGET)
    stage.call("run", "play", code=1)
    run = stage.newest()
    seen = Seen(stage, (TARGET, "side"))
    seen.note_persons_own()
    known = len(gates_of(stage))
    hold = Path(f"{stage.effects}.hold")
    hold.touch()
    runner = stage.start("merge", run, "--into", "side")
    until(lambda: len(gates_of(stage)) > known or runner.is_over, "the gate")
    runner.send(which)
    assert (runner.wait(), seen.wrong_at_rest()) == (code, [])
    hold.unlink()
    stage.call("merge", run, "--into", "side", code=None)
    assert (seen.wrong_at_rest(), stage.git("show", "side:one.txt")) == ([], "fine\n")
