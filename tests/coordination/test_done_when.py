"""Done by contract, by the real program: each way of not being done has an outcome of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AGENTS = {
    "silent": 'provider: scripted\nsteps: [{say: ""}]\n',
    "busy": 'provider: scripted\nsteps: [{write: {made.txt: "x"}}, {say: Done.}]\n',
    "cut": "provider: scripted\nsteps: [{fail: {error: Too long., code: max_turns}}]\n",
    "prose": "provider: scripted\nsteps: [{say: It went well.}]\n",
    "wrong": "provider: scripted\nsteps: [{output: {count: many}}, {say: Done.}]\n",
    "silent-cli": 'provider: command\ncommand: ["true"]\nprompt: stdin\n',
    "cut-cli": 'provider: command\ncommand: [echo, \'{"result": "half", "stop_reason": "max_tokens"}\']\n'
    "prompt: stdin\noutput: json\n",
    "failing-cli": "provider: command\ncommand: [sh, -c, 'echo half; exit 7']\nprompt: stdin\n",
}
WORKFLOW = """\
name: contract
tasks:
  - {id: dirty, run: "echo x > dirty.txt"}
  - {id: clean, run: "true"}
  - {id: unchanged, run: "true", done_when: {changes: true}}
  - {id: changed, run: "echo x > changed.txt", done_when: {changes: false}}
  - {id: unchecked, run: "true", done_when: {run: "false"}}
  - id: committed
    run: |
      echo good > good.txt && git add -A && git -c user.name=a -c user.email=a@a commit -qm good
      exit 3
  - {id: missing, run: "true", artifacts: report.xml}
  - id: stale-file
    run: test "$FUSION_ATTEMPT" = 2 || { echo x > stale.bin; exit 1; }
    artifacts: stale.bin
    retry: 1
  - id: stale-output
    run: test "$FUSION_ATTEMPT" = 2 || { echo n=1 >> "$FUSION_OUTPUT"; exit 1; }
    outputs: {n: {type: integer}}
    retry: 1
  - {id: invalid, run: 'echo n=many >> "$FUSION_OUTPUT"', outputs: {n: {type: integer}}}
  - {id: escape, run: "ln -s /etc/passwd stolen.bin", artifacts: stolen.bin}
  - {id: inside-out, run: "mkdir d && ln -s /etc d/out.bin", artifacts: "d/**"}
  - {id: huge, run: "head -c 30000000 /dev/zero > huge.bin", artifacts: huge.bin}
  - {id: silent, agent: silent, prompt: x}
  - {id: busy, agent: busy, prompt: x, done_when: {changes: true}}
  - {id: idle, agent: prose, prompt: x, done_when: {changes: true}}
  - {id: cut, agent: cut, prompt: x}
  - {id: prose, agent: prose, prompt: x, outputs: {count: {type: integer}}}
  - {id: wrong, agent: wrong, prompt: x, outputs: {count: {type: integer}}}
  - {id: silent-cli, agent: silent-cli, prompt: x}
  - {id: cut-cli, agent: cut-cli, prompt: x}
  - {id: failing-cli, agent: failing-cli, prompt: x}
"""
Tasks = dict[str, Any]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Tasks:
    """One run of all of them, each in a workspace of its own."""
    root = tmp_path_factory.mktemp("contract")
    _write(root)
    env = {name: value for name, value in os.environ.items() if not name.startswith("FUSION_")}
    asked = [sys.executable, "-m", "fusion_kit", "run", "contract", "-k", "-o", "json"]
    done = subprocess.run(asked, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["result"] is None
    return {task["id"]: task for task in document["tasks"]}


def _write(root: Path) -> None:
    for folder in ("agents", "workflows"):
        (root / ".fusion" / folder).mkdir(parents=True)
    for name, text in AGENTS.items():
        (root / ".fusion" / "agents" / f"{name}.yaml").write_text(f"name: {name}\n{text}")
    (root / ".fusion" / "workflows" / "contract.yaml").write_text(WORKFLOW)
    (root / ".gitignore").write_text("*.bin\n/workspaces/\n")
    for words in ("init -q", "add -A", "-c user.name=a -c user.email=a@a commit -qm first"):
        subprocess.run(["git", *words.split()], cwd=root, check=True, capture_output=True)


def outcome(tasks: Tasks, name: str) -> tuple[str, str | None]:
    return tasks[name]["outcome"], (tasks[name]["error"] or {}).get("code")


def test_what_lies_there_uncommitted_after_exit_0_is_kept(tasks: Tasks) -> None:
    assert outcome(tasks, "dirty") == ("success", None)
    assert tasks["dirty"]["commit"] is not None


def test_exit_0_without_a_change_is_done_where_no_change_is_asked_for(tasks: Tasks) -> None:
    assert outcome(tasks, "clean") == ("success", None)
    assert tasks["clean"]["branch"] is None


@pytest.mark.parametrize("name", ["unchanged", "idle"])
def test_exit_0_without_the_change_that_is_asked_for_is_no_change(tasks: Tasks, name: str) -> None:
    assert outcome(tasks, name) == ("no_change", "no_change")


def test_a_change_that_is_asked_for_and_there_is_done(tasks: Tasks) -> None:
    assert outcome(tasks, "busy") == ("success", None)


def test_a_change_where_none_may_be_breaks_the_contract(tasks: Tasks) -> None:
    assert outcome(tasks, "changed") == ("contract", "changed")


def test_a_check_that_fails_breaks_the_contract(tasks: Tasks) -> None:
    assert outcome(tasks, "unchecked") == ("contract", "check_failed")


@pytest.mark.parametrize(("name", "code"), [("committed", 3), ("failing-cli", 7)])
def test_a_bad_exit_is_a_failure_whatever_was_committed_or_said_before(tasks: Tasks, name: str, code: int) -> None:
    assert outcome(tasks, name)[0] == "exit_code"
    assert tasks[name]["exit_code"] == code
    assert tasks[name]["state"] == "failed"


def test_a_missing_artifact_breaks_the_contract(tasks: Tasks) -> None:
    assert outcome(tasks, "missing") == ("contract", "artifact-missing")


def test_the_artifact_of_an_earlier_attempt_does_not_satisfy_the_contract_of_a_later_one(tasks: Tasks) -> None:
    assert outcome(tasks, "stale-file") == ("contract", "artifact-missing")
    assert tasks["stale-file"]["attempts"] == 2


def test_the_output_of_an_earlier_attempt_does_not_satisfy_the_contract_of_a_later_one(tasks: Tasks) -> None:
    assert outcome(tasks, "stale-output") == ("contract", "output-missing")
    assert tasks["stale-output"]["attempts"] == 2


@pytest.mark.parametrize("name", ["invalid", "wrong"])
def test_an_output_of_another_type_breaks_the_contract(tasks: Tasks, name: str) -> None:
    assert outcome(tasks, name) == ("contract", "output-wrong")


def test_an_agent_that_does_not_give_its_declared_output_breaks_the_contract(tasks: Tasks) -> None:
    assert outcome(tasks, "prose") == ("contract", "output-missing")


@pytest.mark.parametrize("name", ["escape", "inside-out"])
def test_an_artifact_that_is_a_link_out_of_the_workspace_is_not_taken(tasks: Tasks, name: str) -> None:
    assert outcome(tasks, name)[0] == "contract"
    assert tasks[name]["artifacts"] == []


def test_a_huge_artifact_is_copied_whole_and_told_with_its_digest(tasks: Tasks) -> None:
    assert outcome(tasks, "huge") == ("success", None)
    digest = hashlib.sha256(bytes(30_000_000)).hexdigest()
    assert tasks["huge"]["artifacts"] == [{"path": "huge.bin", "sha256": digest, "bytes": 30_000_000}]


@pytest.mark.parametrize("name", ["silent", "silent-cli"])
def test_an_agent_that_ends_with_exit_0_and_says_nothing_is_no_output(tasks: Tasks, name: str) -> None:
    assert outcome(tasks, name) == ("no_output", "no-output")


@pytest.mark.parametrize("name", ["cut", "cut-cli"])
def test_an_agent_whose_last_turn_was_cut_off_is_truncated(tasks: Tasks, name: str) -> None:
    assert outcome(tasks, name)[0] == "truncated"
