"""Repositories as people have them: a run does the right thing there, or says in a sentence what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.audit import Expected, audit, processes
from tests.stories.conftest import Opens
from tests.stories.plays import IGNORED, NOTE, project
from tests.stories.stage import Stage

pytestmark = pytest.mark.story
TASKS = f"tasks:\n  - id: it\n    run: |\n      {NOTE}\n      echo more >>README.md\n      echo done >done.txt\n"
END = Expected({"it": 1}, frozenset({"it"}), frozenset({"it"}), frozenset({"done.txt", "README.md"}))
SLOW_S = 20.0


def _files(effects: Path) -> dict[str, str]:
    return project(effects, TASKS)


def _seen(stage: Stage) -> dict[str, object]:
    """What is the person's: every file of the checkout, what Git says of it, its index and its HEAD."""
    left_out = (stage.root / ".git", stage.root / "workspaces", stage.root / ".fusion" / "state")
    files = {
        path.relative_to(stage.root).as_posix(): path.read_bytes()
        for path in sorted(stage.root.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(other) for other in left_out)
    }
    return {
        **files,
        "status": stage.git("status", "--porcelain=v2", "--branch"),
        "index": stage.git("ls-files", "--stage", "--debug"),
        "HEAD": (stage.root / ".git" / "HEAD").read_text(),
        "stash": stage.git("stash", "list"),
        "config": (stage.root / ".git" / "config").read_text(),
    }


def _a_run_leaves_it_as_it_was(stage: Stage) -> None:
    before = _seen(stage)
    stage.call("run", "play")
    assert (_seen(stage), audit(stage, stage.newest(), END)) == (before, [])


def test_without_a_commit_the_next_command_is_printed_and_it_is_the_right_one(open_stage: Opens) -> None:
    stage = open_stage(_files, commit=False)
    refused = stage.call("run", "play", code=2)
    command = "git add -A && git commit -m 'First commit'"
    assert (command in refused.err, stage.runs(), stage.done()) == (True, [], [])
    stage.git("add", "-A")
    stage.git("commit", "-q", "-m", "First commit")
    stage.call("run", "play")
    assert stage.git("show", f"fk/{stage.newest()}/result:done.txt") == "done\n"


def test_without_a_repository_tasks_run_in_the_folder_itself(tmp_path: Path, open_stage: Opens) -> None:
    stage = open_stage(_files)
    stage.git("worktree", "list")
    (stage.root / ".git").rename(tmp_path / "was.git")
    runner = stage.call("run", "play", "-o", "json")
    assert (runner.document()["status"], (stage.root / "done.txt").read_text()) == ("completed", "done\n")
    assert processes(stage, [attempt for _, attempt in stage.done()]) == []


def test_a_detached_head_stays_where_it_is(open_stage: Opens) -> None:
    stage = open_stage(_files)
    stage.git("checkout", "-q", "--detach")
    _a_run_leaves_it_as_it_was(stage)


def test_a_shallow_clone_is_enough(tmp_path: Path, open_stage: Opens) -> None:
    stage = open_stage(_files)
    stage.commit({"second.txt": "second\n"}, "Second")
    stage.root.rename(tmp_path / "origin")
    stage.root.mkdir()
    stage.git("clone", "-q", "--depth", "1", (tmp_path / "origin").as_uri(), ".")
    assert stage.git("rev-list", "--count", "HEAD") == "1\n"
    _a_run_leaves_it_as_it_was(stage)


def test_a_submodule_is_carried_along_unchanged(tmp_path: Path, open_stage: Opens) -> None:
    stage = open_stage(_files)
    other = open_stage(lambda _: {"inner.txt": "inner\n"}, "other")
    stage.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "inner")
    stage.git("commit", "-q", "-m", "With a submodule")
    _a_run_leaves_it_as_it_was(stage)
    both = [stage.git("rev-parse", f"{commit}:inner") for commit in ("HEAD", f"fk/{stage.newest()}/result")]
    assert both[0] == both[1]


def _with_lfs(stage: Stage) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 3\n"
    stage.commit({"big.bin": pointer, ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}, "Large")
    for key, value in (("clean", "absent-lfs clean -- %f"), ("smudge", "absent-lfs smudge -- %f")):
        stage.git("config", f"filter.lfs.{key}", value)
    stage.git("config", "filter.lfs.process", "absent-lfs filter-process")
    stage.git("config", "filter.lfs.required", "true")


def test_a_filter_whose_program_is_absent_does_not_change_a_byte(open_stage: Opens) -> None:
    stage = open_stage(_files)
    _with_lfs(stage)
    stage.call("run", "play")
    stage.git("config", "--remove-section", "filter.lfs")  # or the person's own `git status` fails
    same = stage.git("rev-parse", f"fk/{stage.newest()}/result:big.bin") == stage.git("rev-parse", "HEAD:big.bin")
    assert (same, audit(stage, stage.newest(), END)) == (True, [])


def _slow_hooks(stage: Stage) -> None:
    for name in ("pre-commit", "commit-msg", "post-commit", "post-checkout", "reference-transaction", "post-merge"):
        hook = stage.root / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\necho {name} >>'{stage.home}/hooked'\nsleep {SLOW_S}\n")
        hook.chmod(0o755)


def test_slow_hooks_hold_nothing_up_because_none_runs(open_stage: Opens) -> None:
    stage = open_stage(_files)
    _slow_hooks(stage)
    begun_s = time.monotonic()
    _a_run_leaves_it_as_it_was(stage)
    assert (time.monotonic() - begun_s < SLOW_S, (stage.home / "hooked").exists()) == (True, False)


def _signs_without_a_key(stage: Stage) -> None:
    stage.git("config", "commit.gpgsign", "true")
    stage.git("config", "user.signingkey", "0000000000000000")
    stage.git("config", "gpg.program", "false")


def _is_nobody(stage: Stage) -> None:
    (stage.home / ".gitconfig").write_text("[user]\nuseConfigOnly = true\n")


@pytest.mark.parametrize("change", [_signs_without_a_key, _is_nobody])
def test_neither_a_key_nor_an_identity_is_needed(open_stage: Opens, change: Callable[[Stage], None]) -> None:
    stage = open_stage(_files)
    change(stage)
    stage.git("commit", "-q", "--allow-empty", "-m", "Refused", code=128)
    _a_run_leaves_it_as_it_was(stage)


def _dirty(stage: Stage) -> None:
    stage.commit({"kept.txt": "kept\n", "gone.txt": "gone\n"}, "More")
    stage.write({"README.md": "changed here\n", "new.txt": "new\n", "staged.txt": "staged\n"})
    stage.git("add", "staged.txt")
    stage.write({"staged.txt": "staged, then changed\n"})
    (stage.root / "gone.txt").unlink()


def test_what_is_not_committed_is_counted_named_and_left_alone(open_stage: Opens) -> None:
    stage = open_stage(_files)
    _dirty(stage)
    before = _seen(stage)
    runner = stage.call("run", "play")
    assert _seen(stage) == before
    notice = next(line for line in runner.err.splitlines() if "uncommitted" in line)
    names = ("README.md", "gone.txt", "new.txt", "staged.txt")
    assert ("4 uncommitted" in notice, [name for name in names if name not in notice]) == (True, [])
    assert stage.git("show", f"fk/{stage.newest()}/result:README.md") == "A project.\nmore\n"


def test_a_project_that_ignores_nothing_stays_clean(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: {name: text for name, text in _files(effects).items() if text != IGNORED})
    assert not (stage.root / ".fusion" / ".gitignore").exists()
    _a_run_leaves_it_as_it_was(stage)


def test_a_run_in_the_middle_of_a_persons_merge_leaves_it_to_them(open_stage: Opens) -> None:
    stage = open_stage(_files)
    stage.git("checkout", "-q", "-b", "other")
    stage.commit({"README.md": "theirs\n"})
    stage.git("checkout", "-q", "main")
    stage.commit({"README.md": "ours\n"})
    stage.git("merge", "other", code=1)
    before = _seen(stage)
    stage.call("run", "play")
    assert (_seen(stage), (stage.root / ".git" / "MERGE_HEAD").exists()) == (before, True)


def test_a_lock_left_by_a_git_that_died_with_its_runner_holds_nothing_up(open_stage: Opens) -> None:
    stage = open_stage(_files)
    stage.call("run", "play")
    pin = stage.root / ".git" / "refs" / "fusion-kit" / "pin"
    names = [path.name for path in pin.iterdir()]
    for name in names:
        (pin / f"{name}.lock").touch()
    stage.call("run", "play")
    assert (names, [audit(stage, run, END) for run in stage.runs()]) == (["shell-1"], [[], []])


def test_a_lock_on_a_branch_of_the_person_is_left_to_them(open_stage: Opens) -> None:
    into = "merge: {into: release}\n"
    stage = open_stage(lambda effects: project(effects, into + TASKS))
    lock = stage.root / ".git" / "refs" / "heads" / "release.lock"
    lock.touch()
    runner = stage.call("run", "play", "-o", "json", code=None)
    assert (runner.process.returncode, runner.document()["status"], lock.exists()) == (1, "failed", True)
