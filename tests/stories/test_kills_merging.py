"""kill -9 during merge, gate, bisection, clean, rescue and resume: nothing that was there is gone or half done."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

import pytest

from tests.stories.conftest import Opens, torture
from tests.stories.kills_merging import Life
from tests.stories.merging_play import merging_play

pytestmark = [pytest.mark.story, pytest.mark.torture]
STRATEGIES = ("merge", "squash", "rebase")
KILLS = torture(12)
_DIRTY = 0.3  # how often the person has changed something, and not committed it
A_LIFE = 12  # kills of one run, its merges and its cleaning


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_killed_merge_loses_no_commit_moves_no_ref_half_way_and_keeps_every_byte(
    open_stage: Opens, strategy: str
) -> None:
    lane = STRATEGIES.index(strategy)
    wanted, lives = KILLS // 3 + (lane < KILLS % 3), 0
    kills: Counter[str] = Counter()
    while kills.total() < wanted and (wanted > A_LIFE or not lives):  # a sample is one life, however many hit
        stage = open_stage(partial(merging_play, strategy=strategy), f"life-{lives}")
        chance = random.Random(100 * lane + lives)
        life = Life(stage, chance)
        life.lived(min(A_LIFE, wanted - kills.total()), dirty=chance.random() < _DIRTY)
        kills, lives = kills + life.kills, lives + 1
    print(f"{kills.total()} kills in {lives} lives: {dict(kills)}")
    assert kills.total()
