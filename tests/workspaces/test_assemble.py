"""What a landing would give, as one commit: three strategies, the same files, and no ref of anybody's is moved."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion_kit.core.code import CommitConflict, Landing
from fusion_kit.workspaces.errors import GitFailed, NoSuchCommit
from tests.workspaces.project import Project, git

STRATEGIES = ("merge", "squash", "rebase")
Work = dict[str, str | bytes | None]


def _landing(project: Project, strategy: str, commits: dict[str, str], base: str = "") -> Landing:
    return Landing("run-1", "main", base or project.head, commits, expected=project.head, strategy=strategy)


def _two(project: Project) -> dict[str, str]:
    base = project.head
    return {
        "t1": project.made(base, {"one.txt": "1\n"}, "One\n\nWhy one."),
        "t2": project.made(base, {"a.txt": "two\n", "src/two.py": "2\n"}, "Two"),
    }


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_every_strategy_gives_the_same_files_and_always_the_same_commit(project: Project, strategy: str) -> None:
    landing = _landing(project, strategy, _two(project))
    before = git(project.top, "for-each-ref"), git(project.top, "status", "--porcelain")
    commit = await project.spaces.assemble(landing)
    assert await project.spaces.assemble(landing) == commit
    assert project.files(commit) == project.files("main") | {"one.txt": "1", "a.txt": "two", "src/two.py": "2"}
    git(project.top, "update-ref", "-d", "refs/fusion-kit/merge/run-1")
    assert (git(project.top, "for-each-ref"), git(project.top, "status", "--porcelain")) == before
    assert git(project.top, "fsck", "--strict", "--no-dangling", commit) == ""


async def test_a_merge_keeps_all_commits_and_a_squash_and_a_rebase_none_with_two_parents(project: Project) -> None:
    commits = _two(project)
    shape = {}
    for strategy in STRATEGIES:
        tip = await project.spaces.assemble(_landing(project, strategy, commits))
        shape[strategy] = project.log("%s", f"main..{tip}")
    assert shape == {
        "merge": ["One", "Two", "Merge t2 into main, t1"],
        "squash": ["Merge the work of t1, t2"],
        "rebase": ["One", "Two"],
    }


async def test_a_squash_says_what_it_was_told_to_say_and_which_run_it_came_from(project: Project) -> None:
    landing = _landing(project, "squash", _two(project))
    told = await project.spaces.assemble(replace(landing, message="A shop\n\nWith two doors.\n"))
    untold = await project.spaces.assemble(landing)
    form = ("log", "-1", "--format=%B")
    assert git(project.top, *form, told) == "A shop\n\nWith two doors.\n\nFusion-Run: run-1"
    assert git(project.top, *form, untold) == ("Merge the work of t1, t2\n\n* t1: One\n* t2: Two\n\nFusion-Run: run-1")
    assert git(project.top, "log", "-1", "--format=%(trailers:key=Fusion-Run,valueonly)", told).strip() == "run-1"


async def test_a_rebase_keeps_authors_dates_and_messages(project: Project) -> None:
    commits = _two(project)
    base = project.head
    start = project.commit({"theirs.txt": "x\n"})
    tip = await project.spaces.assemble(_landing(project, "rebase", commits, base))
    assert project.log("%an|%aI|%cn|%B", f"{start}..{tip}") == [
        "Pat|2026-01-01T21:40:00+01:00|fusion-kit|One", "", "Why one.", "",
        "Pat|2026-01-01T21:40:00+01:00|fusion-kit|Two",
    ]  # fmt: skip
    assert git(project.top, "log", "--merges", "--format=%H", f"{start}..{tip}") == ""
    objects = git(
        project.top, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"
    ).splitlines()
    names = [line.removeprefix("commit ") for line in objects if line.startswith("commit ")]
    assert "x" not in git(project.top, "log", "--no-walk", "--format=%s", *names).splitlines()


async def test_a_rebase_leaves_commits_that_stand_there_already_as_they_are(project: Project) -> None:
    one = project.made(project.head, {"one.txt": "1\n"})
    two = project.made(one, {"two.txt": "2\n"})
    assert await project.spaces.assemble(_landing(project, "rebase", {"t1": one, "t2": two})) == two


async def test_a_rebase_drops_what_the_branch_has_already(project: Project) -> None:
    base = project.head
    one = project.made(base, {"one.txt": "1\n"}, "One")
    two = project.made(one, {"two.txt": "2\n"}, "Two")
    start = project.commit({"one.txt": "1\n"})
    tip = await project.spaces.assemble(_landing(project, "rebase", {"t2": two}, base))
    assert project.log("%s", f"{start}..{tip}") == ["Two"]


async def test_a_rebase_flattens_merges_and_brings_every_commit_once(project: Project) -> None:
    base = project.head
    one, two = project.made(base, {"one.txt": "1\n"}, "One"), project.made(base, {"two.txt": "2\n"}, "Two")
    both = project.made(one, {"two.txt": "2\n"}, "Both", two)
    last = project.made(both, {"three.txt": "3\n"}, "Three")
    start = project.commit({"theirs.txt": "x\n"})
    tip = await project.spaces.assemble(_landing(project, "rebase", {"t1": one, "t3": last}, base))
    assert (project.log("%s", f"{start}..{tip}")[0], sorted(project.log("%s", f"{start}..{tip}"))) == (
        "One",
        ["One", "Three", "Two"],
    )
    assert set(project.files(tip)) >= {"one.txt", "two.txt", "three.txt", "theirs.txt"}


async def test_a_rebase_of_a_conflict_somebody_settled_is_one_commit(project: Project) -> None:
    base = project.head
    one, two = project.made(base, {"a.txt": "one\n"}, "One"), project.made(base, {"a.txt": "two\n"}, "Two")
    marked = await project.spaces.mark_conflicts({"t1": one, "t2": two})
    settled = project.made(marked.commit, {"a.txt": "both\n"}, "Settle it")
    start = project.commit({"theirs.txt": "x\n"})
    tip = await project.spaces.assemble(_landing(project, "rebase", {"t3": settled}, base))
    assert project.log("%s", f"{start}..{tip}") == ["Settle it"]
    assert project.files(tip)["a.txt"] == "both"


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_nothing_to_bring_is_the_branch_itself(project: Project, strategy: str) -> None:
    old = project.head
    head = project.commit({"b.txt": "b\n"})
    for commits in ({}, {"t1": head}, {"t1": old}, {"t1": old, "t2": head}):
        assert await project.spaces.assemble(_landing(project, strategy, commits)) == head


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_one_commit_of_two_tasks_is_brought_once(project: Project, strategy: str) -> None:
    base = project.head
    one = project.made(base, {"one.txt": "1\n"})
    start = project.commit({"b.txt": "b\n"})
    tip = await project.spaces.assemble(_landing(project, strategy, {"t1": one, "t2": one}, base))
    assert len(project.log("%s", "--no-merges", f"{start}..{tip}")) == 1


@pytest.mark.parametrize("strategy", ["squash", "rebase"])
async def test_work_that_changes_no_file_makes_no_commit(project: Project, strategy: str) -> None:
    base = project.head
    empty = project.made(base, {}, "Nothing")
    start = project.commit({"b.txt": "b\n"})
    assert await project.spaces.assemble(_landing(project, strategy, {"t1": empty}, base)) == start


async def test_a_history_that_shares_nothing_with_the_branch_is_not_merged(project: Project) -> None:
    alone = git(project.top, "commit-tree", "-m", "Alone", "HEAD^{tree}")
    with pytest.raises(GitFailed, match="unrelated histories"):
        await project.spaces.assemble(_landing(project, "merge", {"t1": alone}))


async def test_a_rebase_replays_a_history_that_was_merged_in_from_nowhere(project: Project) -> None:
    base = project.head
    alone = git(project.top, "commit-tree", "-m", "Alone", "HEAD:src")
    both = project.made(base, {"one.py": "1\n"}, "Both", alone)
    start = project.commit({"b.txt": "b\n"})
    tip = await project.spaces.assemble(_landing(project, "rebase", {"t1": both}, base))
    assert project.log("%s", f"{start}..{tip}") == ["Alone"]
    assert project.files(tip)["one.py"] == "1"


PAIRS: dict[str, tuple[Work, Work, str | None]] = {
    "both write the same file": ({"n.txt": "1\n"}, {"n.txt": "1\n"}, None),
    "both add a file": ({"n.txt": "1\n"}, {"n.txt": "2\n"}, "n.txt"),
    "both change a binary file": ({"b.bin": b"\0one"}, {"b.bin": b"\0two"}, "b.bin"),
    "both change one line": ({"a.txt": "1\n"}, {"a.txt": "2\n"}, "a.txt"),
    "one changes, one deletes": ({"a.txt": "1\n"}, {"a.txt": None}, "a.txt"),
    "both delete": ({"a.txt": None}, {"a.txt": None}, None),
    "both change a lock file": ({"poetry.lock": "x 1\ny 1\n"}, {"poetry.lock": "x 2\ny 2\n"}, "poetry.lock"),
    "one renames, one deletes": ({"a.txt": None, "z.txt": "a\n"}, {"a.txt": None}, "z.txt"),
    "one renames, one changes": (
        {"long.txt": None, "moved.txt": "1\n2\n3\n4\n5\n6\n"},
        {"long.txt": "1\n2\n3\n4\n5\nsix\n"},
        None,
    ),
    "a file becomes a folder": ({"a.txt": None, "a.txt/b": "b\n"}, {"a.txt": "2\n"}, "a.txt"),
    "a name that is not UTF-8": ({"\udcff.txt": "1\n"}, {"\udcff.txt": "2\n"}, "\udcff.txt"),
    "a name with a new line in it": ({"n\nl.txt": "1\n"}, {"n\nl.txt": "2\n"}, "n\nl.txt"),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", PAIRS)
async def test_conflicts_are_the_same_whatever_the_strategy(project: Project, name: str, strategy: str) -> None:
    left, right, file = PAIRS[name]
    given_files: Work = {"b.bin": b"\0base", "poetry.lock": "x 0\ny 0\n", "long.txt": "1\n2\n3\n4\n5\n6\n"}
    base = project.made(project.head, given_files)
    git(project.top, "reset", "-q", "--hard", base)
    landing = _landing(project, strategy, {"t1": project.made(base, left), "t2": project.made(base, right)})
    if file is None:
        assert project.files(await project.spaces.assemble(landing))
        return
    with pytest.raises(CommitConflict) as caught:
        await project.spaces.assemble(landing)
    left_task, right_task, files = (caught.value.facts[fact] for fact in ("left", "right", "files"))
    assert (left_task, right_task) == ("t1", "t2")
    assert isinstance(files, tuple)
    assert any(found.startswith(file) for found in files)
    assert project.tip("refs/fusion-kit/merge/run-1") == ""


async def test_a_conflict_with_the_branch_itself_names_it(project: Project) -> None:
    base = project.head
    one = project.made(base, {"a.txt": "one\n"})
    project.commit({"a.txt": "theirs\n"})
    with pytest.raises(CommitConflict, match=r"^The work of main and t1 does not merge: a\.txt\.$"):
        await project.spaces.assemble(_landing(project, "merge", {"t1": one}, base))


async def test_a_commit_that_is_not_there_is_named(project: Project) -> None:
    gone = "0123456789" * 4
    with pytest.raises(NoSuchCommit, match=f"does not hold the commit {gone}"):
        await project.spaces.assemble(_landing(project, "merge", {"t1": gone}))


async def test_what_was_assembled_outlives_a_collection_of_garbage(project: Project) -> None:
    tip = await project.spaces.assemble(_landing(project, "squash", _two(project)))
    git(project.top, "reflog", "expire", "--expire=now", "--all")
    git(project.top, "gc", "-q", "--prune=now")
    assert project.files(tip)["one.txt"] == "1"
    await project.spaces.publish(_landing(project, "squash", {}), tip)
    assert project.head == tip


Edit = tuple[str, str | bytes | None]
EDITS: st.SearchStrategy[list[Edit]] = st.lists(
    st.tuples(st.sampled_from(["a.txt", "src/one.py", "new.txt"]), st.sampled_from(["1\n", "2\n", None])), max_size=2
)


async def _outcome(project: Project, landing: Landing) -> str:
    """Return the tree, or what does not merge."""
    try:
        tip = await project.spaces.assemble(landing)
    except CommitConflict as conflict:
        return str(conflict)
    return git(project.top, "rev-parse", f"{tip}^{{tree}}")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(works=st.lists(EDITS, min_size=1, max_size=3), stacked=st.booleans(), theirs=EDITS)
async def test_all_strategies_end_with_the_same_files_or_the_same_conflict(
    works: list[list[Edit]], stacked: bool, theirs: list[Edit]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Project.make(Path(folder) / "shop")
        base = last = project.head
        commits = {}
        for number, edits in enumerate(works):
            commits[f"t{number}"] = last = project.made(last if stacked else base, dict(edits), f"Task {number}")
        git(project.top, "reset", "-q", "--hard", project.made(base, dict(theirs), "Theirs"))
        found = {await _outcome(project, _landing(project, strategy, commits, base)) for strategy in STRATEGIES}
        assert len(found) == 1
