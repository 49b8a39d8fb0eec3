"""One contract of workspaces, for those in memory and those of Git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fusion_kit.coordination.ports import Workspaces
from fusion_kit.core.code import CommitConflict, Desk, DeskOrder, KeepOrder, Landing, RefMoved, Stamp
from fusion_kit.testing.places import FakeWorkspaces
from fusion_kit.testing.time import FakeClock
from fusion_kit.workspaces.git import GitWorkspaces
from fusion_kit.workspaces.settings import WorkspaceSettings


def _begin(root: Path) -> None:
    for words in (["init", "-q"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "1", "--allow-empty"]):
        subprocess.run(["git", *words], cwd=root, check=True)


@pytest.fixture(params=["in memory", "of Git"])
async def places(request: pytest.FixtureRequest, tmp_path: Path) -> Workspaces:
    if request.param == "in memory":
        return FakeWorkspaces(tmp_path)
    _begin(tmp_path)
    git = GitWorkspaces(tmp_path, tmp_path / ".git" / "fusion-kit", WorkspaceSettings(), now=FakeClock().now)
    await git.freeze()
    return git


async def base_of(places: Workspaces) -> str:
    repository = await places.repository()
    assert repository is not None
    assert repository.head is not None
    return repository.head


async def work(places: Workspaces, agent: str, base: str, changes: dict[str, str]) -> tuple[Desk, KeepOrder]:
    stamp = Stamp("r", agent, f"attempt-{agent}", agent)
    desk = await places.prepare(DeskOrder(agent, base, stamp=stamp))
    for name, content in changes.items():
        (desk.path / name).write_text(content)
    return desk, KeepOrder(desk, stamp, f"fk/r/t/{agent}", f"{agent}: done")


async def test_what_is_kept_is_kept_once_however_often_it_is_asked(places: Workspaces) -> None:
    _desk, order = await work(places, "a-1", await base_of(places), {"a.txt": "a"})

    first = await places.keep(order)

    assert (first.changed, first.files) == (True, ("a.txt",))
    assert await places.keep(order) == first


async def test_nothing_changed_means_the_base_itself(places: Workspaces) -> None:
    base = await base_of(places)
    _desk, order = await work(places, "a-1", base, {})

    kept = await places.keep(order)

    assert (kept.commit, kept.changed, kept.files) == (base, False, ())


async def test_parents_that_agree_are_combined_always_in_the_same_way(places: Workspaces) -> None:
    base = await base_of(places)
    commits = {}
    for agent in ("a-1", "b-1"):
        _desk, order = await work(places, agent, base, {f"{agent}.txt": agent})
        commits[agent] = (await places.keep(order)).commit

    combined = await places.combine(commits)
    desk, _order = await work(places, "c-1", combined, {})

    assert await places.combine(dict(reversed(commits.items()))) == combined
    assert {path.name for path in desk.path.iterdir()} - {".git"} == {"a-1.txt", "b-1.txt"}


async def test_parents_that_conflict_are_both_named(places: Workspaces) -> None:
    base = await base_of(places)
    commits = {}
    for agent in ("a-1", "b-1"):
        _desk, order = await work(places, agent, base, {"same.txt": agent})
        commits[agent] = (await places.keep(order)).commit

    with pytest.raises(CommitConflict) as conflict:
        await places.combine(commits)

    assert (conflict.value.facts["left"], conflict.value.facts["right"]) == ("a-1", "b-1")
    assert "same.txt" in str(conflict.value)


async def test_a_workspace_is_clean_when_it_is_used_again(places: Workspaces) -> None:
    base = await base_of(places)
    _desk, order = await work(places, "a-1", base, {"left.txt": "over"})
    await places.keep(order)

    desk = await places.prepare(DeskOrder("a-1", base, stamp=Stamp("r", "next", "attempt-2", "a-1")))

    assert {path.name for path in desk.path.iterdir()} - {".git"} == set()


async def _two(places: Workspaces, first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """Return the commits of two tasks that began at the same base."""
    base = await base_of(places)
    commits = {}
    for agent, changes in {"a-1": first, "b-1": second}.items():
        _desk, order = await work(places, agent, base, changes)
        commits[agent] = (await places.keep(order)).commit
    return commits


async def test_assembling_moves_nothing_and_gives_always_the_same(places: Workspaces) -> None:
    commits = await _two(places, {"a.txt": "a"}, {"b.txt": "b"})
    landing = Landing("r", "fk/r/result", await base_of(places), commits)

    commit = await places.assemble(landing)

    assert await places.assemble(landing) == commit
    assert await places.tip("fk/r/result") is None
    desk, _order = await work(places, "c-1", commit, {})
    assert {path.name for path in desk.path.iterdir()} - {".git"} == {"a.txt", "b.txt"}


async def test_publishing_moves_the_branch_and_may_be_done_again(places: Workspaces) -> None:
    commits = await _two(places, {"a.txt": "a"}, {"b.txt": "b"})
    landing = Landing("r", "fk/r/result", await base_of(places), commits)
    commit = await places.assemble(landing)

    await places.publish(landing, commit)
    await places.publish(landing, commit)

    assert await places.tip("fk/r/result") == commit


async def test_a_branch_that_stands_elsewhere_is_not_moved(places: Workspaces) -> None:
    commits = await _two(places, {"a.txt": "a"}, {"b.txt": "b"})
    base = await base_of(places)
    first = Landing("r", "fk/r/result", base, {"a-1": commits["a-1"]})
    await places.publish(first, commits["a-1"])

    with pytest.raises(RefMoved, match="fk/r/result"):
        await places.publish(Landing("r", "fk/r/result", base, {"b-1": commits["b-1"]}), commits["b-1"])
    assert await places.tip("fk/r/result") == commits["a-1"]


async def test_a_later_landing_goes_on_top_of_an_earlier_one(places: Workspaces) -> None:
    commits = await _two(places, {"a.txt": "a"}, {"b.txt": "b"})
    base = await base_of(places)
    await places.publish(Landing("r", "fk/r/result", base, {"a-1": commits["a-1"]}), commits["a-1"])
    landing = Landing("r", "fk/r/result", base, {"b-1": commits["b-1"]}, expected=commits["a-1"])

    await places.publish(landing, commit := await places.assemble(landing))

    desk, _order = await work(places, "c-1", commit, {})
    assert {path.name for path in desk.path.iterdir()} - {".git"} == {"a.txt", "b.txt"}


async def test_a_landing_that_conflicts_names_who_with_whom(places: Workspaces) -> None:
    commits = await _two(places, {"same.txt": "a"}, {"same.txt": "b"})
    with pytest.raises(CommitConflict) as conflict:
        await places.assemble(Landing("r", "fk/r/result", await base_of(places), commits))
    assert conflict.value.facts == {"left": "a-1", "right": "b-1", "files": ("same.txt",)}


async def test_a_conflict_is_marked_and_no_longer_there_once_it_is_settled(places: Workspaces) -> None:
    commits = await _two(places, {"same.txt": "a\n", "a.txt": "a"}, {"same.txt": "b\n", "b.txt": "b"})

    marked = await places.mark_conflicts(commits)
    desk, order = await work(places, "c-1", marked.commit, {"same.txt": "both\n"})
    settled = await places.keep(order)

    assert marked.files == ("same.txt",)
    assert {path.name for path in desk.path.iterdir()} - {".git"} == {"a.txt", "b.txt", "same.txt"}
    assert await places.unresolved(marked.commit, marked.files) == ("same.txt",)
    assert await places.unresolved(settled.commit, marked.files) == ()


async def test_a_conflict_is_foreseen_while_an_agent_is_at_work(places: Workspaces) -> None:
    base = await base_of(places)
    commits = await _two(places, {"same.txt": "a", "a.txt": "a"}, {"b.txt": "b"})
    desk, _order = await work(places, "c-1", base, {"same.txt": "c", "c.txt": "c"})

    assert await places.clashes(commits["a-1"], desk) == ("same.txt",)
    assert await places.clashes(commits["b-1"], desk) == ()


async def test_a_digest_depends_on_what_matches_alone(places: Workspaces) -> None:
    one, two = (await _two(places, {"x.py": "1", "a.txt": "a"}, {"x.py": "1", "a.txt": "b"})).values()

    assert await places.digest(one, ["*.py"]) == await places.digest(two, ["*.py"])
    assert await places.digest(one, ["**"]) != await places.digest(two, ["**"])
    assert await places.digest(None, ["*.py"]) == await places.digest(await base_of(places), ["*.py"])


async def test_a_branch_that_is_not_there_has_no_tip(places: Workspaces) -> None:
    assert await places.tip("gone") is None


async def test_nothing_outside_changes_by_looking(places: Workspaces) -> None:
    assert not (await places.outside()).since(await places.outside())
