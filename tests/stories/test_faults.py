"""A fault at every call that changes the disk: the run goes on afterwards, and nothing is lost or done twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.stories.conftest import torture
from tests.stories.faulty import ERRORS, KILLS, calls, library, report, run_with_fault, stage_at, survived

pytestmark = [pytest.mark.story, pytest.mark.torture]
SAMPLE = torture(40)
EVERY = 500  # a sample of that size means all
LANES = 2  # of each mode, so that several workers share them


def _spread(number: int, wanted: int, lane: int) -> Iterator[int]:
    """Yield this lane's part of `wanted` calls, evenly spread over all of them; every call when all are wanted."""
    chosen = range(1, number + 1)
    if wanted < number:
        step = number / wanted
        chosen_few = [1 + int((place + 0.5) * step) for place in range(wanted)]
        yield from chosen_few[lane::LANES]
    else:
        yield from chosen[lane::LANES]


@pytest.mark.parametrize("lane", range(LANES))
@pytest.mark.parametrize("mode", [*KILLS, *ERRORS])
def test_a_fault_at_any_call_loses_nothing(tmp_path: Path, mode: str, lane: int) -> None:
    preload = library(tmp_path)
    number = calls(stage_at(tmp_path / "counted"), preload)
    wanted = number if SAMPLE >= EVERY else SAMPLE // len([*KILLS, *ERRORS])
    places = list(_spread(number, wanted, lane))
    workers = 1 if "PYTEST_XDIST_WORKER" in os.environ else LANES
    with ThreadPoolExecutor(workers) as pool:
        play = partial(_play, tmp_path, preload, mode)
        wrong = [one for found in pool.map(play, places) for one in found]
    assert (len(places), wrong) == (len(places), [])
    print(f"{len(places)} of {number} calls: {mode}")


def _play(folder: Path, preload: Path, mode: str, at: int) -> list[str]:
    return survived(folder / str(at), preload, mode, at)


def test_the_faults_reach_the_runner_and_none_of_its_children(tmp_path: Path) -> None:
    preload = library(tmp_path)
    stage = stage_at(tmp_path / "stage")
    runner = run_with_fault(stage, preload, "ENOSPC", 2)
    assert (runner.process.returncode, report(stage).split()[:2]) == (3, ["ENOSPC", "at"])
    stage.call("run", "play", env={"LD_PRELOAD": str(preload), "FAULT_ROOT": "/", "FAULT_REPORT": "/dev/null",
                                   "FAULT_MODE": "count", "FAULT_AT": "0"})  # fmt: skip
    seen = (stage.home / "env").read_text()
    assert [line for line in seen.splitlines() if line.startswith(("LD_PRELOAD", "FAULT_"))] == []


def test_a_lane_takes_its_part_and_all_lanes_take_everything() -> None:
    few = sorted(place for lane in range(LANES) for place in _spread(100, 10, lane))
    every = sorted(place for lane in range(LANES) for place in _spread(100, 100, lane))
    assert (few, every) == ([6, 16, 26, 36, 46, 56, 66, 76, 86, 96], list(range(1, 101)))
