"""The audit of merges has teeth: killed in the same place, a naive merger breaks every promise and ours none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories import naive_merger
from tests.stories.conftest import Opens
from tests.stories.merging_audit import Seen, gates_of
from tests.stories.merging_play import GATE, TARGET, merging_play
from tests.stories.stage import Stage, until

pytestmark = pytest.mark.story


def _held(stage: Stage) -> Path:
    """Return the file that holds gates up, which is there."""
    path = Path(f"{stage.effects}.hold")
    path.touch()
    return path


def _by_hand(stage: Stage) -> None:
    """Two branches as agents leave them, one of them guilty, each with something beside it that nobody committed."""
    for name, text in (("bad", "broken"), ("one", "fine")):
        desk = stage.root / "workspaces" / f"task-{name}"
        stage.git("worktree", "add", "-q", "-b", f"task-{name}", str(desk))
        (desk / f"{name}.txt").write_text(f"{text}\n")
        stage.git("-C", str(desk), "add", "-A")
        stage.git("-C", str(desk), "commit", "-q", "-m", name)
        (desk / "precious-loose.txt").write_text(f"left by {name}\n")
        with Path(f"{stage.effects}.precious").open("a") as precious:
            precious.write(f"left by {name}\n")


def test_a_naive_merger_killed_at_its_gate_breaks_every_promise(open_stage: Opens) -> None:
    stage = open_stage(lambda _: {".gitignore": "/workspaces/\n"})
    _by_hand(stage)
    seen = Seen(stage, (TARGET,))
    seen.note_persons_own()
    assert seen.wrong_at_rest() == []
    hold = _held(stage)
    argv = [sys.executable, str(Path(naive_merger.__file__)), str(stage.root), GATE]
    env = {**stage.env, "EFFECTS": str(stage.effects)}
    first = subprocess.Popen(argv, env=env, start_new_session=True)
    until(lambda: gates_of(stage), "the gate")
    first.kill()
    first.wait()
    assert [_anonymous(line) for line in seen.wrong_at_rest()] == ["main is at ..., which no gate has passed"]
    hold.unlink()
    until(lambda: len(gates_of(stage)) == 2, "the end of the gate")
    subprocess.run(argv, env=env, check=True)
    assert sorted({_anonymous(line) for line in seen.wrong_at_rest()}) == [
        "..., of refs/heads/task-one, is reachable no more",
        "main is at ..., which no gate has passed",
        "nothing holds the precious 'left by bad'",
        "nothing holds the precious 'left by one'",
        "the gate of ... was red 2 times",
    ]


def _anonymous(line: str) -> str:
    return re.sub(r"\b[0-9a-f]{12}\b", "...", line)


def test_ours_killed_at_its_gate_keeps_every_promise(open_stage: Opens) -> None:
    stage = open_stage(merging_play)
    seen = Seen(stage, (TARGET,))
    seen.note_persons_own()
    hold = _held(stage)
    runner = stage.start("run", "play")
    until(lambda: gates_of(stage), "the gate")
    runner.kill()
    assert seen.wrong_at_rest() == []
    hold.unlink()
    stage.call("resume", stage.newest(), code=1)
    assert (seen.wrong_at_rest(), stage.git("show", f"{TARGET}:one.txt")) == ([], "fine\n")
    ends = [commit for way, commit in gates_of(stage) if way != "begin"]
    assert sorted(ends) == sorted(set(ends))
