"""Ownership: one at a time, for life, and never a moment longer."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fusion_kit.core.errors import BadId, GroupBusy
from fusion_kit.persistence.errors import NetworkFileSystem, RunOwned
from fusion_kit.persistence.owners import Ownership
from fusion_kit.persistence.place import refuse_network
from tests.persistence.ground import NOON_TEXT, still

RUN = "flow-20261122-aaaaaa"

OWNER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from fusion_kit.persistence.owners import Ownership
with Ownership(Path(sys.argv[1]), lambda: datetime.now(UTC)).acquire(sys.argv[2]):
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_a_run_has_one_owner_who_is_named_to_others(tmp_path: Path) -> None:
    one, other = Ownership(tmp_path, still), Ownership(tmp_path, still)
    assert one.is_owned(RUN) is False
    assert list(tmp_path.iterdir()) == []
    with one.acquire(RUN):
        assert (one.is_owned(RUN), other.is_owned(RUN)) == (True, True)
        with pytest.raises(RunOwned) as refusal, other.acquire(RUN):
            pass
        note = {"pid": str(os.getpid()), "host": socket.gethostname(), "since": NOON_TEXT}
        assert refusal.value.facts == {"run": RUN, **note, "beat": NOON_TEXT}
        assert other.owner(RUN) == note | {"beat": NOON_TEXT}
    assert other.is_owned(RUN) is False
    with other.acquire(RUN):
        assert one.is_owned(RUN) is True


def test_a_beat_is_noted_for_people(tmp_path: Path) -> None:
    times = iter([still(), still(), still().replace(hour=13)])
    ownership = Ownership(tmp_path, lambda: next(times))
    with ownership.acquire(RUN):
        ownership.beat()
        note = json.loads((tmp_path / "runs" / RUN / "owner.lock").read_text())
    assert (note["since"], note["beat"]) == (NOON_TEXT, "2026-11-22T13:00:00.123Z")


def test_ownership_ends_with_the_process_however_it_dies(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout
        assert child.stdout.readline() == "mine\n"
        ownership = Ownership(tmp_path, still)
        assert ownership.is_owned(RUN) is True
        with pytest.raises(RunOwned, match=f"belongs to process {child.pid} on"), ownership.acquire(RUN):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert ownership.is_owned(RUN) is False
        with ownership.acquire(RUN):
            assert ownership.owner(RUN)["pid"] == str(os.getpid())


def test_a_name_that_is_no_id_becomes_no_path(tmp_path: Path) -> None:
    with pytest.raises(BadId):
        Ownership(tmp_path, still).is_owned("../other")


def test_a_concurrency_group_has_one_run_which_is_named_to_others(tmp_path: Path) -> None:
    one, other = Ownership(tmp_path, still), Ownership(tmp_path, still)
    with one.acquire_group("Deploy to prod", RUN):
        (path,) = tmp_path.glob("groups/*.lock")
        note = {"run": RUN, "pid": os.getpid(), "host": socket.gethostname(), "since": NOON_TEXT}
        assert json.loads(path.read_text()) == note
        with pytest.raises(GroupBusy) as refusal, other.acquire_group("Deploy to prod", "flow-20261122-bbbbbb"):
            pass
        assert refusal.value.facts == {"group": "Deploy to prod", "run": RUN}
        with other.acquire_group("deploy to prod", "flow-20261122-bbbbbb"):
            pass
    with other.acquire_group("Deploy to prod", "flow-20261122-bbbbbb"):
        pass


def test_a_group_whose_run_was_killed_is_free(tmp_path: Path) -> None:
    program = OWNER.replace(".acquire(sys.argv[2])", '.acquire_group("../deploy", sys.argv[2])')
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout
        assert child.stdout.readline() == "mine\n"
        ownership = Ownership(tmp_path, still)
        with pytest.raises(GroupBusy, match=f"'../deploy' is taken by run {RUN}"):
            ownership.acquire_group("../deploy", "flow-20261122-bbbbbb").__enter__()
        child.kill()
        child.wait()
        with ownership.acquire_group("../deploy", "flow-20261122-bbbbbb"):
            assert {path.name for path in tmp_path.iterdir()} == {"groups"}


MOUNTS = """/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/me/local\\040disk xfs rw 0 0
//nas/share /mnt/share cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [("/srv/state", None), ("/home/me/state", "nfs4"), ("/home/me/local disk/state", None), ("/mnt/share/x", "cifs")],
)
def test_state_on_a_network_file_system_is_refused(place: str, kind: str | None) -> None:
    if kind is None:
        refuse_network(Path(place), MOUNTS)
        return
    with pytest.raises(NetworkFileSystem, match=rf"network file system \({kind}\)"):
        refuse_network(Path(place), MOUNTS)
