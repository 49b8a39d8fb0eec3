"""kill -9 of the runner at random moments, then `resume`: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import random

import pytest

from tests.stories.audit import Expected, audit
from tests.stories.conftest import Opens, torture
from tests.stories.kills import Killer
from tests.stories.plays import ATTEMPTS, COMMITTED, NODES, RESULT, play

pytestmark = [pytest.mark.story, pytest.mark.torture]
LANES = 6  # stages, so that several workers share the kills
KILLS = torture(60)
A_RUN = 6  # kills of one run before it is left in peace
EXPECTED = Expected(ATTEMPTS, NODES, COMMITTED, RESULT)


@pytest.mark.parametrize("lane", range(LANES))
def test_a_killed_runner_loses_nothing_and_repeats_nothing(open_stage: Opens, lane: int) -> None:
    stage = open_stage(play)
    killer = Killer(stage, random.Random(lane))
    wanted = KILLS // LANES + (lane < KILLS % LANES)
    runs: list[str] = []
    while killer.kills < wanted:
        run = killer.brought_to_its_end(min(A_RUN, wanted - killer.kills))
        assert (run, audit(stage, run, EXPECTED)) == (run, []), killer.moments
        runs.append(run)
    assert (killer.kills, sorted(stage.runs())) == (wanted, sorted(runs))
    print(f"{killer.kills} kills in {len(runs)} runs")
