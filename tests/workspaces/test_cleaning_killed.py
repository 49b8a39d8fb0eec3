"""kill -9 of `clean` and of `rescue` at any moment: what was known before is held by a ref or lies in a folder."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusion_kit.bootstrap.care import Care
from fusion_kit.bootstrap.premises import Premises
from fusion_kit.workspaces.sweeping import wipe
from tests.workspaces.leavings import ended, swept
from tests.workspaces.project import Project, git, write

TIMES = int(os.environ.get("FUSION_TORTURE") or 10)
WORK = ("uncommitted by coder", "untracked by coder", "committed by coder", "on a branch", "in a deleted worktree")


def _left(project: Project) -> None:
    """Leave one of everything that holds work."""
    asyncio.run(project.work("t1", {"one.txt": "on a branch"}))
    desk = asyncio.run(project.desk("t2", agent="coder-2"))
    write(desk.path, {"b.txt": "committed by coder"})
    git(desk.path, "add", "-A")
    git(desk.path, "commit", "-q", "-m", "mine")
    write(desk.path, {"a.txt": "uncommitted by coder", "new.txt": "untracked by coder"})
    desk = asyncio.run(project.desk("t3", agent="coder-3"))
    write(desk.path, {"c.txt": "in a deleted worktree"})
    git(desk.path, "add", "-A")
    git(desk.path, "commit", "-q", "-m", "mine")
    for path in (project.top / "workspaces" / "coder-3", project.state / "desks" / "coder-3"):
        shutil.rmtree(path)
    ended(project, agents=("coder-1", "coder-2"))


def _held(project: Project) -> set[str]:
    """Return what of the work any ref leads to, or lies in a workspace, or any HEAD of a worktree leads to."""
    heads = [path.read_text().strip() for path in project.common.glob("worktrees/*/HEAD")]
    listed = git(project.top, "rev-list", "--objects", "--all", *heads).splitlines()
    blobs = [line.split(" ")[0] for line in listed if line.endswith(".txt")]
    found = {git(project.top, "cat-file", "blob", blob) for blob in blobs}
    for path in (project.top / "workspaces").rglob("*.txt"):
        found.add(path.read_text())
    return found & set(WORK)


def _killed(work: Callable[[], object], after_s: float) -> bool:
    """Do something in a process of its own and kill that; return whether it was over before."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(after_s)
    was_over = process.exitcode is not None
    process.kill()
    process.join()
    return was_over


def _again(there: Path, before: Path) -> None:
    """Lay everything back where it was; worktrees know their places."""
    wipe(there)
    shutil.copytree(before, there, symlinks=True)


@pytest.mark.torture
def test_a_killed_clean_lost_nothing_and_the_next_one_finishes_it(project: Project, tmp_path: Path) -> None:
    _left(project)
    assert _held(project) == set(WORK)
    before = tmp_path / "before"
    shutil.copytree(project.top, before, symlinks=True)
    began_s = time.monotonic()
    swept(project)
    whole_s = time.monotonic() - began_s
    chance = random.Random(7)
    for _ in range(TIMES):
        _again(project.top, before)
        after_s = chance.uniform(0.0, whole_s * 1.2)
        _killed(lambda: swept(project), after_s)
        assert _held(project) == set(WORK), f"killed after {after_s:.3f} s"
        items = swept(project)
        assert [item.kept for item in items if item.judgement.goes] == [""] * sum(item.goes for item in items)
        assert _held(project) == set(WORK), f"killed after {after_s:.3f} s, and cleaned"
        assert [path.name for path in (project.state / "discarded").iterdir()] == []
        assert {item.goes for item in swept(project)} <= {False}
        assert [path.name for path in (project.top / "workspaces").iterdir() if path.is_dir()] == []
        assert git(project.top, "fsck", "--connectivity-only", "--no-dangling") == ""


@pytest.mark.torture
def test_a_killed_rescue_leaves_all_of_it_or_nothing(project: Project, tmp_path: Path) -> None:
    desk = asyncio.run(project.desk())
    write(desk.path, {f"d{number}/f.txt": "left\n" for number in range(300)})
    asyncio.run(project.desk("t2"))
    (project.top / ".fusion").mkdir()
    care = Care(Premises(project.top))
    (saved,) = care.saved(None)
    began_s = time.monotonic()
    care.restore(saved, tmp_path / "whole")
    whole_s = time.monotonic() - began_s
    expected = sorted(path.name for path in (tmp_path / "whole").iterdir())
    chance = random.Random(7)
    for number in range(TIMES):
        to = tmp_path / str(number) / "found"
        after_s = chance.uniform(0.0, whole_s * 1.5)
        was_over = _killed(lambda to=to: care.restore(saved, to), after_s)  # type: ignore[misc]  # a default of a lambda
        there = sorted(path.name for path in to.iterdir()) if to.exists() else []
        assert there == expected or (there == [] and not was_over)
        assert care.saved(None) == [saved]
        if not there:
            care.restore(saved, to)
            assert sorted(path.name for path in to.iterdir()) == expected
