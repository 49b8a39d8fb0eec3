"""kill -9 during merge, gate, bisection, clean, rescue and resume: nothing that was there is gone or half done."""

from __future__ import annotations

import random
from functools import partial

import pytest

from tests.stories.conftest import Opens, torture
from tests.stories.kills_merging import Life
from tests.stories.merging_play import merging_play

pytestmark = [pytest.mark.story, pytest.mark.torture]
STRATEGIES = ("merge", "squash", "rebase")
KILLS = torture(12)
A_LIFE = 12  # kills of one run, its merges and its cleaning


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_killed_merge_loses_no_commit_moves_no_ref_half_way_and_keeps_every_byte(
    open_stage: Opens, strategy: str
) -> None:
    lane = STRATEGIES.index(strategy)
    wanted, kills, lives = KILLS // 3 + (lane < KILLS % 3), 0, 0
    while kills < wanted:
        stage = open_stage(partial(merging_play, strategy=strategy), f"life-{lives}")
        chance = random.Random(100 * lane + lives)
        life = Life(stage, chance)
        life.lived(min(A_LIFE, wanted - kills), dirty=chance.random() < 0.3)
        kills, lives = kills + life.kills, lives + 1
    print(f"{kills} kills in {lives} lives")
