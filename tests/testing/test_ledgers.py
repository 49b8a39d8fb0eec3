"""One contract of a ledger with its views, for the one in memory and the one on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from fusion_kit.coordination.ports import Ledger, Views
from fusion_kit.core import events as e
from fusion_kit.core.errors import IllegalMove, NotFound
from fusion_kit.core.states import RunState, TaskState
from fusion_kit.persistence.group import GroupCommit
from fusion_kit.persistence.ledger import Ledger as RealLedger
from fusion_kit.persistence.views import Views as RealViews
from fusion_kit.testing.ledger import MemoryLedger
from fusion_kit.testing.time import FakeClock


class Both(Protocol):
    @property
    def ledger(self) -> Ledger: ...
    @property
    def views(self) -> Views: ...


class InMemory:
    def __init__(self) -> None:
        self.ledger = self.views = MemoryLedger(FakeClock())


class OnDisk:
    def __init__(self, state: Path) -> None:
        self.ledger = GroupCommit(RealLedger.open(state, project="p", source="test", now=FakeClock().now))
        self.views = RealViews(state)


@pytest.fixture(params=["in memory", "on disk"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    if request.param == "in memory":
        yield InMemory()
        return
    real = OnDisk(tmp_path / "state")
    yield real
    real.ledger.close()
    real.views.close()


BEGIN = [e.Draft(e.RunQueued("w"), run="w-1"), e.Draft(e.TaskCreated("run"), run="w-1", task="t")]


async def test_what_is_appended_is_numbered_in_order_and_can_be_asked_for(both: Both) -> None:
    first = await both.ledger.append(BEGIN)
    second = await both.ledger.append([e.Draft(e.RunStarted("me"), run="w-1")])

    numbers = [event.seq for event in (*first, *second)]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert [event.fact for event in first] == [draft.fact for draft in BEGIN]
    assert both.views.run("w-1").state is RunState.RUNNING
    assert [(row.id, row.state) for row in both.views.tasks("w-1")] == [("t", TaskState.WAITING)]
    assert [run.id for run in both.views.runs(workflow="w", limit=1)] == ["w-1"]


async def test_a_batch_with_an_illegal_move_is_refused_whole(both: Both) -> None:
    await both.ledger.append(BEGIN)

    with pytest.raises(IllegalMove):
        await both.ledger.append(
            [
                e.Draft(e.RunStarted("me"), run="w-1"),
                e.Draft(e.TaskCompleted(), run="w-1", task="t"),
            ]
        )

    assert both.views.run("w-1").state is RunState.QUEUED
    assert both.views.tasks("w-1")[0].state is TaskState.WAITING


async def test_news_are_told_once(both: Both) -> None:
    both.ledger.news()
    written = await both.ledger.append(BEGIN)

    assert both.ledger.news() == written
    assert both.ledger.news() == []


async def test_what_is_not_there_is_said_not_to_be(both: Both) -> None:
    with pytest.raises(NotFound):
        both.views.run("w-1")
    assert both.views.tasks("w-1") == []
    assert both.views.agents() == []
