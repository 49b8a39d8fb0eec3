"""Whatever git call we die before or after, doing it again ends in the same state."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from fusion_kit.core.code import DeskOrder, Landing
from fusion_kit.workspaces.command import Answer, Git, Place
from tests.workspaces.project import Project, git, tree, write

Done = TypeVar("Done")


class PowerCut(BaseException):
    """We are dead: nothing of ours may catch it and go on."""


@dataclass(slots=True)
class MortalGit(Git):
    """Dies before its `cut`-th call, or right after it."""

    cut: int = -1
    late: bool = False
    calls: int = field(default=0)

    def run(
        self,
        place: Place,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (0,),
        holding: tuple[int, ...] = (),
    ) -> Answer:
        self.calls += 1
        if self.calls == self.cut and not self.late:
            raise PowerCut
        answer = Git.run(self, place, *args, stdin=stdin, env=env, allowed=allowed, holding=holding)
        if self.calls == self.cut:
            raise PowerCut
        return answer


async def _story(project: Project) -> tuple[object, ...]:
    """A step for each promise; every step is done again until it is done, as `resume` would."""
    base = project.head

    async def again(step: Callable[[], Awaitable[Done]]) -> Done:
        while True:
            try:
                return await step()
            except PowerCut:
                continue

    desk = await again(lambda: project.spaces.prepare(DeskOrder("coder-1", base, stamp=project.stamp("t1"))))
    write(desk.path, {"a.txt": "one\n", "one.txt": "1\n"})
    one = await again(lambda: project.spaces.keep(project.order(desk, "t1")))
    write(desk.path, {"left.txt": "left\n"})
    desk = await again(lambda: project.spaces.prepare(DeskOrder("coder-1", base, stamp=project.stamp("t2"))))
    write(desk.path, {"two.txt": "2\n", "two.log": "ignored\n"})
    two = await again(lambda: project.spaces.keep(project.order(desk, "t2")))
    both = await again(lambda: project.spaces.combine({"t1": one.commit, "t2": two.commit}))
    desk = await again(lambda: project.spaces.prepare(DeskOrder("coder-1", both, stamp=project.stamp("t3"))))
    marked = await again(lambda: project.spaces.mark_conflicts({"t1": one.commit, "t2": two.commit}))
    tips = [marked.commit]
    for strategy, branch in LANDINGS.items():
        expected = base if branch == "main" else None
        landing = Landing("run-1", branch, base, {"t1": one.commit, "t2": two.commit}, expected, strategy)
        tips.append(await again(functools.partial(_landed, project, landing)))
    return one, two, both, tips, tree(desk.path), tree_of_person(project), refs(project)


LANDINGS = {"rebase": "fk/run-1/rebase", "squash": "fk/run-1/squash", "merge": "main"}


async def _landed(project: Project, landing: Landing) -> str:
    commit = await project.spaces.assemble(landing)
    await project.spaces.publish(landing, commit)
    return commit


def refs(project: Project) -> str:
    return git(project.top, "for-each-ref", "--format=%(refname) %(tree) %(contents:subject)")


def tree_of_person(project: Project) -> tuple[str, str]:
    return git(project.top, "status", "--porcelain"), git(project.top, "ls-files", "-s")


@pytest.mark.torture
async def test_dying_at_any_git_call_and_doing_it_again_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_DATE", "2026-01-01T00:00:00Z")
    whole = Project.make(tmp_path / "whole" / "shop")
    whole.git = counted = MortalGit()
    expected = await _story(whole)
    assert counted.calls > 40
    sample = min(int(os.environ.get("FUSION_TORTURE", "8")), counted.calls)
    for cut in sorted({1 + number * counted.calls // sample for number in range(sample)}):
        project = Project.make(tmp_path / str(cut) / "shop")
        project.git = MortalGit(cut=cut, late=cut % 2 == 0)
        assert await _story(project) == expected, f"cut at call {cut}"
        assert project.git.calls > cut, "it was never cut"
        assert git(project.top, "fsck", "--strict", "--no-dangling") == ""


async def _published(top: Path, dying: MortalGit) -> int:
    """Die in publishing to the branch that is checked out, and do it again; return the calls until then."""
    project = Project.make(top)
    base = project.head
    landing = Landing("run-1", "main", base, {"t1": project.made(base, {"one.txt": "1\n"})}, expected=base)
    commit = await project.spaces.assemble(landing)
    project.git = dying
    with suppress(PowerCut):
        await project.spaces.publish(landing, commit)
    calls = dying.calls
    await project.spaces.publish(landing, commit)
    assert (project.head, git(project.top, "status", "--porcelain")) == (commit, "")
    assert project.tip("refs/fusion-kit/merge/run-1") == ""
    return calls


@pytest.mark.parametrize("late", [False, True])
async def test_dying_anywhere_between_the_files_and_the_branch_leaves_a_clean_checkout_in_the_end(
    tmp_path: Path, late: bool
) -> None:
    calls = await _published(tmp_path / "whole" / "shop", MortalGit())
    assert calls > 5
    cuts = range(1, calls + 1)
    died = [await _published(tmp_path / str(cut) / "shop", MortalGit(cut=cut, late=late)) for cut in cuts]
    assert died == list(cuts)
