"""Conflicts foreseen while an agent is at work: a look that leaves no trace, and says nothing where it cannot tell."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.settings import WorkspaceSettings
from tests.workspaces.project import Project, git, write


@pytest.mark.parametrize("isolation", ["worktree", "clone"])
async def test_files_that_would_conflict_are_named_before_anything_is_committed(
    project: Project, isolation: str
) -> None:
    desk = await project.desk(isolation=isolation)
    write(desk.path, {"a.txt": "mine\n", "new.txt": "mine\n", "mine.txt": "x\n", "src/one.py": "1\n2\n"})
    theirs = project.made(desk.base, {"a.txt": "theirs\n", "new.txt": "theirs\n", "theirs.txt": "x\n"})
    assert await project.spaces.clashes(theirs, desk) == ("a.txt", "new.txt")
    write(desk.path, {"a.txt": "theirs\n", "new.txt": "theirs\n"})
    assert await project.spaces.clashes(theirs, desk) == ()


async def test_what_an_agent_deleted_or_committed_by_itself_counts_as_it_lies_there(project: Project) -> None:
    desk = await project.desk()
    (desk.path / "a.txt").unlink()
    write(desk.path, {"src/one.py": "mine\n"})
    git(desk.path, "commit", "-q", "-a", "-m", "of its own")
    theirs = project.made(desk.base, {"a.txt": "theirs\n", "src/one.py": "theirs\n"})
    assert await project.spaces.clashes(theirs, desk) == ("a.txt", "src/one.py")


async def test_ignored_files_and_what_keep_would_refuse_do_not_count(project: Project) -> None:
    project.settings = WorkspaceSettings(file_limit_bytes=100)
    desk = await project.desk()
    git(desk.path, "init", "-q", "nested")
    write(desk.path, {"x.log": "mine\n", "large.txt": "x" * 200, "nested/y": "mine\n"})
    os.mkfifo(desk.path / "fifo")
    theirs = project.made(desk.base, {"x.log": "theirs\n", "large.txt": "theirs\n", "nested/y": "theirs\n"})
    assert await project.spaces.clashes(theirs, desk) == ()


def _lying(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file with the time it was written and its content."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


async def test_looking_leaves_no_trace(project: Project) -> None:
    desk = await project.desk()
    theirs = project.made(desk.base, {"a.txt": "theirs\n"})
    write(desk.path, {"a.txt": "mine\n", "new.txt": "mine\n"})
    await project.spaces.clashes(theirs, desk)
    before = _lying(project.top)
    assert await project.spaces.clashes(theirs, desk) == ("a.txt",)
    assert _lying(project.top) == before


async def test_the_attempt_is_kept_as_if_nobody_had_looked(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "mine\n"})
    theirs = project.made(desk.base, {"a.txt": "theirs\n"})
    looking = asyncio.gather(*(project.spaces.clashes(theirs, desk) for _ in range(3)))
    kept, looked = await asyncio.gather(project.keep(desk), looking)
    assert kept.files == ("a.txt",)
    assert looked == [("a.txt",)] * 3
    assert git(desk.path, "status", "--porcelain") == "M a.txt"


async def test_where_it_cannot_tell_it_says_nothing(project: Project, tmp_path: Path) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "mine\n"})
    theirs = project.made(desk.base, {"a.txt": "theirs\n"})
    look = project.spaces.clashes
    assert await look("0123456789" * 4, desk) == ()
    assert await look("no commit", desk) == ()
    assert await look(theirs, replace(desk, path=tmp_path / "gone")) == ()
    assert await look(theirs, replace(desk, base="0123456789" * 4)) == ()
    project.git = Git(timeout_s=0.0001)
    assert await project.spaces.clashes(theirs, desk) == ()


async def test_a_folder_the_agent_locked_stops_nothing(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "mine\n", "locked/x": "x"})
    (desk.path / "locked").chmod(0o000)
    (desk.path / ".git").write_text("gitdir: /nowhere\n")
    theirs = project.made(desk.base, {"a.txt": "theirs\n"})
    try:
        assert await project.spaces.clashes(theirs, desk) == ("a.txt",)
    finally:
        (desk.path / "locked").chmod(0o700)
