"""A fault or damage in the midst of retention: the old log or the new one, and nothing wrong unnoticed."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from fusion_kit.core.errors import FusionError
from fusion_kit.persistence.checkpoint import checkpoint_name, decoded, newest
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.doctor import Ill, repair
from fusion_kit.persistence.errors import LedgerDamaged
from fusion_kit.persistence.views import Views
from tests.persistence.faulty import Crashed, Fault, FaultyDisk
from tests.persistence.ground import log_events, log_files, notes, numbers, opened, rows, still
from tests.persistence.old_runs import (
    ONE_EACH,
    clean,
    ills,
    tell,
)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_call_leaves_the_old_log_or_the_new_one(tmp_path: Path, fault: Fault) -> None:
    tell(tmp_path / "told")
    old, dry = rows(tmp_path / "told"), FaultyDisk()
    shutil.copytree(tmp_path / "told", tmp_path / "dry")
    clean(tmp_path / "dry", 10, disk=dry)
    new, seen = rows(tmp_path / "dry"), set[bool]()
    for at in range(1, dry.calls + 1):
        state, disk = tmp_path / str(at), FaultyDisk(at, fault)
        shutil.copytree(tmp_path / "told", state)
        with suppress(FusionError, OSError, Crashed):
            clean(state, 10, disk=disk)
        disk.bury()
        context = f"{fault} at call {at} ({disk.names_of_calls[at - 1]})"
        ledger = opened(state, sizes=ONE_EACH)
        ledger.commit(notes(99, 99))
        ledger.close()
        is_new = newest(Disk(), state / "log") > 0
        seen.add(is_new)
        assert rows(state) == (new if is_new else old), context
        assert set(ills(state)) <= {Ill.LEFTOVER}, context
        views = Views(state)
        assert [event.seq for event in views.events(limit=14)][:3] == ([13, 14, 15] if is_new else [1, 2, 3]), context
        views.close()
        shutil.rmtree(state / "quarantine", ignore_errors=True)  # where the half of a torn line is kept
        clean(state, 10)
        assert (rows(state), ills(state)) == (new, []), context
        assert list((state / "trash").iterdir()) == [], context
    assert seen == {True, False}


def test_every_flipped_bit_of_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    tell(tmp_path)
    clean(tmp_path, 10)
    good = (tmp_path / "log" / checkpoint_name(13)).read_bytes()
    assert decoded(good)
    for byte in range(len(good)):
        for bit in range(8):
            assert decoded(good[:byte] + bytes([good[byte] ^ 1 << bit]) + good[byte + 1 :]) is None, (byte, bit)


@pytest.mark.parametrize("harm", [b"", b"garbage"])
def test_a_log_whose_checkpoint_is_damaged_is_refused_until_a_person_repairs_it(tmp_path: Path, harm: bytes) -> None:
    tell(tmp_path)
    clean(tmp_path, 10)
    path = tmp_path / "log" / checkpoint_name(13)
    path.write_bytes(harm)
    (tmp_path / "index.db").unlink()
    with pytest.raises(LedgerDamaged, match=r"000000000013\.checkpoint\.json is not what was written"):
        opened(tmp_path)
    assert ills(tmp_path) == [Ill.DAMAGE]
    said = repair(tmp_path, project="demo", source="doctor", now=still)
    assert said[0] == "the checkpoint 000000000013.checkpoint.json was moved to quarantine"
    assert set(ills(tmp_path)) == {Ill.LEFTOVER}
    ledger = opened(tmp_path)
    ledger.commit(notes(1, 1))
    ledger.close()
    assert numbers(log_events(tmp_path)) == [1]


def test_a_missing_checkpoint_or_first_segment_is_noticed(tmp_path: Path) -> None:
    tell(tmp_path)
    clean(tmp_path, 10)
    (tmp_path / "index.db").unlink()
    for path in (tmp_path / "log" / checkpoint_name(13), log_files(tmp_path)[0]):
        text = path.read_bytes()
        path.unlink()
        with pytest.raises(LedgerDamaged, match="missing"):
            opened(tmp_path)
        path.write_bytes(text)
    opened(tmp_path).close()
    assert ills(tmp_path) == []


def test_a_naive_retention_that_only_deletes_old_files_damages_the_log(tmp_path: Path) -> None:
    tell(tmp_path)
    for path in log_files(tmp_path)[:7]:
        path.unlink()
    (tmp_path / "index.db").unlink()
    with pytest.raises(LedgerDamaged):
        opened(tmp_path)
