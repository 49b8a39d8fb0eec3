"""What a newcomer looks at next: the shapes of output, a run left alone, damage, a home that cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.stories.first_minutes.newcomer import Newcomer, need

LONG = """
name: long
tasks:
  - id: first
    run: echo begun
  - id: second
    needs: first
    run: echo waiting; while ! test -e "$GO"; do sleep 0.05; done; echo done
    env: { GO: "GATE" }
"""
DAMAGED = "error: The log in {state} cannot be trusted: 000000000001.jsonl is wrong from byte {at} on.\n"
DOCTOR = (
    "hint: `fusion-kit doctor` shows the damage; `fusion-kit doctor --repair` sets it aside and says what was lost.\n"
)


def until_second_runs(ada: Newcomer) -> str:
    """Return the id of the run whose second task runs."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        seen = ada.types("status", "-o", "json")
        if seen.code == 0 and any(task["id"] == "second" and task["state"] == "running" for task in seen.json["tasks"]):
            return str(seen.json["run"])
    raise AssertionError(seen)


def test_every_shape_of_output_keeps_the_result_and_the_progress_apart(ada: Newcomer) -> None:
    ada.begun()
    whole = ada.types("run", "ci", "-o", "json")
    assert (whole.json["status"], whole.json["outputs"], whole.err) == ("completed", {"version": "0.0.0"}, "")
    events = [json.loads(line) for line in ada.types("run", "ci", "-o", "jsonl").out.splitlines()]
    assert [event["type"] for event in (events[0], events[-1])] == ["workflow.queued", "workflow.completed"]
    plain = ada.types("run", "ci", "-o", "plain")
    assert "\nversion = 0.0.0\n" in plain.out
    assert "build | completed\n" in plain.err
    silent = ada.types("run", "ci", "-o", "quiet")
    assert (silent.code, silent.out, silent.err) == (0, "", "")
    assert [ada.types(*words).code for words in (["history"], ["ps"], ["status"], ["events"], ["version"])] == [0] * 5


def test_a_run_whose_process_was_killed_says_so_and_how_to_go_on(ada: Newcomer, tmp_path: Path) -> None:
    ada.write(".fusion/workflows/long.yaml", LONG.replace("GATE", str(tmp_path / "gate")))
    ada.with_a_commit()
    runner = subprocess.Popen(
        ada.argv("run", "long"), cwd=ada.folder, env=ada.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    run = until_second_runs(ada)
    living = ada.types("status", run).out
    runner.kill()
    runner.wait()
    left = ada.types("status", run).out.splitlines()
    assert "goes on" not in living
    assert left[1] == f"its process is gone: `fusion-kit resume {run}` goes on with it"
    assert ada.types("ps").out.endswith("1 running, 1 completed; its process is gone: resume it\n")
    (tmp_path / "gate").touch()
    assert ada.types("resume", run).code == 0
    assert ada.types("logs", run).out == "first | begun\nsecond | waiting\nsecond | done\n"


def test_logs_follow_a_detached_run_to_its_end(ada: Newcomer, tmp_path: Path) -> None:
    ada.write(".fusion/workflows/long.yaml", LONG.replace("GATE", str(tmp_path / "gate")))
    ada.with_a_commit()
    left = ada.types("run", "long", "--detach")
    run = left.out.strip()
    assert left.err == f"next: fusion-kit status {run}\n"
    following = subprocess.Popen(
        ada.argv("logs", "-f", run), cwd=ada.folder, env=ada.env, stdout=subprocess.PIPE, text=True
    )
    assert following.stdout is not None
    assert [following.stdout.readline() for _ in range(2)] == ["first | begun\n", "second | waiting\n"]
    (tmp_path / "gate").touch()
    rest, _ = following.communicate(timeout=30)
    assert (rest, following.returncode) == ("second | done\n", 0)


def test_a_damaged_log_is_named_by_every_command_that_needs_it_and_repaired_by_one(ada: Newcomer) -> None:
    ada.begun()
    assert ada.types("run", "ci", "-q").code == 0
    state = ada.folder / ".git" / "fusion-kit"
    log = state / "log" / "000000000001.jsonl"
    data = bytearray(log.read_bytes())
    at = data.rindex(b"\n", 0, data.rindex(b',"n":0,', 0, len(data) // 2) + 40) + 1  # where a batch begins
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    (state / "index.db").unlink()
    told = DAMAGED.format(state=state, at=at) + DOCTOR
    for words in (["status"], ["ps"], ["history"], ["logs", "ci"], ["events"], ["run", "ci", "-q"], ["resume", "ci"]):
        seen = ada.types(*words)
        assert (seen.code, seen.out, seen.err) == (3, "", told)
    assert [ada.types(*words).code for words in (["list"], ["validate"], ["run", "ci", "-n"])] == [0, 0, 0]
    doctor = ada.types("doctor")
    assert (doctor.code, "error ledger: The log in" in doctor.out) == (1, True)
    repaired = ada.types("doctor", "--repair")
    assert repaired.code == 0
    assert f"{len(data) - at} bytes of 000000000001.jsonl were moved to quarantine/" in repaired.out
    assert ada.types("run", "ci", "-q").code == 0


def test_nothing_is_written_into_the_home_which_may_be_read_only_or_missing(ada: Newcomer) -> None:
    ada.home.chmod(0o555)
    before = sorted(ada.home.rglob("*"))
    ada.begun()
    assert ada.types("run", "hello", "-q").code == 0
    assert sorted(ada.home.rglob("*")) == before
    assert ada.types("run", "ci", "-q", env={"HOME": str(ada.home / "nowhere")}).code == 0


def test_a_repository_of_somebody_else_is_refused_with_the_way_out(ada: Newcomer) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        need("a user who may give files away")
    ada.begun()
    for path in (ada.folder, *ada.folder.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    for words in (["init"], ["run", "hello"], ["run", "hello", "-n"]):
        seen = ada.types(*words)
        assert (seen.code, seen.out) == (2, "")
        assert seen.err == (
            f"error: The repository around {ada.folder} belongs to another user, and Git refuses to work in it.\n"
            f"hint: If you trust it: git config --global --add safe.directory '{ada.folder}'\n"
        )
    assert ada.types("doctor").code == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shown_and_installed_for_a_shell(ada: Newcomer, shell: str) -> None:
    shown = ada.types("--show-completion", shell)
    assert (shown.code, "_FUSION_KIT_COMPLETE" in shown.out) == (0, True)
    installed = ada.types("--install-completion", shell)
    assert (installed.code, installed.err) == (0, "")
    written = [path for path in ada.home.rglob("*") if path.is_file() and "FUSION_KIT_COMPLETE" in path.read_text()]
    assert len(written) == 1
