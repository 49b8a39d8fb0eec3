"""A run of forty tasks by the real program, told beforehand: every state as it was told, and nothing written."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

STATES = {"run": "completed", "cached": "completed", "skip": "skipped"}

INNER = """\
name: inner
inputs: {mode: {type: string, default: fast}}
tasks:
  - {id: prepare, run: "true"}
  - {id: fast, needs: prepare, if: inputs.mode == 'fast', run: "true"}
  - {id: slow, needs: prepare, if: inputs.mode == 'slow', run: "true"}
  - {id: done, needs: [fast, slow], run: "true"}
outputs: {mode: "${{ inputs.mode }}"}
"""

FORTY = """\
name: forty
inputs: {pythons: {type: array, default: ["3.11", "3.12", "3.13"]}, deploy: {type: boolean, default: false}}
tasks:
  - {id: lint, run: "true", cache: {files: "*.md"}}
  - {id: docs, needs: lint, run: "echo docs > docs.txt", cache: {files: "*.md"}}
  - {id: fresh, run: "true", cache: {files: "*.txt"}}
  - id: plan
    run: cat "$FUSION_PROJECT_ROOT/answer" >> "$FUSION_OUTPUT"
    outputs: {go: {type: boolean}, list: {type: array}}
  - id: test
    needs: [lint, docs]
    strategy: {matrix: {python: "${{ inputs.pythons }}", db: [sqlite, none]}}
    run: "true"
  - {id: report, needs: test, strategy: {matrix: {one: "${{ tasks.test.items }}"}}, run: "true"}
  - {id: fix, needs: test, if: failure(), run: "true"}
  - {id: deploy, needs: test, if: inputs.deploy, run: "true"}
  - {id: announce, needs: deploy, run: "true"}
  - {id: anyway, needs: [deploy, test], run: "true"}
  - {id: status, needs: announce, if: always(), run: "true"}
  - {id: sub, needs: plan, uses: ./inner.yaml, with: {mode: slow}}
  - {id: subs, strategy: {matrix: {mode: [fast, slow]}}, uses: ./inner.yaml, with: {mode: "${{ matrix.mode }}"}}
  - {id: slow, needs: sub, if: "tasks.sub.outputs.mode == 'slow'", run: "true"}
  - {id: maybe, needs: plan, if: tasks.plan.outputs.go, run: "true"}
  - {id: follows, needs: maybe, run: "true"}
  - {id: each, needs: plan, strategy: {matrix: {n: "${{ tasks.plan.outputs.list }}"}}, run: "true"}
  - {id: last, needs: [each, follows], run: "true"}
finally:
  - {id: clean, run: "true"}
  - {id: alarm, if: failure(), run: "true"}
"""


class Home:
    """A repository with the workflow, and the real program in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        workflows = root / ".fusion" / "workflows"
        workflows.mkdir(parents=True)
        (workflows / "forty.yaml").write_text(FORTY)
        (workflows / "inner.yaml").write_text(INNER)
        (root / ".gitignore").write_text("answer\n/workspaces/\n")
        (root / "readme.md").write_text("hello\n")
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("-c", "user.name=a", "-c", "user.email=a@a", "commit", "-qm", "first")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True)

    def types(self, *words: str) -> Any:
        env = {name: value for name, value in os.environ.items() if not name.startswith("FUSION_")}
        asked = [sys.executable, "-m", "fusion_kit", *words, "-o", "json"]
        done = subprocess.run(asked, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def answers(self, go: str, names: str) -> None:
        (self.root / "answer").write_text(f"go={go}\nlist={names}\n")

    def snapshot(self) -> dict[str, tuple[object, ...]]:
        """Everything there is, `.git` included; only when it was last read is left out."""
        return dict(self._seen(self.root))

    def _seen(self, folder: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
        for path in sorted(folder.rglob("*")):
            facts = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(facts.st_mode) else b""
            link = str(path.readlink()) if path.is_symlink() else ""
            told = (facts.st_mode, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, link)
            yield str(path), (*told, hashlib.sha256(content).hexdigest())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_run_of_forty_tasks_is_as_the_dry_run_told_and_the_dry_run_writes_nothing(home: Home) -> None:
    home.answers("true", '["p", "q"]')
    first = home.types("run", "forty")
    (home.root / "late.txt").write_text("new\n")
    home.git("add", "late.txt")
    home.git("-c", "user.name=a", "-c", "user.email=a@a", "commit", "-qm", "a file that `fresh` depends on")

    before = home.snapshot()
    told = {line["node"]: line for line in home.types("run", "forty", "--dry-run")["items"]}
    assert home.snapshot() == before

    yes = {task["id"]: task for task in home.types("run", "forty")["tasks"]}
    home.answers("false", "[]")
    no = {task["id"]: task for task in home.types("run", "forty")["tasks"]}

    sure = {node: line["verdict"] for node, line in told.items() if line["verdict"] != "unknown"}
    assert len(sure) >= 40
    assert first["status"] == "completed"
    for found in (yes, no):
        assert {node: found[node]["state"] for node in sure} == {node: STATES[sure[node]] for node in sure}
    assert {node for node, verdict in sure.items() if verdict == "cached"} == {
        node for node, task in yes.items() if task["outcome"] == "cached"
    }
    assert {node for node, verdict in sure.items() if verdict == "skip"} == {
        "fix", "deploy", "announce", "alarm", "sub.fast", "subs@fast.slow", "subs@slow.fast",
    }  # fmt: skip
    open_ones = {node: line["until"] for node, line in told.items() if line["verdict"] == "unknown"}
    assert open_ones == {"maybe": "plan", "follows": "plan", "each@*": "plan"}
    assert {node for node in yes if node not in told} == {"each@p", "each@q"}  # each@*
    assert {node for node in yes.keys() | no.keys() if _differs(yes.get(node), no.get(node))} == {
        "maybe", "follows", "each@p", "each@q",
    }  # fmt: skip


def _differs(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    """Whether a task ended in another state where only the answer was another: nobody could have known."""
    return (one or {}).get("state") != (other or {}).get("state")
