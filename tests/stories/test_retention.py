"""Old runs leave the log while others write, are killed, and ask."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from fusion_kit.persistence.doctor import verify
from tests.stories.stage import Stage, opened, until

pytestmark = pytest.mark.story

FILES = {
    ".fusion/config.yaml": "retention: 1s\n",
    ".fusion/workflows/quick.yaml": 'name: quick\ntasks: [{id: a, run: "true", workspace: none}]\n',
}
ROUNDS = 8


def _first_seq(stage: Stage) -> int:
    return min(int(path.stem) for path in (stage.state / "log").glob("*.jsonl"))


def _gone(stage: Stage, first: int) -> Callable[[], bool]:
    def gone() -> bool:
        stage.call("run", "quick", "-q")
        return _first_seq(stage) > first

    return gone


def test_old_runs_leave_the_log_though_others_write_and_are_killed(tmp_path: Path) -> None:
    stage, chance = opened(tmp_path, FILES), random.Random(7)
    stage.call("run", "quick", "-q")
    first = _first_seq(stage)

    for _ in range(ROUNDS):
        killed, whole = stage.start("run", "quick", "-q"), stage.start("run", "quick", "-q")
        if chance.random() < 0.8:
            killed.kill()
        assert whole.wait() == 0, whole.err
        stage.call("history", "-o", "json")
    until(_gone(stage, first), "old segments to leave the log")

    assert verify(stage.state) == []
    assert stage.call("events", "-o", "json").document()["items"]
