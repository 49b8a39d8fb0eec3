"""Merging without a checkout: the same parents give the same commit, conflicts have names, nobody's files are moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_kit.core.code import CommitConflict, Landing
from fusion_kit.workspaces.errors import NoSuchCommit, RefMoved, TargetBusy
from tests.workspaces.project import Project, git, write


async def test_two_parents_become_one_commit_that_is_always_the_same(project: Project) -> None:
    one = await project.work("t1", {"one.txt": "1\n", "a.txt": "by one\n"})
    two = await project.work("t2", {"two.txt": "2\n"})
    both = await project.spaces.combine({"t2": two, "t1": one})
    assert project.files(both) == project.files(one) | {"two.txt": "2"}
    assert await project.spaces.combine({"t1": one, "t2": two}) == both
    assert git(project.top, "log", "-1", "--format=%P|%s|%an|%at", both) == (
        f"{one} {two}|Merge t2 with t1|fusion-kit|1767355200"
    )
    assert git(project.top, "fsck", "--strict", both) == ""


async def test_one_parent_equal_parents_and_ancestors_need_no_merge(project: Project) -> None:
    base = project.head
    one = await project.work("t1", {"one.txt": "1\n"})
    two = await project.work("t2", {"two.txt": "2\n"}, base=one)
    spaces = project.spaces
    assert await spaces.combine({"t1": one}) == one
    assert await spaces.combine({"t1": one, "again": one}) == one
    assert await spaces.combine({"t1": one, "t2": two, "plan": base}) == two


async def test_a_conflict_names_the_two_tasks_and_the_files(project: Project) -> None:
    base = project.head
    one = await project.work("t1", {"one.txt": "1\n"}, base)
    two = await project.work("t2", {"a.txt": "by two\n", "src/one.py": "two\n", "fine.txt": "x\n"}, base)
    three = await project.work("t3", {"a.txt": "by three\n", "src/one.py": "three\n"}, base)
    with pytest.raises(CommitConflict) as caught:
        await project.spaces.combine({"t1": one, "t2": two, "t3": three})
    assert str(caught.value) == "The work of t2 and t3 does not merge: a.txt, src/one.py."
    assert caught.value.facts == {"left": "t2", "right": "t3", "files": ("a.txt", "src/one.py")}


async def test_a_file_changed_by_one_and_deleted_by_the_other_is_a_conflict(project: Project) -> None:
    one = await project.work("t1", {"a.txt": "changed\n"})
    desk = await project.desk("t2")
    (desk.path / "a.txt").unlink()
    two = (await project.keep(desk, "t2")).commit
    with pytest.raises(CommitConflict, match=r"The work of t1 and t2 does not merge: a\.txt\."):
        await project.spaces.combine({"t1": one, "t2": two})


async def test_a_commit_that_is_gone_is_named(project: Project) -> None:
    with pytest.raises(NoSuchCommit, match="0123456789"):
        await project.spaces.combine({"t1": project.head, "t2": "0123456789" * 4})


async def _landing(project: Project, branch: str = "fk/run-1/result") -> Landing:
    base = project.head
    one = await project.work("t1", {"one.txt": "1\n"}, base)
    two = await project.work("t2", {"a.txt": "two\n"}, base)
    return Landing("run-1", branch, base, {"t1": one, "t2": two})


async def test_work_lands_on_a_new_branch_and_landing_again_changes_nothing(project: Project) -> None:
    landing = await _landing(project)
    tip = await project.spaces.land(landing)
    assert project.tip(landing.branch) == tip
    assert project.files(tip) == {".gitignore": "*.log\nbuild/", "a.txt": "two", "one.txt": "1", "src/one.py": "1"}
    assert await project.spaces.land(landing) == tip
    assert project.head == landing.base


async def test_a_branch_somebody_moved_is_not_moved_back(project: Project) -> None:
    landing = await _landing(project)
    git(project.top, "branch", "fk/run-1/result")
    with pytest.raises(RefMoved, match="fk/run-1/result is not where this run left it"):
        await project.spaces.land(landing)
    assert project.tip("fk/run-1/result") == landing.base


async def test_a_clean_checkout_of_the_branch_is_moved_along(project: Project) -> None:
    landing = await _landing(project, "main")
    write(project.top, {"notes.txt": "untracked\n"})
    tip = await project.spaces.land(replace(landing, expected=landing.base))
    assert project.head == tip
    assert git(project.top, "status", "--porcelain") == "?? notes.txt"
    assert (project.top / "one.txt").read_text() == "1\n"


async def test_a_linked_checkout_of_the_branch_is_moved_along(project: Project, tmp_path: Path) -> None:
    git(project.top, "worktree", "add", "-q", "-b", "trunk", str(tmp_path / "linked"))
    landing = await _landing(project, "trunk")
    tip = await project.spaces.land(replace(landing, expected=landing.base))
    assert git(tmp_path / "linked", "rev-parse", "HEAD") == tip
    assert git(tmp_path / "linked", "status", "--porcelain") == ""


BUSY: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda top: write(top, {"src/one.py": "mine\n"}), "uncommitted changes in src/one.py"),
    "staged": (
        lambda top: git(write(top, {"s.txt": "x"}), "add", "s.txt"),
        "uncommitted changes in s.txt",
    ),
    "in the way": (lambda top: write(top, {"one.txt": "mine\n"}), "one.txt"),
    "mid-merge": (lambda top: (top / ".git" / "MERGE_HEAD").write_text("x"), "a merge is going on"),
    "locked": (lambda top: (top / ".git" / "index.lock").touch(), "index.lock"),
}


@pytest.mark.parametrize("name", BUSY)
async def test_nothing_moves_under_a_checkout_that_is_in_use(project: Project, name: str) -> None:
    plant, reason = BUSY[name]
    landing = replace(await _landing(project, "main"), expected=project.head)
    plant(project.top)
    before = git(project.top, "status", "--porcelain")
    with pytest.raises(TargetBusy, match=reason) as caught:
        await project.spaces.land(landing)
    assert caught.value.way_out == "Commit or put away what is there, then: fusion-kit merge run-1"
    assert git(project.top, "status", "--porcelain") == before
    assert project.head == landing.base


async def test_a_crash_between_the_files_and_the_ref_is_finished_by_landing_again(project: Project) -> None:
    landing = replace(await _landing(project, "main"), expected=project.head)
    tip = await project.spaces.land(landing)
    git(project.top, "update-ref", "refs/heads/main", landing.base)
    assert await project.spaces.land(landing) == tip
    assert git(project.top, "status", "--porcelain") == ""
