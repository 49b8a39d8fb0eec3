"""What differs between two commits: as data, and as the patch Git itself can apply."""

from __future__ import annotations

import pytest

from fusion_kit.workspaces.diffing import Diff, DiffFile
from fusion_kit.workspaces.errors import BadName
from tests.workspaces.project import Project, git

LINES = "".join(f"{number}\n" for number in range(20))


async def test_every_kind_of_change_is_told(project: Project) -> None:
    old = project.made(project.head, {"long.txt": LINES, "b.bin": b"\0old", "gone.txt": "1\n2\n"})
    changes: dict[str, str | bytes | None] = {
        "a.txt": "a\nb\n", "b.bin": b"\0new", "gone.txt": None, "new.txt": "x\n", "n\nl.txt": "1",
        "long.txt": None, "moved/long.txt": f"{LINES}20\n",
    }  # fmt: skip
    diff = await project.spaces.diff(old, project.made(old, changes))
    assert diff.files == (
        DiffFile("a.txt", "M", 1, 0),
        DiffFile("b.bin", "M", None, None),
        DiffFile("gone.txt", "D", 0, 2),
        DiffFile("moved/long.txt", "R", 1, 0, "long.txt"),
        DiffFile("n\nl.txt", "A", 1, 0),
        DiffFile("new.txt", "A", 1, 0),
    )
    assert b"rename from long.txt\nrename to moved/long.txt\n" in diff.patch
    assert b"Binary files a/b.bin and b/b.bin differ" in diff.patch


async def test_the_patch_makes_the_one_commit_of_the_other(project: Project) -> None:
    new = project.made(project.head, {"a.txt": "by me\n", "src/new.py": "1\n", ".gitignore": None})
    diff = await project.spaces.diff(project.head, new)
    (project.common / "the.patch").write_bytes(diff.patch)
    git(project.top, "apply", "--index", str(project.common / "the.patch"))
    assert git(project.top, "write-tree") == git(project.top, "rev-parse", f"{new}^{{tree}}")


async def test_paths_are_files_and_folders_and_never_patterns(project: Project) -> None:
    new = project.made(project.head, {"src/one.py": "2\n", "src/*": "star\n", "a.txt": "b\n", ":(top)x": "x\n"})

    async def named(*paths: str) -> list[str]:
        return [file.path for file in (await project.spaces.diff(project.head, new, paths)).files]

    assert await named("src") == ["src/*", "src/one.py"]
    assert await named("src/*", ":(top)x") == [":(top)x", "src/*"]
    assert await named("gone") == []


async def test_equal_commits_do_not_differ_and_names_of_commits_are_whole(project: Project) -> None:
    assert await project.spaces.diff(project.head, project.head) == Diff((), b"")
    with pytest.raises(BadName):
        await project.spaces.diff("main", "--output=/tmp/x")
