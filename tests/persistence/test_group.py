"""Group commit: shared writes, separate answers."""

from __future__ import annotations

import asyncio
from itertools import chain
from pathlib import Path

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.errors import IllegalMove
from fusion_kit.core.events import Draft
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.errors import LedgerUnavailable
from fusion_kit.persistence.group import GroupCommit
from tests.persistence.faulty import Fault, FaultyDisk
from tests.persistence.ground import log_events, log_text, log_world, note, notes, numbers, opened, rows

RUN = "flow-20261122-aaaaaa"


class Counting(Disk):
    """Counts what reaches the platter."""

    syncs = 0

    def sync(self, fd: int) -> None:
        self.syncs += 1
        super().sync(fd)


async def test_many_callers_share_a_sync_and_each_gets_its_own_events(tmp_path: Path) -> None:
    disk = Counting()
    group = GroupCommit(opened(tmp_path, disk))
    before = disk.syncs
    answers = await asyncio.gather(*(group.append([note(number), note(number + 1000)]) for number in range(200)))
    syncs = disk.syncs - before
    news = group.news()
    group.close()
    assert [numbers(events) for events in answers] == [[number, number + 1000] for number in range(200)]
    assert news == log_events(tmp_path) == sorted(chain(*answers), key=lambda event: event.seq)
    assert syncs < 50


async def test_one_who_asks_for_the_impossible_does_not_spoil_the_others(tmp_path: Path) -> None:
    group = GroupCommit(opened(tmp_path))
    await group.append([Draft(e.RunQueued("flow"), run=RUN), Draft(e.TaskCreated("run"), run=RUN, task="plan")])
    good, bad, twice = await asyncio.gather(
        group.append([Draft(e.TaskQueued(), run=RUN, task="plan")]),
        group.append([note(1), Draft(e.TaskStarted(1), run=RUN, task="plan"), Draft(e.TaskQueued(), run="no")]),
        group.append([Draft(e.TaskQueued(), run=RUN, task="plan")]),
        return_exceptions=True,
    )
    group.close()
    assert isinstance(good, list)
    assert [event.seq for event in good] == [3]
    assert [type(bad).__name__, type(twice)] == ["OrphanEvent", IllegalMove]
    assert [event.type for event in log_events(tmp_path)] == ["workflow.queued", "task.created", "task.queued"]
    assert rows(tmp_path) == log_world(tmp_path)


async def test_a_failing_disk_is_told_to_everybody_and_the_next_append_works_again(tmp_path: Path) -> None:
    disk = FaultyDisk()
    group = GroupCommit(opened(tmp_path, disk))
    await group.append(notes(0, 0))
    syncs = [number for number, name in enumerate(disk.names_of_calls, 1) if name == "sync"]
    disk._at, disk._fault = disk.calls + syncs[-1] - syncs[-2], Fault.EIO
    failed = 0
    for number in range(1, 8):
        try:
            await group.append(notes(number, number))
        except LedgerUnavailable:
            failed += 1
    group.close()
    assert failed == 1
    assert len(numbers(log_events(tmp_path))) == 7


async def test_a_caller_who_gave_up_before_the_write_is_not_written(tmp_path: Path) -> None:
    group = GroupCommit(opened(tmp_path))
    given_up = asyncio.ensure_future(group.append(notes(1, 1)))
    given_up.cancel()
    await group.append(notes(2, 2))
    group.close()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert numbers(log_events(tmp_path)) == [2]


async def test_closing_writes_what_waits_and_closing_twice_does_nothing(tmp_path: Path) -> None:
    group = GroupCommit(opened(tmp_path))
    waiting = [asyncio.ensure_future(group.append(notes(number, number))) for number in range(5)]
    await asyncio.sleep(0)
    group.close()
    group.close()
    assert [numbers(events) for events in await asyncio.gather(*waiting)] == [[0], [1], [2], [3], [4]]
    assert numbers(log_events(tmp_path)) == [0, 1, 2, 3, 4]
    assert log_text(tmp_path).count(b"\n") == 5


async def test_news_comes_from_other_processes_too(tmp_path: Path) -> None:
    group, other = GroupCommit(opened(tmp_path)), opened(tmp_path)
    await group.append(notes(1, 1))
    other.commit(notes(2, 2))
    assert numbers(group.news()) == [1, 2]
    assert group.news() == []
    other.close()
    group.close()
