"""What a reopened ledger makes of a log that a crash, a disk or a person has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion_kit.core.events import LogRepaired
from fusion_kit.persistence.doctor import Ill, repair, verify
from fusion_kit.persistence.errors import LedgerDamaged
from fusion_kit.persistence.ledger import Sizes
from fusion_kit.persistence.log import Log
from fusion_kit.persistence.views import Views
from tests.persistence.ground import (
    Hasty,
    log_events,
    log_files,
    log_text,
    log_world,
    notes,
    numbers,
    opened,
    rows,
    still,
)
from tests.persistence.histories import Batch, histories

BATCHES = [(1, 1), (2, 4), (5, 5), (6, 8)]


def written(state: Path, sizes: Sizes | None = None, batches: Sequence[tuple[int, int]] = BATCHES) -> bytes:
    """A log of a few batches without its index; returns its text."""
    ledger = opened(state, sizes=sizes or Sizes(ballast_bytes=1))
    for first, last in batches:
        ledger.commit(notes(first, last))
    ledger.close()
    without_index(state)
    return log_text(state)


def without_index(state: Path) -> None:
    for path in state.glob("index.db*"):
        path.unlink()


def whole_before(text: bytes, cut: int) -> list[int]:
    """The numbers of the batches that lie entirely in the first `cut` bytes."""
    whole = text[:cut].count(b"\n")
    return [number for first, last in BATCHES if last <= whole for number in range(first, last + 1)]


def test_a_tail_torn_at_any_byte_is_kept_and_cut_off_behind_the_last_whole_batch(tmp_path: Path) -> None:
    text = written(tmp_path)
    path = log_files(tmp_path)[0]
    for cut in range(len(text) // 2 + 20):
        shutil.rmtree(tmp_path / "quarantine", ignore_errors=True)
        path.write_bytes(text[:cut])
        log = Log(tmp_path, Hasty())
        seqs = [line.event.seq for lines in log.catch_up() for line in lines]
        repairs = log.repairs
        log.close()
        kept = whole_before(text, cut)
        good = len(b"".join(text.splitlines(keepends=True)[: len(kept)]))
        name = f"000000000001-{good}.0"
        assert (seqs, path.read_bytes()) == (kept, text[:good]), cut
        assert repairs == ([LogRepaired("000000000001.jsonl", cut - good, name)] if cut > good else []), cut
        assert cut == good or (tmp_path / "quarantine" / name).read_bytes() == text[good:cut]


@pytest.mark.parametrize("cut", [1, 300, 700, 1100, 1600])
def test_what_was_cut_off_is_recorded_in_the_log(tmp_path: Path, cut: int) -> None:
    text = written(tmp_path)
    log_files(tmp_path)[0].write_bytes(text[:cut])
    opened(tmp_path).close()
    kept = whole_before(text, cut)
    good = len(b"".join(text.splitlines(keepends=True)[: len(kept)]))
    repaired = LogRepaired("000000000001.jsonl", cut - good, f"000000000001-{good}.0")
    assert [event.fact for event in log_events(tmp_path)][len(kept) :] == [repaired]
    assert rows(tmp_path) == log_world(tmp_path)


def readable(state: Path) -> list[int]:
    """What a reader of the log takes for true."""
    log = Log(state, writes=False)
    try:
        return [line.event.seq for lines in log.catch_up() for line in lines]
    except LedgerDamaged:
        return []
    finally:
        log.close()


def test_every_single_bit_flip_is_noticed(tmp_path: Path) -> None:
    written(tmp_path, Sizes(segment_bytes=100, ballast_bytes=1), [(1, 1), (2, 3)])
    files = log_files(tmp_path)
    everything = readable(tmp_path)
    assert (len(files), len(everything)) == (2, 3)
    for path in files:
        good = path.read_bytes()
        for byte in range(len(good)):
            for bit in range(8):
                path.write_bytes(good[:byte] + bytes([good[byte] ^ 1 << bit]) + good[byte + 1 :])
                assert readable(tmp_path) != everything, (path.name, byte, bit)
            if byte % 50 == 0:
                assert {finding.ill for finding in verify(tmp_path)} & {Ill.DAMAGE, Ill.TORN}, (path.name, byte)
        path.write_bytes(good)
    assert verify(tmp_path) == []
    assert readable(tmp_path) == everything


def test_a_naive_log_does_not_notice_most_of_them(tmp_path: Path) -> None:
    good = b'{"task": "plan", "state": "completed"}\n'
    flips = [good[:byte] + bytes([good[byte] ^ 1 << bit]) + good[byte + 1 :] for byte in range(38) for bit in range(7)]
    unnoticed = 0
    for flipped in flips:
        try:
            unnoticed += json.loads(flipped) != {"task": "plan", "state": "completed"}
        except ValueError:
            continue
    assert unnoticed > len(flips) // 3


@pytest.mark.parametrize("line", [0, 1, 3])
def test_damage_inside_the_log_is_refused_until_a_person_repairs_it(tmp_path: Path, line: int) -> None:
    text = written(tmp_path)
    lines = text.splitlines(keepends=True)
    damaged = b"".join([*lines[:line], lines[line].replace(b"salvaged", b"salvagee"), *lines[line + 1 :]])
    log_files(tmp_path)[0].write_bytes(damaged)
    for _ in range(2):
        with pytest.raises(LedgerDamaged, match="is wrong from byte"):
            opened(tmp_path)
    with pytest.raises(LedgerDamaged):
        Views(tmp_path).last_seq()
    assert log_text(tmp_path) == damaged
    said = repair(tmp_path, project="demo", source="doctor", now=still)
    kept = whole_before(text, len(b"".join(lines[:line])))
    good = len(b"".join(lines[: len(kept)]))
    assert said == [
        f"{len(text) - good} bytes of 000000000001.jsonl were moved to quarantine/000000000001-{good}.0",
        f"the log now ends with event {len(kept)}, and with the record of this repair",
        "the index was rebuilt from the log",
    ]
    assert numbers(log_events(tmp_path)) == kept
    assert [finding.ill for finding in verify(tmp_path)] == [Ill.LEFTOVER]
    assert (tmp_path / "quarantine" / f"000000000001-{good}.0").read_bytes() == damaged[good:]


@pytest.mark.parametrize("how", ["delete", "swap", "double", "zero", "join"])
def test_lines_that_are_moved_missing_or_doubled_are_noticed(tmp_path: Path, how: str) -> None:
    one, two, *rest = written(tmp_path).splitlines(keepends=True)
    changed = {
        "delete": [one, *rest],
        "swap": [two, one, *rest],
        "double": [one, one, two, *rest],
        "zero": [one, b"\0" * len(two), *rest],
        "join": [one[:-1], b" ", two, *rest],
    }[how]
    log_files(tmp_path)[0].write_bytes(b"".join(changed))
    with pytest.raises(LedgerDamaged):
        opened(tmp_path)


def test_a_missing_segment_is_noticed_wherever_it_was(tmp_path: Path) -> None:
    written(tmp_path, Sizes(segment_bytes=1, ballast_bytes=1))
    first, second, *_, last = log_files(tmp_path)
    for path in (first, second):
        text = path.read_bytes()
        path.unlink()
        with pytest.raises(LedgerDamaged, match=r"missing"):
            opened(tmp_path)
        path.write_bytes(text)
    ledger = opened(tmp_path)
    ledger.close()
    last.unlink()
    with pytest.raises(LedgerDamaged, match="known to the index only"):
        opened(tmp_path)


def test_a_last_line_that_vanished_is_noticed_by_the_index_and_what_it_knew_is_kept(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.commit(notes(1, 1))
    ledger.commit(notes(2, 2))
    ledger.close()
    path = log_files(tmp_path)[0]
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(LedgerDamaged, match="events 2 to 2 are known to the index only"):
        opened(tmp_path)
    assert [finding.ill for finding in verify(tmp_path)] == [Ill.DAMAGE]
    said = repair(tmp_path, project="demo", source="doctor", now=still)
    assert said[0].startswith("events 2 to 2 are lost; what the index knew is in quarantine/")
    assert numbers(log_events(tmp_path)) == [1]
    assert rows(tmp_path) == log_world(tmp_path)


def test_a_log_that_shrinks_under_a_living_writer_is_noticed(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.commit(notes(1, 1))
    path = log_files(tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(LedgerDamaged, match="is shorter than it was"):
        ledger.commit(notes(2, 2))
    ledger.close()


def test_garbage_behind_the_log_is_set_aside(tmp_path: Path) -> None:
    text = written(tmp_path)
    for garbage in (b"x", b"garbage\n", b"\0" * 5000, b'{"seq":9,"ts":"', text.splitlines()[0]):
        log_files(tmp_path)[0].write_bytes(text + garbage)
        without_index(tmp_path)
        opened(tmp_path).close()
        events = log_events(tmp_path)
        assert numbers(events) == list(range(1, 9))
        assert [event.type for event in events][8:] == ["log.repaired"]


def test_a_reader_stops_before_a_torn_tail_and_changes_nothing(tmp_path: Path) -> None:
    text = written(tmp_path)
    path = log_files(tmp_path)[0]
    path.write_bytes(text[:-10])
    views = Views(tmp_path)
    assert numbers(views.events()) == whole_before(text, len(text) - 10)
    assert path.read_bytes() == text[:-10]
    assert [finding.ill for finding in verify(tmp_path)] == [Ill.TORN]
    views.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), data=st.data())
def test_cutting_the_log_of_any_history_anywhere_loses_at_most_the_torn_batch(
    tmp_path_factory: pytest.TempPathFactory, history: list[Batch], data: st.DataObject
) -> None:
    state = tmp_path_factory.mktemp("cut")
    ledger = opened(state, Hasty())
    ends = [0]
    for batch in history:
        ledger.commit(batch)
        ends.append(len(log_text(state)))
    ledger.close()
    before = log_events(state)
    cut = data.draw(st.integers(0, ends[-1]))
    path = log_files(state)[0]
    path.write_bytes(path.read_bytes()[:cut])
    without_index(state)
    opened(state).close()
    kept = sum(len(batch) for batch, end in zip(history, ends[1:], strict=True) if end <= cut)
    after = [event for event in log_events(state) if not isinstance(event.fact, LogRepaired)]
    assert after == before[:kept]
    assert rows(state) == log_world(state)
