"""The index says what the log says, or is made anew until it does."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from fusion_kit.core.events import event_from
from fusion_kit.persistence import sql
from fusion_kit.persistence.doctor import Ill, repair, verify
from fusion_kit.persistence.ledger import Sizes
from fusion_kit.persistence.views import Views
from tests.persistence.ground import Hasty, log_events, log_text, log_world, notes, opened, rows, still
from tests.persistence.histories import Batch, histories, legal


@settings(max_examples=200, database=None, phases=[Phase.generate])
@given(history=histories())
def test_a_history_is_what_a_world_allows(history: list[Batch]) -> None:
    assert legal(history[1:]) == history


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_any_history_folds_to_its_rows_at_once_or_bit_by_bit_or_rebuilt(
    tmp_path_factory: pytest.TempPathFactory, history: list[Batch]
) -> None:
    state = tmp_path_factory.mktemp("fold")
    one, other, views = (
        opened(state, Hasty()),
        opened(state, Hasty(), sizes=Sizes(segment_bytes=2000, ballast_bytes=1)),
        Views(state),
    )
    for place, batch in enumerate(history):
        (one if place % 3 else other).commit(batch)
        if place % 5 == 0:
            views.last_seq()
    other.close()
    one.close()
    views.close()
    world = log_world(state)
    assert rows(state) == world
    assert verify(state) == []
    (state / "index.db").unlink()
    opened(state).close()
    assert rows(state) == world
    assert [list(world.tasks)] == [list({(task.run, task.id): 0 for task in world.tasks.values()})]


def test_a_deleted_index_is_rebuilt_under_living_processes(tmp_path: Path) -> None:
    ledger, views = opened(tmp_path), Views(tmp_path)
    ledger.commit(notes(1, 3))
    assert views.last_seq() == 3
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"index.db{suffix}").unlink(missing_ok=True)
    ledger.commit(notes(4, 5))
    assert len(views.events()) == 5
    ledger.close()
    views.close()
    assert verify(tmp_path) == []


@pytest.mark.parametrize("seed", range(12))
def test_a_garbled_index_is_rebuilt(tmp_path: Path, seed: int) -> None:
    ledger = opened(tmp_path)
    for number in range(40):
        ledger.commit(notes(number, number))
    ledger.close()
    path, chance = tmp_path / "index.db", random.Random(seed)
    data = bytearray(path.read_bytes())
    start = chance.randrange(0, len(data) - 4096)
    data[start : start + 4096] = chance.randbytes(4096)
    path.write_bytes(data)
    views = Views(tmp_path)
    assert views.events(limit=1000) == log_events(tmp_path)
    views.close()
    assert rows(tmp_path) == log_world(tmp_path)


def test_an_index_of_another_version_is_rebuilt(tmp_path: Path) -> None:
    for version in (sql.version() + 1, 0):
        ledger = opened(tmp_path)
        ledger.commit(notes(1, 2))
        ledger.close()
        db = sqlite3.connect(tmp_path / "index.db")
        db.execute("DELETE FROM event")
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()
        db.close()
        views = Views(tmp_path)
        assert views.events() == log_events(tmp_path)
        views.close()


def test_the_doctor_tells_an_index_that_lies_and_rebuilds_it(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.commit(notes(1, 2))
    ledger.close()
    db = sqlite3.connect(tmp_path / "index.db")
    db.execute("UPDATE event SET type = 'task.completed' WHERE seq = 2")
    db.commit()
    db.close()
    assert [finding.ill for finding in verify(tmp_path)] == [Ill.INDEX]
    assert repair(tmp_path, project="demo", source="doctor", now=still) == ["the index was rebuilt from the log"]
    assert verify(tmp_path) == []


def test_the_log_of_the_first_release_stays_readable(tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "0.1.0.jsonl"
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "000000000001.jsonl").write_bytes(golden.read_bytes())
    ledger = opened(tmp_path)
    ledger.close()
    assert log_text(tmp_path) == golden.read_bytes()
    events = [event_from(json.loads(line)) for line in golden.read_text().splitlines()]
    assert len({event.type for event in events}) >= 20
    assert rows(tmp_path) == log_world(tmp_path)
    assert verify(tmp_path) == []


def test_every_paragraph_of_sql_has_a_title_that_no_other_has() -> None:
    titles = [
        line.split()[1]
        for path in Path(sql.__file__).with_name("sql").glob("*.sql")
        for line in path.read_text().splitlines()
        if line.startswith("-- :")
    ]
    assert sorted(f":{name}" for name in sql.statements()) == sorted(titles)
