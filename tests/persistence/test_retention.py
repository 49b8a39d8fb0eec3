"""Retention: what is old leaves by whole segments, what lives on stays, and nobody who is at work is disturbed."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError, NotFound
from fusion_kit.core.events import Draft, LogCheckpoint
from fusion_kit.core.states import FINAL_RUNS, AgentState
from fusion_kit.persistence.checkpoint import checkpoints
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.ledger import Ledger, Sizes
from fusion_kit.persistence.retention import Retired
from fusion_kit.persistence.views import Views
from tests.persistence.faulty import FaultyDisk
from tests.persistence.ground import NOON, Hasty, log_events, log_files, notes, numbers, opened, rows
from tests.persistence.histories import Batch, histories
from tests.persistence.old_runs import (
    DAY,
    NEW,
    OLD,
    ONE_EACH,
    PAUSED,
    RETRIED,
    STORY,
    clean,
    everything,
    ills,
    tell,
    world_of,
)


def test_old_segments_go_with_the_runs_that_ended_in_them_and_all_else_lives_on(tmp_path: Path) -> None:
    tell(tmp_path)
    whole = rows(tmp_path)
    size_bytes = sum(path.stat().st_size for path in log_files(tmp_path)[:7])
    assert clean(tmp_path, 10) == Retired(events=12, bytes=size_bytes, runs=1)
    whole.runs.pop(OLD)
    whole.tasks.pop((OLD, "plan"))
    whole.agents.pop("coder-2")
    assert rows(tmp_path) == world_of(tmp_path) == whole
    assert [event.seq for event in log_events(tmp_path)] == [13, 14, 15, 16]
    assert ills(tmp_path) == []
    assert list((tmp_path / "trash").iterdir()) == []
    (tmp_path / "index.db").unlink()
    opened(tmp_path).close()
    assert rows(tmp_path) == whole


def test_questions_know_nothing_of_what_was_retired(tmp_path: Path) -> None:
    tell(tmp_path)
    clean(tmp_path, 10)
    views = Views(tmp_path)
    assert [event.seq for event in views.events()] == [13, 14, 15, 16]
    assert [run.id for run in views.runs()] == [NEW, RETRIED, PAUSED]
    assert [event.seq for event in views.events(since=NOON + 21 * DAY)] == [14, 15, 16]
    assert views.events(run=PAUSED) == []
    assert [task.needs for task in views.tasks(PAUSED)] == [("a", "b")]
    with pytest.raises(NotFound):
        views.run("old")
    views.close()


def test_the_log_says_what_became_of_it(tmp_path: Path) -> None:
    tell(tmp_path)
    clean(tmp_path, 10)
    fact = log_events(tmp_path)[-1].fact
    assert isinstance(fact, LogCheckpoint)
    assert (fact.first, fact.file, fact.events, fact.runs) == (13, "000000000013.checkpoint.json", 12, 1)
    assert f'{{"sha256":"{fact.sha256}"}}' in (tmp_path / "log" / fact.file).read_text()


@pytest.mark.parametrize("days", [21, 21.5, 100])
def test_where_nothing_is_old_enough_one_line_is_read_and_nothing_happens(tmp_path: Path, days: float) -> None:
    tell(tmp_path)
    before, disk = everything(tmp_path), FaultyDisk()
    assert clean(tmp_path, days, disk=disk) == Retired()
    assert disk.names_of_calls == ["names", "open", "read", "close", "names"]
    assert everything(tmp_path) == before


def test_retention_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert clean(tmp_path / "state", 0) == Retired()
    assert list(tmp_path.iterdir()) == []


def test_a_segment_that_spans_too_long_is_ended_and_goes_when_all_of_it_is_old(tmp_path: Path) -> None:
    wide = Sizes(ballast_bytes=1)
    tell(tmp_path, STORY, wide)
    assert clean(tmp_path, 10, sizes=wide) == Retired()
    assert [path.name for path in log_files(tmp_path)] == ["000000000001.jsonl", "000000000016.jsonl"]
    before = everything(tmp_path)
    assert clean(tmp_path, 10, sizes=wide) == Retired()
    assert everything(tmp_path).keys() == before.keys()
    tell(tmp_path, [(23, notes(1, 2))], wide)
    assert clean(tmp_path, 10, today=33, sizes=wide).events == 15
    assert ills(tmp_path) == []
    assert rows(tmp_path) == world_of(tmp_path)


def test_everything_can_go_and_the_log_goes_on_in_its_chain_and_in_time(tmp_path: Path) -> None:
    tell(tmp_path)
    assert clean(tmp_path, 0).events == 15
    assert [event.type for event in log_events(tmp_path)] == ["log.checkpoint"]
    assert clean(tmp_path, 0) == Retired()
    ledger = opened(tmp_path)  # its clock stands at noon of the first day
    [event] = ledger.commit([Draft(e.RunCancelled(), run=PAUSED)])
    ledger.close()
    assert (event.seq, event.ts) == (17, "2026-12-14T12:00:00.123Z")
    assert clean(tmp_path, 0, today=23).runs == 1
    assert rows(tmp_path).runs.keys() == {RETRIED}
    assert rows(tmp_path) == world_of(tmp_path)
    assert checkpoints(Disk(), tmp_path / "log") == [18]
    assert ills(tmp_path) == []


def test_who_is_at_work_elsewhere_goes_on(tmp_path: Path) -> None:
    tell(tmp_path, STORY[:1])
    first, idle, views = opened(tmp_path, sizes=ONE_EACH), opened(tmp_path, sizes=ONE_EACH), Views(tmp_path)
    first.commit(notes(1, 1))
    assert views.last_seq() == 3
    tell(tmp_path, STORY[1:])
    first.news()
    clean(tmp_path, 10)
    assert [event.seq for event in views.events()] == [14, 15, 16, 17]
    assert [event.seq for event in first.news()] == [17]
    assert [event.seq for event in idle.news()] == [14, 15, 16, 17]
    for ledger in (first, idle):
        ledger.commit(notes(5, 6))
    with pytest.raises(FusionError):
        idle.commit([Draft(e.TaskQueued(), run=OLD, task="plan")])
    assert views.last_seq() == 21
    idle.close()
    first.close()
    views.close()
    assert OLD not in rows(tmp_path).runs
    assert rows(tmp_path) == world_of(tmp_path)
    assert ills(tmp_path) == []


def test_a_writer_who_stood_at_the_end_of_a_segment_that_went_writes_into_the_new_one(tmp_path: Path) -> None:
    tell(tmp_path, STORY[:2])
    idle = opened(tmp_path, sizes=ONE_EACH)
    tell(tmp_path, STORY[2:])
    clean(tmp_path, 0)
    assert [event.seq for event in idle.commit(notes(1, 1))] == [17]
    idle.close()
    assert numbers(log_events(tmp_path)) == [1]
    assert rows(tmp_path) == world_of(tmp_path)


def test_a_young_ledger_that_never_wrote_its_index_does_not_bring_old_events_back(tmp_path: Path) -> None:
    young = opened(tmp_path, sizes=ONE_EACH)
    for _, batch in STORY:
        young.commit(batch)
    clean(tmp_path, 0)
    young.commit(notes(1, 1))
    young.close()
    assert rows(tmp_path) == world_of(tmp_path)
    assert ills(tmp_path) == []


def test_who_may_only_read_goes_on_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(tmp_path, STORY[:3])
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda path, mode: False)
        views, lagging = Views(tmp_path), Views(tmp_path)
        assert views.last_seq() == lagging.last_seq() == 6
        tell(tmp_path, STORY[3:])
        assert views.last_seq() == 15
        clean(tmp_path, 10)
        for each in (views, lagging):
            assert [event.seq for event in each.events()] == [13, 14, 15, 16]
            assert [run.id for run in each.runs()] == [NEW, RETRIED, PAUSED]
            each.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), data=st.data())
def test_checkpoint_and_log_fold_to_the_rows_of_any_history_but_what_had_ended(
    tmp_path_factory: pytest.TempPathFactory, history: list[Batch], data: st.DataObject
) -> None:
    state, clock = tmp_path_factory.mktemp("retired"), count()
    ledger = Ledger.open(
        state, project="demo", source="test", now=lambda: NOON + next(clock) * DAY, disk=Hasty(), sizes=ONE_EACH
    )
    for batch in history:
        ledger.commit(batch)
    ledger.close()
    whole = rows(state)
    for age in data.draw(st.lists(st.integers(0, 25), min_size=1, max_size=3)):
        clean(state, age, today=len(history) + 1)
    kept = rows(state)
    assert kept == world_of(state)
    assert ills(state) == []
    lost_runs = {run: whole.runs[run] for run in whole.runs.keys() - kept.runs.keys()}
    lost_agents = [whole.agents[agent] for agent in whole.agents.keys() - kept.agents.keys()]
    assert {run.state for run in lost_runs.values()} <= FINAL_RUNS
    assert {agent.state for agent in lost_agents} <= {AgentState.TERMINATED}
    assert kept.runs == {run: row for run, row in whole.runs.items() if run not in lost_runs}
    assert kept.tasks == {key: task for key, task in whole.tasks.items() if key[0] not in lost_runs}
