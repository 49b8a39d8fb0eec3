"""Merging without a checkout: the same parents give the same commit, and conflicts have names."""

from __future__ import annotations

import pytest

from fusion_kit.core.code import CommitConflict
from fusion_kit.workspaces.errors import NoSuchCommit
from tests.workspaces.project import Project, git


async def test_two_parents_become_one_commit_that_is_always_the_same(project: Project) -> None:
    one = await project.work("t1", {"one.txt": "1\n", "a.txt": "by one\n"})
    two = await project.work("t2", {"two.txt": "2\n"})
    both = await project.spaces.combine({"t2": two, "t1": one})
    assert project.files(both) == project.files(one) | {"two.txt": "2"}
    assert await project.spaces.combine({"t1": one, "t2": two}) == both
    assert git(project.top, "log", "-1", "--format=%P|%s|%an|%at", both) == (
        f"{one} {two}|Merge t2 into t1|fusion-kit|1767355200"
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
