"""`run --watch`: real files, a real Git and the real program."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.fakes import FakeProjects
from tests.cli.runner import cli

FUSION_KIT = [sys.executable, "-m", "fusion_kit"]
FIRST, QUIET_S = 60.0, 1.0  # how long something that must come may take; how long nothing is waited for

# Both runs and tasks that wait are seen from outside: by a line for each run, and by a file that lets it end.
TOUCHED = "tasks:\n  - id: say\n    run: echo hello\n"
SLOW = """\
tasks:
  - id: wait
    run: |
      trap 'exit 9' INT
      echo x >> "$COUNT"
      while [ ! -e "$GO" ]; do sleep 0.05; done
"""
LANDS = """\
merge: { into: main }
tasks:
  - id: write
    run: date +%s.%N > made.txt; echo x >> "$COUNT"
"""
HERE = """\
tasks:
  - id: write
    workspace: none
    run: date +%s.%N > made.txt; sleep 0.3; date +%s.%N >> made.txt
"""
ONLY_SOURCE = 'on: { watch: ["src/**"] }\n' + TOUCHED


class Watcher:
    """The program, and what it prints, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.put(line.rstrip("\n"))

    def until(self, text: str, within_s: float = FIRST) -> str:
        """The first line that holds `text`."""
        deadline = time.monotonic() + within_s
        while True:
            left_s = deadline - time.monotonic()
            try:
                line = self.lines.get(timeout=max(left_s, 0.01))
            except queue.Empty:
                pytest.fail(f"{text!r} did not come; seen: {self.seen}")
            self.seen.append(line)
            if text in line:
                return line

    def nothing(self) -> None:
        """No run begins for a while."""
        deadline = time.monotonic() + QUIET_S
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=left_s)
            except queue.Empty:
                return
            self.seen.append(line)
            assert not line.startswith("── ")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a commit, sources, and what Git ignores."""
    root = tmp_path / "project"
    for name, text in {"quick": TOUCHED, "slow": SLOW, "lands": LANDS, "here": HERE, "source": ONLY_SOURCE}.items():
        path = root / ".fusion" / "workflows" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "src").mkdir()
    (root / "src" / "a.py").write_text("a = 1\n")
    (root / ".gitignore").write_text("*.log\nworkspaces/\n.fusion/state\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "First")
    return root


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    return subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, text=True).stdout


@contextmanager
def watching(root: Path, workflow: str, *words: str) -> Iterator[Watcher]:
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
    given = ["-e", f"COUNT={root.parent / 'count'}", "-e", f"GO={root.parent / 'go'}"]
    process = subprocess.Popen(
        [*FUSION_KIT, "run", workflow, "--watch", *given, *words],
        cwd=root,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Watcher(process)
        finally:
            process.kill()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + FIRST
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_change_of_a_file_runs_it_again_and_ctrl_c_ends_it(root: Path) -> None:
    with watching(root, "quick") as watcher:
        watcher.until("watching every file that Git does not ignore… Ctrl-C ends it")
        watcher.until("say | completed")
        watcher.nothing()
        (root / "src" / "a.py").write_text("a = 2\n")
        assert watcher.until("── ").startswith("── src/a.py changed ─")
        watcher.until("say | completed")
        (root / "new.txt").write_text("new\n")
        assert watcher.until("── ").startswith("── new.txt changed ─")
        watcher.until("say | completed")
        watcher.nothing()
        watcher.process.send_signal(signal.SIGINT)
        assert watcher.process.wait(timeout=FIRST) == 130


def test_many_changes_at_once_are_one_run(root: Path) -> None:
    with watching(root, "quick") as watcher:
        watcher.until("say | completed")
        for number in range(20):
            (root / "src" / f"{number}.py").write_text("x = 1\n")
        assert watcher.until("── ").startswith("── src/0.py and 19 more changed ─")
        watcher.until("say | completed")
        watcher.nothing()


def test_what_git_ignores_what_is_ours_and_what_an_editor_leaves_runs_nothing(root: Path) -> None:
    with watching(root, "quick") as watcher:
        watcher.until("say | completed")
        (root / "debug.log").write_text("ignored\n")
        (root / "src" / ".a.py.swp").write_text("an editor's\n")
        (root / "src" / "a.py~").write_text("an editor's\n")
        (root / "src" / "empty").mkdir()
        git(root, "branch", "other")
        git(root, "update-index", "--refresh")
        subprocess.run([*FUSION_KIT, "run", "quick", "-q"], cwd=root, check=True, stdout=subprocess.DEVNULL)
        watcher.nothing()


def test_only_files_of_the_patterns_count_where_there_are_any(root: Path) -> None:
    with watching(root, "source") as watcher:
        watcher.until("watching src/**… Ctrl-C ends it")
        watcher.until("say | completed")
        (root / "README.md").write_text("hello\n")
        watcher.nothing()
        (root / "src" / "a.py").unlink()
        assert watcher.until("── ").startswith("── src/a.py changed ─")


def test_changes_during_a_run_are_one_more_run_once_it_has_ended(root: Path) -> None:
    count, go = root.parent / "count", root.parent / "go"
    with watching(root, "slow") as watcher:
        until(count.exists)
        for text in ("a = 2\n", "a = 3\n"):
            (root / "src" / "a.py").write_text(text)
            time.sleep(0.4)  # each is a change of its own
        assert count.read_text() == "x\n"
        go.touch()
        watcher.until("── ")
        watcher.until("wait | completed")
        watcher.nothing()
        assert count.read_text() == "x\nx\n"


def test_ctrl_c_during_a_run_stops_the_run_and_ends_it(root: Path) -> None:
    with watching(root, "slow") as watcher:
        until((root.parent / "count").exists)
        watcher.process.send_signal(signal.SIGINT)
        assert watcher.process.wait(timeout=FIRST) == 130
        watcher.until("next: fusion-kit resume slow-")


def test_a_result_that_lands_in_the_checkout_is_no_change_and_a_later_one_is(root: Path) -> None:
    with watching(root, "lands") as watcher:
        watcher.until("write | completed")
        watcher.nothing()
        for branch in git(root, "branch", "--list", "fk/*/result", "--format=%(refname:short)").split():
            git(root, "merge", "-q", "--ff-only", branch)  # where it did not land by itself
        assert (root / "made.txt").exists()
        watcher.nothing()
        assert (root.parent / "count").read_text() == "x\n"
        (root / "made.txt").write_text("mine\n")
        assert watcher.until("── ").startswith("── made.txt changed ─")


def test_what_tasks_write_into_the_project_itself_is_no_change(root: Path) -> None:
    with watching(root, "here") as watcher:
        watcher.until("write | completed")
        watcher.nothing()
        (root / "made.txt").write_text("mine\n")
        assert watcher.until("── ").startswith("── made.txt changed ─")


def test_outside_of_git_files_are_watched_too(tmp_path: Path) -> None:
    workflow = tmp_path / ".fusion" / "workflows" / "quick.yaml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("tasks:\n  - id: say\n    run: date > said.txt\n")
    with watching(tmp_path, "quick", "--summary", "summary.md") as watcher:
        watcher.until("say | completed")
        watcher.nothing()
        (tmp_path / "mine.txt").write_text("mine\n")
        assert watcher.until("── ").startswith("── mine.txt changed ─")


def test_a_workflow_that_is_broken_for_now_is_told_and_waited_for(root: Path) -> None:
    path = root / ".fusion" / "workflows" / "quick.yaml"
    with watching(root, "quick", "--junit", "report.xml") as watcher:
        watcher.until("say | completed")
        watcher.nothing()
        path.write_text("tasks: nonsense\n")
        watcher.until("error: ")
        path.write_text(TOUCHED)
        watcher.until("── ")
        watcher.until("say | completed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "json"), "error: A stream cannot be one JSON document.\nhint: Use -o jsonl: one document a line.\n"),
        (("-n",), "error: --watch cannot be combined with --dry-run.\nhint: Leave one of them out.\n"),
        (("-d",), "error: --watch cannot be combined with --detach.\nhint: Leave one of them out.\n"),
    ],
)
def test_what_cannot_be_watched_is_refused(words: tuple[str, ...], said: str, projects: FakeProjects) -> None:
    seen = cli("run", "hello", "--watch", *words, projects=projects)
    assert (seen.code, seen.err) == (2, said)


def test_what_the_first_run_is_refused_with_is_the_end(root: Path) -> None:
    assert cli("-C", root, "run", "nope", "-w").code == 2
