"""One contract of workspaces, for those in memory and those of Git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fusion_kit.coordination.ports import Workspaces
from fusion_kit.core.code import CommitConflict, Desk, DeskOrder, KeepOrder, Landing, Stamp
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


async def test_landing_moves_the_branch_and_may_be_done_again(places: Workspaces) -> None:
    base = await base_of(places)
    _desk, order = await work(places, "a-1", base, {"a.txt": "a"})
    commits = {"a-1": (await places.keep(order)).commit}
    landing = Landing("r", "fk/r/result", base, commits)

    assert await places.land(landing) == commits["a-1"]
    assert await places.land(landing) == commits["a-1"]
