"""Conflicts left between Git's markers for an agent, and whether the agent settled them."""

from __future__ import annotations

import pytest

from fusion_kit.core.code import Marked
from tests.workspaces.project import Project, git

LINES = "1\n2\n3\n4\n5\n"


async def _marked(project: Project, *works: dict[str, str | bytes | None]) -> Marked:
    base = project.made(project.head, {"long.txt": LINES, "b.bin": b"\0base"})
    commits = {f"t{number}": project.made(base, files) for number, files in enumerate(works, 1)}
    marked = await project.spaces.mark_conflicts(commits)
    assert await project.spaces.mark_conflicts(dict(reversed(commits.items()))) == marked
    assert git(project.top, "fsck", "--strict", "--no-dangling", marked.commit) == ""
    return marked


async def test_work_that_merges_is_merged_and_has_no_marks(project: Project) -> None:
    one, two = project.made(project.head, {"1": "1"}), project.made(project.head, {"2": "2"})
    marked = await project.spaces.mark_conflicts({"t1": one, "t2": two})
    assert marked == Marked(await project.spaces.combine({"t1": one, "t2": two}))


async def test_one_parent_and_ancestors_need_no_merge(project: Project) -> None:
    base = project.head
    one = project.made(base, {"1": "1"})
    assert await project.spaces.mark_conflicts({"t1": one}) == Marked(one)
    assert await project.spaces.mark_conflicts({"t0": base, "t1": one}) == Marked(one)


async def test_both_sides_stand_between_markers_beside_what_merged(project: Project) -> None:
    marked = await _marked(project, {"a.txt": "one\n", "1": "1"}, {"a.txt": "two\n", "2": "2"})
    lines = project.files(marked.commit)["a.txt"].splitlines()
    assert [line.split(" ")[0] for line in lines] == ["<<<<<<<", "one", "=======", "two", ">>>>>>>"]
    assert {"1", "2"} < set(project.files(marked.commit))
    assert marked.files == ("a.txt",)
    assert git(project.top, "log", "-1", "--format=%s", marked.commit) == "Merge t2 into t1, in conflict"


async def test_three_parents_collect_all_their_conflicts(project: Project) -> None:
    marked = await _marked(project, {"a.txt": "1\n", "x": "1\n"}, {"a.txt": "2\n"}, {"x": "3\n", "y": "3"})
    assert marked.files == ("a.txt", "x")
    assert project.files(marked.commit)["y"] == "3"


async def test_a_binary_file_keeps_one_side_and_is_named(project: Project) -> None:
    marked = await _marked(project, {"b.bin": b"\0one"}, {"b.bin": b"\0two"})
    assert marked.files == ("b.bin",)
    assert git(project.top, "cat-file", "-p", f"{marked.commit}:b.bin") in ("\0one", "\0two")
    assert await project.spaces.unresolved(marked.commit, marked.files) == ()


async def test_a_file_changed_here_and_deleted_there_stays_as_it_was_changed_and_is_named(project: Project) -> None:
    marked = await _marked(project, {"a.txt": "changed\n"}, {"a.txt": None})
    assert (marked.files, project.files(marked.commit)["a.txt"]) == (("a.txt",), "changed")


async def test_a_file_renamed_in_two_ways_is_there_under_both_names(project: Project) -> None:
    marked = await _marked(project, {"long.txt": None, "one.txt": LINES}, {"long.txt": None, "two.txt": LINES})
    assert {"one.txt", "two.txt"} <= set(project.files(marked.commit))
    assert set(marked.files) >= {"one.txt", "two.txt"}


async def test_a_file_in_the_way_of_a_folder_is_there_beside_it(project: Project) -> None:
    marked = await _marked(project, {"n": "file\n"}, {"n/x": "folder\n"})
    assert project.files(marked.commit)["n/x"] == "folder"
    assert "file" in project.files(marked.commit).values()
    assert marked.files


MARKED = "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n"
LEFT: dict[str, str | bytes] = {
    "both.txt": f"x\n{MARKED}",
    "crlf.txt": MARKED.replace("\n", "\r\n"),
    "begin only.txt": "<<<<<<< a\n",
    "end only.txt": "x\n>>>>>>> b",
    "new\nline.txt": MARKED,
    "\udcff.txt": MARKED,
    "latin.txt": b"\xe4\n<<<<<<< a\n",
}
SETTLED: dict[str, str | bytes] = {
    "empty.txt": "",
    "heading.md": "Title\n=======\n",
    "quoted.md": "> <<<<<<< a\n  >>>>>>> b\n",
    "eight.txt": "<<<<<<<< a\n",
    "binary.bin": b"\0\n<<<<<<< a\n",
}


async def test_files_with_markers_at_a_line_s_beginning_are_not_settled(project: Project) -> None:
    commit = project.made(project.head, LEFT | SETTLED)
    asked = [*SETTLED, "src", "gone.txt", *LEFT, "a.txt", "both.txt"]
    assert await project.spaces.unresolved(commit, asked) == tuple(LEFT)
    assert await project.spaces.unresolved(commit, []) == ()


@pytest.mark.parametrize("settled", ["both\n", None])
async def test_an_agent_s_commit_settles_them(project: Project, settled: str | None) -> None:
    marked = await _marked(project, {"a.txt": "one\n"}, {"a.txt": "two\n"})
    assert await project.spaces.unresolved(marked.commit, marked.files) == ("a.txt",)
    commit = project.made(marked.commit, {"a.txt": settled})
    assert await project.spaces.unresolved(commit, marked.files) == ()
