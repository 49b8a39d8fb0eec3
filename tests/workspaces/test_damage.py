"""What an agent can break in the shared repository is met: it does no harm, or it is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fusion_kit.core.code import Desk, DeskOrder, Landing
from fusion_kit.workspaces.errors import GitFailed, NoSuchCommit, RefMoved
from tests.workspaces.project import Project, git, tree, write


def _object(project: Project, name: str) -> Path:
    return project.common / "objects" / name[:2] / name[2:]


def _overwrite(project: Project, _desk: Desk) -> None:
    """Replace the content of a file's object behind everybody's back."""
    blob = git(project.top, "rev-parse", "HEAD:a.txt")
    other = git(project.top, "hash-object", "-w", "src/one.py")
    _object(project, blob).chmod(0o644)
    shutil.copyfile(_object(project, other), _object(project, blob))


def _replace_ref(project: Project, _desk: Desk) -> None:
    other = git(project.top, "hash-object", "-w", "src/one.py")
    git(project.top, "replace", git(project.top, "rev-parse", "HEAD:a.txt"), other)


HARMLESS: dict[str, Callable[[Project, Desk], object]] = {
    "refs/replace": _replace_ref,
    ".git/shallow": lambda project, _: write(project.common, {"shallow": f"{project.head}\n"}),
    "core.worktree": lambda project, _: git(project.top, "config", "core.worktree", str(project.top.parent / "home")),
    "assume-unchanged": lambda _, desk: git(desk.path, "update-index", "--assume-unchanged", "a.txt", "src/one.py"),
    "skip-worktree": lambda _, desk: git(desk.path, "update-index", "--skip-worktree", "a.txt", "src/one.py"),
    "info/exclude": lambda project, _: write(project.common, {"info/exclude": "*\n"}),
    "core.excludesFile": lambda project, _: (
        write(project.common, {"all": "*\n"}),
        git(project.top, "config", "core.excludesFile", str(project.common / "all")),
    ),
    "core.ignoreStat and fileMode": lambda project, _: (
        git(project.top, "config", "core.ignoreStat", "true"),
        git(project.top, "config", "core.checkStat", "minimal"),
    ),
    "core.autocrlf": lambda project, _: git(project.top, "config", "core.autocrlf", "true"),
    "core.sparseCheckout": lambda project, _: git(project.top, "config", "core.sparseCheckout", "true"),
    "reflog expire and gc": lambda project, _: (
        git(project.top, "reflog", "expire", "--expire=now", "--all"),
        git(project.top, "gc", "-q", "--prune=now"),
    ),
    "packed refs": lambda project, _: git(project.top, "pack-refs", "--all"),
    "an index.lock in the person's checkout": lambda project, _: (project.common / "index.lock").touch(),
    "grafts": lambda project, _: write(project.common, {"info/grafts": f"{project.head}\n"}),
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_it_does_no_harm(project: Project, tmp_path: Path, name: str) -> None:
    base = project.commit({"second.txt": "2\n"})
    desk = await project.desk()
    (tmp_path / "home").mkdir()
    HARMLESS[name](project, desk)
    write(desk.path, {"a.txt": "changed\n", "new.txt": "new\n", "src/one.py": "2\n"})
    spaces = project.spaces
    kept = await spaces.keep(project.order(desk))
    assert kept.files == ("a.txt", "new.txt", "src/one.py")
    content = git(project.top, "--no-replace-objects", "show", f"{kept.commit}:a.txt")
    assert content == "changed"
    again = await spaces.prepare(DeskOrder("coder-1", base, stamp=project.stamp("t2")))
    assert (again.salvaged, tree(again.path)["a.txt"], (again.path / "new.txt").exists()) == ((), "a\n", False)
    landing = Landing("run-1", "fk/run-1/result", base, {"t1": kept.commit}, strategy="rebase")
    assert await spaces.assemble(landing) == kept.commit
    await spaces.publish(landing, kept.commit)
    assert await spaces.tip("fk/run-1/result") == kept.commit
    assert list((tmp_path / "home").iterdir()) == []


async def test_another_agents_workspace_that_was_removed_is_made_again(project: Project) -> None:
    mine, other = await project.desk("t1", "a-1"), await project.desk("t2", "b-1")
    git(mine.path, "worktree", "remove", "--force", str(other.path))
    assert tree((await project.desk("t3", "b-1")).path) == tree(mine.path)


async def test_a_branch_that_was_deleted_is_missed(project: Project) -> None:
    first = await project.work("t1", {"one.txt": "1\n"})
    git(project.top, "update-ref", "-d", "refs/heads/fk/run-1/t/t1")
    desk = await project.desk("t2")
    write(desk.path, {"two.txt": "2\n"})
    with pytest.raises(RefMoved, match="t1 is not where this run left it"):
        await project.spaces.keep(project.order(desk, "t1", expected=first))


async def test_a_commit_collected_by_gc_is_named_and_the_others_stay(project: Project) -> None:
    one = await project.work("t1", {"one.txt": "1\n"})
    two = await project.work("t2", {"two.txt": "2\n"})
    both = await project.spaces.combine({"t1": one, "t2": two})
    git(project.top, "gc", "-q", "--prune=now")
    with pytest.raises(NoSuchCommit, match=both):
        await project.desk("t3", base=both)
    assert await project.spaces.combine({"t1": one, "t2": two}) == both
    assert (await project.desk("t3", base=both)).base == both


async def test_the_base_of_a_clone_survives_gc_while_the_agent_works(project: Project) -> None:
    one = await project.work("t1", {"one.txt": "1\n"})
    desk = await project.desk("t2", "c-1", base=one, isolation="clone")
    git(project.top, "update-ref", "-d", "refs/heads/fk/run-1/t/t1")
    await project.desk("t3")
    git(project.top, "reflog", "expire", "--expire=now", "--all")
    git(project.top, "gc", "-q", "--prune=now")
    assert git(desk.path, "fsck") == ""
    write(desk.path, {"two.txt": "2\n"})
    assert (await project.keep(desk, "t2")).files == ("two.txt",)


async def test_an_agent_in_a_clone_cannot_corrupt_the_repository_through_shared_files(project: Project) -> None:
    desk = await project.desk(isolation="clone")
    mine = {path.stat().st_ino for path in (desk.path / ".git").rglob("*") if path.is_file()}
    theirs = {path.stat().st_ino for path in (project.common / "objects").rglob("*") if path.is_file()}
    assert not mine & theirs


BREAKING: dict[str, Callable[[Project, Desk], object]] = {
    "the objects are gone": lambda project, _: shutil.rmtree(project.common / "objects"),
    "a repository format from the future": lambda project, _: git(
        project.top, "config", "core.repositoryformatversion", "99"
    ),
    "a base whose file was lost": lambda project, _: _object(project, project.tip("HEAD:a.txt")).unlink(),
}


@pytest.mark.parametrize("name", BREAKING)
async def test_what_makes_work_impossible_is_said_and_nothing_of_the_agents_is_lost(
    project: Project, name: str
) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "precious\n"})
    spaces, head = project.spaces, project.head
    trash = project.state / "trash"
    BREAKING[name](project, desk)
    with pytest.raises((GitFailed, RefMoved, NoSuchCommit)):
        await spaces.prepare(DeskOrder("new-1", head))
    with suppress(GitFailed, RefMoved, NoSuchCommit):  # salvaging may bring a lost file's object back
        await spaces.prepare(DeskOrder("coder-1", head, isolation="clone"))
    found = [desk.path / "new.txt", *trash.glob("*/*/new.txt")]
    assert [path.read_text() for path in found if path.exists()] == ["precious\n"]


async def test_an_overwritten_object_changes_nothing_in_what_is_kept(project: Project) -> None:
    desk = await project.desk()
    _overwrite(project, desk)
    write(desk.path, {"new.txt": "x\n"})
    kept = await project.keep(desk)
    assert kept.files == ("new.txt",)  # the file in the workspace was right, and so is its name in the tree
    assert project.tip(f"{kept.commit}:a.txt") == project.tip("HEAD:a.txt")
