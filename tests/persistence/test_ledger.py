"""Committing: all or none, in order, under many hands."""

from __future__ import annotations

import multiprocessing
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.errors import IllegalMove
from fusion_kit.core.events import Draft, Event
from fusion_kit.core.fold import OrphanEvent
from fusion_kit.core.states import TaskState
from fusion_kit.persistence.errors import EventTooLarge, UnwritableEvent
from fusion_kit.persistence.ledger import Ledger, Sizes
from fusion_kit.persistence.views import Views
from tests.persistence.ground import (
    NOON,
    NOON_TEXT,
    log_events,
    log_files,
    log_text,
    log_world,
    note,
    notes,
    numbers,
    opened,
    rows,
)

RUN = "flow-20261122-aaaaaa"
BEGIN = [Draft(e.RunQueued("flow"), run=RUN), Draft(e.TaskCreated("run"), run=RUN, task="plan")]


def test_a_commit_returns_its_events_and_they_are_in_the_log(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    events = ledger.commit(BEGIN)
    ledger.close()
    assert events == [
        Event(1, NOON_TEXT, e.RunQueued("flow"), "demo", RUN, source="test"),
        Event(2, NOON_TEXT, e.TaskCreated("run"), "demo", RUN, "plan", source="test"),
    ]
    assert log_events(tmp_path) == events
    assert rows(tmp_path) == log_world(tmp_path)


def test_a_line_of_the_log_holds_the_event_then_its_place_in_the_batch_then_its_crc(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.commit([note(1), note(2)])
    ledger.close()
    expected, crc = b"", 0
    for seq, rest in ((1, 1), (2, 0)):
        body = (
            f'{{"seq":{seq},"ts":"2026-11-22T12:00:00.123Z","type":"workspace.salvaged","severity":"warning",'
            f'"project":"demo","run":null,"task":null,"attempt":null,"agent":null,"source":"test",'
            f'"data":{{"ref":"{seq}","commit":""}},"v":1,"n":{rest}'
        ).encode("ascii")
        crc = zlib.crc32(body, crc)
        expected += body + b',"crc":"%08x"}\n' % crc
    assert log_text(tmp_path) == expected


def test_an_illegal_move_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.commit(BEGIN)
    before = log_text(tmp_path)
    with pytest.raises(IllegalMove, match="task cannot go from waiting to completed"):
        ledger.commit(
            [Draft(e.TaskCreated("run"), run=RUN, task="other"), Draft(e.TaskCompleted(), run=RUN, task="plan")]
        )
    with pytest.raises(OrphanEvent):
        ledger.commit([Draft(e.TaskQueued(), run=RUN, task="other")])
    assert log_text(tmp_path) == before
    assert ledger.commit([Draft(e.TaskQueued(), run=RUN, task="plan")])[0].seq == 3
    ledger.close()


def test_what_another_process_did_decides_what_is_legal(tmp_path: Path) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    one.commit(BEGIN)
    other.commit([Draft(e.TaskCancelled(), run=RUN, task="plan")])
    with pytest.raises(IllegalMove):
        one.commit([Draft(e.TaskCompleted(), run=RUN, task="plan")])
    one.close()
    other.close()
    assert rows(tmp_path).tasks[RUN, "plan"].state is TaskState.CANCELLED


def test_news_tells_own_and_foreign_events_once_in_order(tmp_path: Path) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    other.commit(notes(1, 2))
    one.commit(notes(3, 3))
    other.commit(notes(4, 4))
    assert numbers(one.news()) == [1, 2, 3, 4]
    assert one.news() == []
    assert numbers(other.news(wait=False)) == [1, 2, 3, 4]
    one.close()
    other.close()


def test_news_goes_on_in_the_next_segment(tmp_path: Path) -> None:
    one, other = opened(tmp_path, sizes=Sizes(segment_bytes=1, ballast_bytes=1)), opened(tmp_path)
    for number in range(1, 6):
        one.commit(notes(number, number))
    assert numbers(other.news()) == [1, 2, 3, 4, 5]
    assert [path.name for path in log_files(tmp_path)] == [f"{first:012d}.jsonl" for first in range(1, 6)]
    one.close()
    other.close()


def test_time_never_goes_back_in_the_log(tmp_path: Path) -> None:
    moments = iter([NOON + timedelta(hours=1), NOON, NOON + timedelta(hours=2)])
    ledger = Ledger.open(tmp_path, project="demo", source="test", now=lambda: next(moments))
    times = [ledger.commit(notes(number, number))[0].ts for number in range(3)]
    ledger.close()
    assert times == ["2026-11-22T13:00:00.123Z", "2026-11-22T13:00:00.123Z", "2026-11-22T14:00:00.123Z"]


def test_the_last_time_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    def at(moment: datetime) -> Callable[[], datetime]:
        return lambda: moment

    later = Ledger.open(tmp_path, project="demo", source="test", now=at(NOON + timedelta(hours=1)))
    later.commit(notes(1, 1))
    later.close()
    earlier = Ledger.open(tmp_path, project="demo", source="test", now=at(NOON))
    assert earlier.commit(notes(2, 2))[0].ts == "2026-11-22T13:00:00.123Z"
    earlier.close()


def test_an_event_that_is_too_large_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with pytest.raises(EventTooLarge, match=r"workspace\.salvaged takes 262"):
        ledger.commit([note(1), note(2, 262_000)])
    assert numbers(ledger.commit([note(3, 261_000)])) == [3]
    ledger.close()
    assert numbers(log_events(tmp_path)) == [3]


@pytest.mark.parametrize("value", [float("nan"), object(), {1: {2}}])
def test_a_value_that_json_cannot_express_is_refused(tmp_path: Path, value: object) -> None:
    ledger = opened(tmp_path)
    with pytest.raises(UnwritableEvent, match=r"^The event workflow.queued holds a value"):
        ledger.commit([Draft(e.RunQueued("flow", inputs={"x": value}), run=RUN)])
    ledger.close()
    assert log_text(tmp_path) == b""


def test_secrets_are_masked_before_the_event_is_made(tmp_path: Path) -> None:
    ledger = Ledger.open(
        tmp_path, project="demo", source="test", now=lambda: NOON, mask=lambda text: text.replace('s3"cret', "***")
    )
    [event] = ledger.commit(
        [Draft(e.RunQueued("flow", inputs={'s3"cret': ['x s3"cret', {"deep": 's3"cret'}], "n": 3}), run=RUN)]
    )
    ledger.close()
    assert event.fact == e.RunQueued("flow", inputs={"***": ["x ***", {"deep": "***"}], "n": 3})
    assert log_events(tmp_path) == [event]
    assert b"cret" not in log_text(tmp_path)


def test_an_empty_commit_writes_nothing(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    assert ledger.commit([]) == []
    ledger.close()
    assert log_text(tmp_path) == b""


def test_everything_is_private_to_its_owner(tmp_path: Path) -> None:
    state = tmp_path / "state"
    ledger = opened(state)
    ledger.commit(notes(1, 1))
    ledger.close()
    modes = {path.relative_to(tmp_path).as_posix(): oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
    assert modes == {
        "state": "0o700",
        "state/log": "0o700",
        "state/log/LOCK": "0o600",
        "state/log/000000000001.jsonl": "0o600",
        "state/ballast": "0o600",
        "state/index.db": "0o600",
    }


def test_the_index_follows_in_larger_portions_and_views_see_everything_at_once(tmp_path: Path) -> None:
    ledger, views = opened(tmp_path), Views(tmp_path)
    ledger.commit(BEGIN)
    assert views.task(RUN, "plan").state is TaskState.WAITING
    for number in range(600):
        ledger.commit(notes(number, number))
    assert views.last_seq() == 602
    ledger.commit([Draft(e.TaskQueued(), run=RUN, task="plan")])
    assert views.task(RUN, "plan").state is TaskState.QUEUED
    views.close()
    ledger.close()
    assert rows(tmp_path) == log_world(tmp_path)


def _open_and_commit(state: str, number: int) -> None:
    ledger = opened(Path(state))
    ledger.commit([note(number), note(number + 1000)])
    ledger.close()


def test_twenty_processes_open_a_fresh_ledger_at_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_open_and_commit, args=(str(state), number)) for number in range(20)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 20
    found = numbers(log_events(state))
    assert sorted(found) == [*range(20), *range(1000, 1020)]
    assert all(found[place + 1] == found[place] + 1000 for place in range(0, 40, 2))
    assert rows(state) == log_world(state)
