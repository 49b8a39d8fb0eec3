"""A workspace is made once, reused by difference, and never emptied before what it holds is safe."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fusion_kit.core.code import Desk, DeskOrder
from fusion_kit.core.errors import BadId
from fusion_kit.workspaces.errors import BadName, NoCommits, NoSuchCommit
from fusion_kit.workspaces.settings import WorkspaceSettings
from tests.workspaces.project import Project, git, gone, tree, write

FIRST = {"a.txt": "a\n", "src/one.py": "1\n", ".gitignore": "*.log\nbuild/\n"}


@pytest.mark.parametrize("isolation", ["worktree", "clone"])
async def test_a_new_workspace_holds_the_base_and_the_agents_own_git_finds_it_clean(
    project: Project, isolation: str
) -> None:
    desk = await project.desk(isolation=isolation)
    home = project.top / "workspaces" / "coder-1"
    assert desk == Desk("coder-1", home / "projects" / "shop", project.head)
    assert tree(desk.path) == FIRST
    assert git(desk.path, "status", "--porcelain", "--branch") == "## HEAD (no branch)"
    assert git(desk.path, "rev-parse", "HEAD") == project.head
    assert git(desk.path, "remote") == ""
    assert git(project.top, "status", "--porcelain") == ""
    private = [home.parent, home, home / ".agent", home / "logs", home / "projects"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o700] * 5
    assert (home.parent / ".gitignore").read_text() == "*\n"


async def test_24_agents_created_at_once_all_get_a_workspace(project: Project) -> None:
    spaces, head = project.spaces, project.head
    desks = await asyncio.gather(*(spaces.prepare(DeskOrder(f"coder-{n}", head)) for n in range(24)))
    assert [tree(desk.path) for desk in desks] == [FIRST] * 24
    assert len(git(project.top, "worktree", "list").splitlines()) == 25
    assert git(project.top, "fsck", "--strict") == ""


@pytest.mark.parametrize("isolation", ["worktree", "clone"])
async def test_reuse_moves_to_the_next_base_and_leaves_nothing_ignored_behind(project: Project, isolation: str) -> None:
    desk = await project.desk(isolation=isolation)
    write(desk.path, {"run.log": "x", "build/out": "x", "src/build/deep": "x"})
    os.mkfifo(desk.path / "build" / "pipe")
    (desk.path / "empty").mkdir()
    second = project.commit({"a.txt": "second\n", "b/c.txt": "new\n"})
    again = await project.desk("t2", isolation=isolation)
    assert again == Desk("coder-1", desk.path, second)
    assert tree(desk.path) == FIRST | {"a.txt": "second\n", "b/c.txt": "new\n"}
    assert not (desk.path / "empty").exists()
    assert not (desk.path / "build").exists()
    assert git(desk.path, "status", "--porcelain", "--ignored", "--branch") == "## HEAD (no branch)"
    assert git(desk.path, "rev-parse", "HEAD") == second


async def test_a_workspace_keeps_its_files_inode_by_inode_when_it_is_reused(project: Project) -> None:
    desk = await project.desk()
    before = (desk.path / "src" / "one.py").stat().st_ino
    await project.desk("t2", base=project.commit({"a.txt": "second\n"}))
    assert (desk.path / "src" / "one.py").stat().st_ino == before


async def test_what_no_branch_holds_is_salvaged_before_it_is_cleaned_away(project: Project) -> None:
    desk = await project.desk("t1")
    write(desk.path, {"a.txt": "changed\n", "new.txt": "new\n", "x.log": "ignored"})
    (desk.path / "src" / "one.py").unlink()
    again = await project.desk("t2")
    assert again.salvaged == ("refs/fusion-kit/salvage/run-1/t1/1",)
    assert project.files(again.salvaged[0]) == {"a.txt": "changed", "new.txt": "new", ".gitignore": "*.log\nbuild/"}
    assert tree(desk.path) == FIRST
    write(desk.path, {"other.txt": "of t2\n"})
    assert (await project.desk("t3")).salvaged == ("refs/fusion-kit/salvage/run-1/t2/1",)


async def test_work_that_was_kept_is_not_salvaged_again(project: Project) -> None:
    desk = await project.desk("t1")
    write(desk.path, {"new.txt": "new\n"})
    await project.keep(desk)
    assert (await project.desk("t2")).salvaged == ()
    assert project.salvaged() == []


async def test_work_done_after_it_was_kept_is_salvaged(project: Project) -> None:
    desk = await project.desk("t1")
    write(desk.path, {"new.txt": "new\n"})
    await project.keep(desk)
    write(desk.path, {"late.txt": "late\n"})
    (ref,) = (await project.desk("t2")).salvaged
    assert project.files(ref)["late.txt"] == "late"


async def test_commits_an_agent_made_and_turned_away_from_are_salvaged(project: Project) -> None:
    desk = await project.desk("t1")
    write(desk.path, {"thought.txt": "one\n"})
    git(desk.path, "add", "-A")
    git(desk.path, "commit", "-q", "-m", "own")
    own = git(desk.path, "rev-parse", "HEAD")
    (desk.path / "thought.txt").unlink()
    assert (await project.desk("t2")).salvaged == ("refs/fusion-kit/salvage/run-1/t1/1",)
    assert project.tip(project.salvaged()[0]) == own


async def test_cached_paths_survive_and_are_never_anybodys_work(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "shop", settings=WorkspaceSettings(cache=("node_modules",)))
    desk = await project.desk()
    write(desk.path, {"node_modules/lib/index.js": "x", "node_modules/.git/HEAD": "x", "junk.log": "x"})
    assert not (await project.keep(desk)).changed
    await project.desk("t2")
    assert tree(desk.path) == FIRST | {"node_modules/lib/index.js": "x", "node_modules/.git/HEAD": "x"}


async def test_a_repository_an_agent_made_inside_is_put_away_and_not_deleted(project: Project) -> None:
    desk = await project.desk()
    git(desk.path, "init", "-q", "vendor")
    write(desk.path, {"vendor/precious.txt": "work\n"})
    await project.desk("t2")
    assert tree(desk.path) == FIRST
    (kept,) = (project.state / "trash").rglob("precious.txt")
    assert kept.read_text() == "work\n"


async def test_a_git_folder_hidden_in_a_tracked_folder_is_gone_for_the_next_task(project: Project) -> None:
    desk = await project.desk()
    git(desk.path, "init", "-q", "src")
    await project.desk("t2")
    assert not (desk.path / "src" / ".git").exists()


BREAKS: dict[str, Callable[[Project, Path], object]] = {
    "the folder is gone": lambda project, path: gone(path),
    "removed by its own git": lambda project, path: git(project.top, "worktree", "remove", "--force", str(path)),
    "the .git file is gone": lambda project, path: gone(path / ".git"),
    "another repository's .git": lambda project, path: git(gone(path / ".git").parent, "init", "-q"),
    "the .git file points elsewhere": lambda project, path: (path / ".git").write_text("gitdir: /nowhere\n"),
    "the admin entry is gone": lambda project, path: gone(project.common / "worktrees"),
    "the admin entry is locked": lambda project, path: git(project.top, "worktree", "lock", str(path)),
    "locked and gone": lambda project, path: (git(project.top, "worktree", "lock", str(path)), gone(path)),
    "a stale index.lock": lambda project, path: (project.common / "worktrees" / "shop" / "index.lock").touch(),
    "a stale HEAD.lock": lambda project, path: (project.common / "worktrees" / "shop" / "HEAD.lock").touch(),
    "our index is garbage": lambda project, path: (project.state / "desks/coder-1/index").write_bytes(b"x" * 99),
    "our index is locked": lambda project, path: (project.state / "desks/coder-1/index.lock").touch(),
    "our note is garbage": lambda project, path: (project.state / "desks/coder-1/note.json").write_text("{"),
    "our notes are gone": lambda project, path: gone(project.state / "desks"),
    "in the middle of a merge": lambda project, path: (project.common / "worktrees/shop/MERGE_HEAD").write_text("x"),
    "a file where it was": lambda project, path: gone(path).write_text("no folder"),
    "a symlink where it was": lambda project, path: gone(path).symlink_to(project.top),
    "projects is a symlink": lambda project, path: gone(path.parent).symlink_to(project.top),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
async def test_a_broken_workspace_is_made_good_again(project: Project, name: str) -> None:
    desk = await project.desk()
    write(desk.path, {"unsaved.txt": "work\n"})
    BREAKS[name](project, desk.path)
    second = project.commit({"a.txt": "second\n"})
    there = (desk.path / "unsaved.txt").exists()
    again = await project.desk("t2")
    assert tree(again.path) == FIRST | {"a.txt": "second\n"}
    assert git(again.path, "status", "--porcelain", "--branch") == "## HEAD (no branch)"
    assert git(again.path, "rev-parse", "HEAD") == second
    assert [project.files(ref)["unsaved.txt"] for ref in again.salvaged] == ["work"] * there
    assert project.files("main") == project.files(second)


async def test_a_base_the_repository_does_not_hold_changes_nothing(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"unsaved.txt": "work\n"})
    with pytest.raises(NoSuchCommit):
        await project.desk("t2", base="0123456789" * 4)
    assert tree(desk.path) == FIRST | {"unsaved.txt": "work\n"}


async def test_names_are_checked_before_git_or_the_disk_sees_them(project: Project) -> None:
    with pytest.raises(BadName):
        await project.desk(base="--upload-pack=touch /tmp/x")
    with pytest.raises(BadId):
        await project.desk(agent="../../etc")
    with pytest.raises(NoCommits, match="no commit yet"):
        await project.spaces.prepare(DeskOrder("coder-1", ""))
    assert not (project.top / "workspaces").exists()


async def test_retiring_an_agent_salvages_its_work_and_deletes_nothing(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "new\n"})
    assert await project.spaces.retire("coder-1") == ("refs/fusion-kit/salvage/run-1/t1/1",)
    assert not (project.top / "workspaces" / "coder-1").exists()
    assert [path.read_text() for path in (project.state / "trash").rglob("new.txt")] == ["new\n"]
    assert tree((await project.desk("t2")).path) == FIRST
