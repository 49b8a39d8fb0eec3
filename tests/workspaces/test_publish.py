"""A branch is moved by compare-and-swap, with clean checkouts of it, and never under a person's feet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fusion_kit.core.code import Landing
from fusion_kit.workspaces.command import Answer, Git, Place
from fusion_kit.workspaces.errors import RefMoved, TargetBusy
from tests.workspaces.project import Project, git, write


async def _land(project: Project, landing: Landing) -> str:
    commit = await project.spaces.assemble(landing)
    await project.spaces.publish(landing, commit)
    return commit


async def _landing(project: Project, branch: str = "fk/run-1/result") -> Landing:
    base = project.head
    one = await project.work("t1", {"one.txt": "1\n"}, base)
    two = await project.work("t2", {"a.txt": "two\n"}, base)
    return Landing("run-1", branch, base, {"t1": one, "t2": two})


async def test_work_lands_on_a_new_branch_and_publishing_again_changes_nothing(project: Project) -> None:
    landing = await _landing(project)
    tip = await _land(project, landing)
    assert project.tip(landing.branch) == tip
    assert project.files(tip) == {".gitignore": "*.log\nbuild/", "a.txt": "two", "one.txt": "1", "src/one.py": "1"}
    assert await _land(project, landing) == tip
    assert project.head == landing.base


async def test_a_branch_somebody_moved_is_not_moved_back(project: Project) -> None:
    landing = await _landing(project)
    git(project.top, "branch", "fk/run-1/result")
    with pytest.raises(RefMoved, match="fk/run-1/result is not where this run left it"):
        await _land(project, landing)
    assert project.tip("fk/run-1/result") == landing.base


async def test_a_clean_checkout_of_the_branch_is_moved_along(project: Project) -> None:
    landing = await _landing(project, "main")
    write(project.top, {"notes.txt": "untracked\n"})
    tip = await _land(project, replace(landing, expected=landing.base))
    assert project.head == tip
    assert git(project.top, "status", "--porcelain") == "?? notes.txt"
    assert (project.top / "one.txt").read_text() == "1\n"


async def test_a_linked_checkout_of_the_branch_is_moved_along(project: Project, tmp_path: Path) -> None:
    git(project.top, "worktree", "add", "-q", "-b", "trunk", str(tmp_path / "linked"))
    landing = await _landing(project, "trunk")
    tip = await _land(project, replace(landing, expected=landing.base))
    assert git(tmp_path / "linked", "rev-parse", "HEAD") == tip
    assert git(tmp_path / "linked", "status", "--porcelain") == ""


BUSY: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda top: write(top, {"src/one.py": "mine\n"}), "uncommitted changes in src/one.py"),
    "staged": (
        lambda top: git(write(top, {"s.txt": "x"}), "add", "s.txt"),
        "uncommitted changes in s.txt",
    ),
    "in the way": (lambda top: write(top, {"one.txt": "mine\n"}), "one.txt"),
    "mid-merge": (lambda top: (top / ".git" / "MERGE_HEAD").write_text("x"), "a merge is going on"),
    "locked": (lambda top: (top / ".git" / "index.lock").touch(), "index.lock"),
}


@pytest.mark.parametrize("name", BUSY)
async def test_nothing_moves_under_a_checkout_that_is_in_use(project: Project, name: str) -> None:
    plant, reason = BUSY[name]
    landing = replace(await _landing(project, "main"), expected=project.head)
    plant(project.top)
    before = git(project.top, "status", "--porcelain")
    with pytest.raises(TargetBusy, match=reason) as caught:
        await _land(project, landing)
    assert caught.value.way_out == "Commit or put away what is there, then: fusion-kit merge run-1"
    assert git(project.top, "status", "--porcelain") == before
    assert project.head == landing.base


async def test_a_crash_between_the_files_and_the_ref_is_finished_by_publishing_again(project: Project) -> None:
    landing = replace(await _landing(project, "main"), expected=project.head)
    tip = await _land(project, landing)
    git(project.top, "update-ref", "refs/heads/main", landing.base)
    assert await _land(project, landing) == tip
    assert git(project.top, "status", "--porcelain") == ""


async def test_what_was_assembled_is_kept_by_the_branch_once_it_is_published(project: Project) -> None:
    landing = await _landing(project)
    tip = await project.spaces.assemble(landing)
    assert project.tip("refs/fusion-kit/merge/run-1") == tip
    await project.spaces.publish(landing, tip)
    assert project.tip("refs/fusion-kit/merge/run-1") == ""


async def test_a_branch_that_moved_during_the_gate_is_left_where_it_is(project: Project) -> None:
    landing = replace(await _landing(project, "main"), expected=project.head)
    tip = await project.spaces.assemble(landing)
    theirs = project.commit({"theirs.txt": "x\n"})
    said = f"refs/heads/main is not where this run left it: it stands at {theirs[:12]}, and not at {landing.base[:12]}."
    with pytest.raises(RefMoved) as caught:
        await project.spaces.publish(landing, tip)
    assert str(caught.value) == said
    assert (project.head, git(project.top, "status", "--porcelain")) == (theirs, "")


async def test_a_branch_that_is_gone_is_not_made_again(project: Project) -> None:
    git(project.top, "branch", "trunk")
    landing = replace(await _landing(project, "trunk"), expected=project.head)
    tip = await project.spaces.assemble(landing)
    git(project.top, "branch", "-D", "trunk")
    with pytest.raises(RefMoved, match="it stands nowhere, and not at"):
        await project.spaces.publish(landing, tip)
    assert project.tip("refs/heads/trunk") == ""


async def test_a_branch_that_is_being_rebased_elsewhere_is_not_moved(project: Project, tmp_path: Path) -> None:
    git(project.top, "worktree", "add", "-q", "-b", "trunk", str(tmp_path / "linked"))
    (tmp_path / "linked" / "a.txt").write_text("theirs\n")
    git(tmp_path / "linked", "commit", "-q", "-a", "-m", "theirs")
    project.commit({"a.txt": "ours\n"})
    git(tmp_path / "linked", "rebase", "main", allowed=(1,))
    landing = replace(await _landing(project, "trunk"), expected=project.tip("trunk"), commits={})
    with pytest.raises(TargetBusy, match=r"trunk is checked out in .*linked.*: a rebase of it is going on"):
        await project.spaces.publish(landing, project.head)


async def test_of_two_checkouts_none_is_moved_where_one_is_in_use(project: Project, tmp_path: Path) -> None:
    git(project.top, "worktree", "add", "-q", "-f", str(tmp_path / "linked"), "main")
    landing = replace(await _landing(project, "main"), expected=project.head)
    write(tmp_path / "linked", {"a.txt": "mine\n"})
    with pytest.raises(TargetBusy, match=r"linked.*uncommitted changes in a\.txt"):
        await _land(project, landing)
    assert (project.head, git(project.top, "status", "--porcelain")) == (landing.base, "")


async def test_of_two_checkouts_the_first_goes_back_where_the_second_cannot_go_on(
    project: Project, tmp_path: Path
) -> None:
    git(project.top, "worktree", "add", "-q", "-f", str(tmp_path / "linked"), "main")
    landing = replace(await _landing(project, "main"), expected=project.head)
    write(tmp_path / "linked", {"one.txt": "mine\n"})
    with pytest.raises(TargetBusy, match=r"linked.*one\.txt"):
        await _land(project, landing)
    assert (project.head, git(project.top, "status", "--porcelain")) == (landing.base, "")


async def test_something_odd_in_a_new_file_s_place_is_left_there(project: Project) -> None:
    landing = replace(await _landing(project, "main"), expected=project.head)
    os.mkfifo(project.top / "one.txt")
    with pytest.raises(TargetBusy, match=r"one\.txt"):
        await _land(project, landing)
    assert (project.head, project.top.joinpath("one.txt").is_fifo()) == (landing.base, True)


async def test_a_checkout_that_was_deleted_by_hand_stops_nothing(project: Project, tmp_path: Path) -> None:
    git(project.top, "worktree", "add", "-q", "-b", "trunk", str(tmp_path / "linked"))
    (tmp_path / "linked").rename(tmp_path / "elsewhere")
    landing = replace(await _landing(project, "trunk"), expected=project.head)
    assert await _land(project, landing) == project.tip("trunk")


async def test_a_linked_checkout_of_a_bare_repository_is_moved_along(tmp_path: Path) -> None:
    source = Project.make(tmp_path / "source")
    git(tmp_path, "clone", "-q", "--bare", str(source.top), "shop.git")
    git(tmp_path / "shop.git", "worktree", "add", "-q", str(tmp_path / "shop"), "main")
    project = Project(tmp_path / "shop")
    landing = replace(await _landing(project, "main"), expected=project.head)
    tip = await _land(project, landing)
    assert (project.head, git(project.top, "status", "--porcelain")) == (tip, "")


async def test_of_two_runs_that_land_at_once_one_is_told_that_the_branch_moved(project: Project) -> None:
    landing = replace(await _landing(project, "main"), expected=project.head)
    first, second = list(landing.commits.items())
    landings = [
        replace(landing, run="run-1", commits=dict([first])),
        replace(landing, run="run-2", commits=dict([second])),
    ]
    tips = [await project.spaces.assemble(one) for one in landings]
    both = [project.spaces.publish(one, tip) for one, tip in zip(landings, tips, strict=True)]
    said = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(str(type(one)) for one in said) == sorted([str(type(None)), str(RefMoved)])
    assert project.head == tips[said.index(None)]
    assert git(project.top, "status", "--porcelain") == ""


@dataclass(slots=True)
class Overtaken(Git):
    """A Git before whose every move of `ref` somebody else is quicker."""

    ref: str = "refs/heads/main"
    theirs: str = ""

    def run(
        self,
        place: Place,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (0,),
        holding: tuple[int, ...] = (),
    ) -> Answer:
        if args[0] == "update-ref" and self.ref.encode() in stdin:
            Git.run(self, place, "update-ref", self.ref, self.theirs)
        return Git.run(self, place, *args, stdin=stdin, env=env, allowed=allowed, holding=holding)


async def test_files_go_back_where_somebody_moves_the_branch_at_the_last_moment(project: Project) -> None:
    landing = replace(await _landing(project, "main"), expected=project.head)
    tip = await project.spaces.assemble(landing)
    project.git = Overtaken(theirs=git(project.top, "commit-tree", "-p", "main", "-m", "theirs", "main^{tree}"))
    with pytest.raises(RefMoved):
        await project.spaces.publish(landing, tip)
    assert git(project.top, "log", "-1", "--format=%s") == "theirs"
    assert git(project.top, "status", "--porcelain") == ""


HALF: dict[str, dict[str, str | None]] = {
    "nothing": {},
    "a changed file": {"a.txt": "new\n"},
    "a new file": {"new/one.txt": "1\n"},
    "a deleted file": {"src/one.py": None},
    "all but the index": {"a.txt": "new\n", "new/one.txt": "1\n", "src/one.py": None},
}


@pytest.mark.parametrize("name", HALF)
async def test_a_checkout_whose_move_died_half_way_is_moved_on(project: Project, name: str) -> None:
    base = project.head
    commit = project.made(base, {"a.txt": "new\n", "new/one.txt": "1\n", "src/one.py": None, "b.txt": "b\n"})
    landing = Landing("run-1", "main", base, {"t1": commit}, expected=base)
    for path, content in HALF[name].items():
        write(project.top, {path: content}) if content is not None else (project.top / path).unlink()
    await project.spaces.publish(landing, commit)
    assert (project.head, git(project.top, "status", "--porcelain")) == (commit, "")


async def test_a_half_way_move_with_a_person_s_edit_in_it_stays_as_it_is(project: Project) -> None:
    base = project.head
    commit = project.made(base, {"a.txt": "new\n", "src/one.py": None, "b.txt": "b\n"})
    write(project.top, {"a.txt": "new\n", ".gitignore": "mine\n"})
    before = git(project.top, "status", "--porcelain")
    with pytest.raises(TargetBusy, match=r"uncommitted changes in \.gitignore"):
        await project.spaces.publish(Landing("run-1", "main", base, {"t1": commit}, expected=base), commit)
    assert (project.head, git(project.top, "status", "--porcelain")) == (base, before)
