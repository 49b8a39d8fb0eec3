"""A hash of files: equal for equal files, whether they are committed or just lie there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workspaces.project import Project, git, gone, write

EVERYTHING = ("**",)
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


async def test_the_folder_as_it_lies_there_is_equal_to_its_commit(project: Project) -> None:
    write(project.top, {"b/c.py": "1\n", "run.sh": "#!/bin/sh\n", "new\nline.txt": "x", "bl\u00e4h.txt": "x"})
    (project.top / "run.sh").chmod(0o755)
    (project.top / "link").symlink_to("nowhere")
    lying = await project.spaces.digest(None, EVERYTHING)
    git(project.top, "add", "-A")
    staged = await project.spaces.digest(None, EVERYTHING)
    git(project.top, "commit", "-q", "-m", "all")
    assert {lying, staged, await project.spaces.digest(None, EVERYTHING)} == {
        await project.spaces.digest(project.head, EVERYTHING)
    }


def _linked(path: Path) -> None:
    gone(path).symlink_to("1\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda top: write(top, {"src/one.py": "2\n"}),
    "the same size": lambda top: write(top, {"src/one.py": "3\n"}),
    "another name": lambda top: (top / "src/one.py").rename(top / "src/two.py"),
    "one more": lambda top: write(top, {"src/deep/er/two.py": ""}),
    "one less": lambda top: gone(top / "src/one.py"),
    "a mode": lambda top: (top / "src/one.py").chmod(0o755),
    "a link": lambda top: _linked(top / "src/one.py"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_matches_and_changes_changes_it(project: Project, name: str) -> None:
    before = await project.spaces.digest(None, ["src/**/*.py"])
    CHANGES[name](project.top)
    after = await project.spaces.digest(None, ["src/**/*.py"])
    git(project.top, "add", "-A")
    git(project.top, "commit", "-q", "-m", "changed")
    assert after != before
    assert await project.spaces.digest(project.head, ["src/**/*.py"]) == after


STAYS: dict[str, dict[str, str]] = {
    "what does not match": {"a.txt": "other\n", "other.py": "x"},
    "ignored files": {"src/x.log": "x", "build/x.py": "x"},
    "the state of the project and its workspaces": {".fusion/state/x.py": "x", "workspaces/coder-1/x.py": "x"},
    "a file that was only touched": {"src/one.py": "1\n"},
}


@pytest.mark.parametrize("name", STAYS)
async def test_what_does_not_count_changes_nothing(project: Project, name: str) -> None:
    patterns = ["src/**", ".fusion/**", "workspaces/**", "build/**"]
    before = await project.spaces.digest(None, patterns)
    write(project.top, STAYS[name])
    assert await project.spaces.digest(None, patterns) == before


async def test_a_folder_named_workspaces_that_git_holds_counts(project: Project) -> None:
    project.commit({"workspaces/mine.py": "1\n"})
    committed = await project.spaces.digest(project.head, ["workspaces/**"])
    assert committed not in (NOTHING, await project.spaces.digest(None, ["src/**"]))
    assert await project.spaces.digest(None, ["workspaces/**"]) == committed


async def test_no_pattern_and_no_match_are_the_hash_of_nothing(project: Project) -> None:
    spaces = project.spaces
    assert [await spaces.digest(None, []), await spaces.digest(project.head, ["*.rs"])] == [NOTHING, NOTHING]


async def test_line_ends_are_those_of_a_commit(project: Project) -> None:
    git(project.top, "config", "core.autocrlf", "true")
    project.commit({"unix.txt": "1\n2\n"})
    await project.spaces.freeze()
    (project.top / "unix.txt").write_bytes(b"1\r\n2\r\n")
    assert await project.spaces.digest(None, ["unix.txt"]) == await project.spaces.digest(project.head, ["unix.txt"])


async def test_a_half_done_merge_counts_as_it_lies_there(project: Project) -> None:
    ours = project.commit({"a.txt": "ours\n"})
    git(project.top, "checkout", "-q", "-b", "side", "HEAD~1")
    project.commit({"a.txt": "theirs\n"})
    git(project.top, "merge", "-q", "main", allowed=(1,))
    write(project.top, {"a.txt": "ours\n"})
    assert await project.spaces.digest(None, ["a.txt"]) == await project.spaces.digest(ours, ["a.txt"])


async def test_before_the_first_commit_there_are_files_already(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    git(tmp_path / "new", "init", "-q")
    project = Project(write(tmp_path / "new", {"a.py": "1\n"}))
    lying = await project.spaces.digest(None, ["*.py"])
    project.commit({})
    assert lying == await project.spaces.digest(project.head, ["*.py"])


async def test_patterns_begin_at_the_project_s_folder_wherever_that_is_in_the_repository(project: Project) -> None:
    project.commit({"shop/src/x.py": "1\n"})
    inner = Project(project.top / "shop")
    lying = await inner.spaces.digest(None, ["src/*.py"])
    assert lying == await inner.spaces.digest(project.head, ["src/*.py"])
    assert lying not in (NOTHING, await project.spaces.digest(None, ["src/*.py"]))
    assert await inner.spaces.digest(None, ["a.txt"]) == NOTHING


async def test_looking_changes_neither_the_index_nor_the_objects(project: Project) -> None:
    write(project.top, {"a.txt": "other\n", "new.txt": "x"})
    await project.spaces.digest(None, EVERYTHING)
    before = git(project.top, "ls-files", "-s"), git(project.top, "count-objects"), git(project.top, "status", "-s")
    await project.spaces.digest(None, EVERYTHING)
    after = git(project.top, "ls-files", "-s"), git(project.top, "count-objects"), git(project.top, "status", "-s")
    assert after == before
