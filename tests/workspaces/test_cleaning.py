"""Cleaning: what may go is decided from facts, and nothing goes before something else holds it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from fusion_kit.core.leftovers import Leftover, Standing, judged
from fusion_kit.core.states import RunState
from fusion_kit.persistence.owners import Ownership
from tests.workspaces.leavings import (
    FAR,
    NOW,
    RUN,
    ended,
    kept_files,
    ledger_of,
    living_in,
    standings,
    swept,
)
from tests.workspaces.project import Project, git, gone, write

_OLD = Leftover("workspace", "coder-1", NOW, run=RUN)


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        (_OLD, Standing.STALE),
        (replace(_OLD, run_state=RunState.COMPLETED), Standing.STALE),
        (replace(_OLD, known=False), Standing.ORPHAN),
        (replace(_OLD, broken="a folder that cannot be read"), Standing.CORRUPT),
        (replace(_OLD, busy="process 7 works in it"), Standing.ACTIVE),
        (replace(_OLD, run_state=RunState.PAUSED), Standing.ACTIVE),
        (replace(_OLD, run_state=RunState.RUNNING), Standing.ACTIVE),
        (replace(_OLD, used_at=FAR), Standing.ACTIVE),
        (replace(_OLD, known=False, used_at=FAR), Standing.ACTIVE),
        (replace(_OLD, used_at=None), Standing.STALE),
    ],
)
def test_what_goes_is_decided_from_facts(facts: Leftover, standing: Standing) -> None:
    assert judged(facts, NOW + timedelta(days=7)).standing is standing


async def test_uncommitted_work_is_under_a_salvage_ref_before_its_workspace_goes(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "dirty\n", "new.txt": "untracked\n", "noise.log": "ignored\n"})
    ended(project)
    items = {item.relic.kind: item for item in swept(project)}
    assert items["workspace"].goes
    assert items["workspace"].refs == tuple(project.salvaged())
    assert kept_files(project) == project.files(project.head) | {"a.txt": "dirty", "new.txt": "untracked"}
    assert not (project.top / "workspaces" / "coder-1").exists()
    assert git(project.top, "worktree", "list").count("\n") == 0


async def test_only_untracked_files_are_salvaged(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "untracked\n"})
    ended(project)
    swept(project)
    assert "new.txt" in kept_files(project)


async def test_only_ignored_files_need_no_salvage(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"noise.log": "ignored\n", "build/out": "ignored\n"})
    ended(project)
    (workspace,) = (item for item in swept(project) if item.relic.kind == "workspace")
    assert workspace.goes
    assert project.salvaged() == []


async def test_commits_an_agent_made_and_nobody_holds_are_salvaged(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "committed\n"})
    git(desk.path, "commit", "-q", "-a", "-m", "mine")
    write(desk.path, {"a.txt": "a\n"})
    ended(project)
    swept(project)
    assert kept_files(project)["a.txt"] == "committed"


async def test_a_branch_that_nothing_else_holds_is_salvaged_and_a_merged_one_is_not(project: Project) -> None:
    one = await project.work("t1", {"one.txt": "1\n"})
    two = await project.work("t2", {"two.txt": "2\n"})
    git(project.top, "merge", "-q", "--no-edit", one)
    git(project.top, "branch", "fk/run-1/t/empty", "HEAD~1")
    ended(project)
    swept(project)
    assert git(project.top, "for-each-ref", "refs/heads/fk") == ""
    assert [project.tip(ref) for ref in project.salvaged()] == [two]


async def test_the_branch_a_person_has_checked_out_stays(project: Project) -> None:
    await project.work("t1", {"one.txt": "1\n"})
    git(project.top, "checkout", "-q", "fk/run-1/t/t1")
    ended(project)
    found = standings(swept(project))["fk/run-1/t/t1"]
    assert found == ("branch", Standing.ACTIVE, f"checked out in {project.top}")
    assert project.tip("fk/run-1/t/t1")


async def test_what_is_younger_than_asked_stays(project: Project) -> None:
    await project.work("t1", {"one.txt": "1\n"})
    ended(project)
    old = NOW - timedelta(days=7)
    assert {item.goes for item in swept(project, old)} == {False}


async def test_nothing_of_a_run_that_can_be_resumed_goes(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "untracked\n"})
    (project.state / "runs" / RUN).mkdir(parents=True)
    ended(project, state="paused")
    items = [item for item in swept(project) if item.relic.kind in ("workspace", "run")]
    assert [(item.goes, item.judgement.reason) for item in items] == [(False, "run run-1 can be resumed")] * 2
    assert (desk.path / "new.txt").exists()


async def test_nothing_of_a_run_with_a_living_owner_goes(project: Project) -> None:
    await project.work("t1", {"one.txt": "1\n"})
    ended(project)
    with Ownership(project.state, lambda: NOW).acquire(RUN):
        items = [item for item in swept(project) if item.relic.run == RUN]
    assert {(item.goes, item.judgement.reason) for item in items} == {(False, "run run-1 has a living owner")}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells where a process is at home")
async def test_a_workspace_in_which_a_process_lives_stays(project: Project) -> None:
    desk = await project.desk()
    ended(project)
    with living_in(desk.path) as pid:
        found = standings(swept(project))["coder-1"]
    assert found == ("workspace", Standing.ACTIVE, f"process {pid} works in it")


async def test_a_workspace_that_cannot_be_read_whole_is_corrupt_and_stays(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "untracked\n"})
    os.mkfifo(desk.path / "pipe")
    ended(project)
    (found,) = (item for item in swept(project) if item.relic.kind == "workspace")
    assert (found.judgement.standing, found.goes) == (Standing.CORRUPT, False)
    assert "pipe" in found.judgement.reason
    assert (desk.path / "new.txt").exists()


async def test_a_workspace_no_row_knows_is_an_orphan_and_what_we_did_not_make_is_none(project: Project) -> None:
    desk = await project.desk(agent="gone-1")
    write(desk.path, {"new.txt": "untracked\n"})
    (project.top / ".fusion").mkdir()
    write(project.top / "workspaces", {"mine/note.txt": "the person's\n", "file.txt": "the person's\n"})
    found = standings(swept(project))
    assert found["gone-1"] == ("workspace", Standing.ORPHAN, "nothing in the log knows it")
    assert (project.top / "workspaces" / "mine" / "note.txt").exists()
    assert "mine" not in found


async def test_a_worktree_whose_folder_was_deleted_goes_even_if_it_was_locked(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "committed\n"})
    git(desk.path, "commit", "-q", "-a", "-m", "mine")
    git(project.top, "worktree", "lock", str(desk.path))
    gone(project.top / "workspaces" / "coder-1")
    gone(project.state / "desks")
    ended(project, agents=())
    found = standings(swept(project))
    assert [kind for kind, _, _ in found.values()].count("worktree") == 1
    assert git(project.top, "worktree", "list").count("\n") == 0
    assert kept_files(project)["a.txt"] == "committed"


async def test_commits_in_a_workspace_whose_folder_was_deleted_are_salvaged(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "committed\n"})
    git(desk.path, "commit", "-q", "-a", "-m", "mine")
    gone(project.top / "workspaces" / "coder-1")
    ended(project)
    (workspace,) = (item for item in swept(project) if item.relic.kind == "workspace")
    assert (workspace.goes, workspace.judgement.leftover.salvages) == (True, True)
    assert kept_files(project)["a.txt"] == "committed"


async def test_a_head_that_leads_nowhere_stops_nothing_and_stays(project: Project) -> None:
    await project.desk()
    await project.work("t1", {"one.txt": "1\n"})
    gone(project.top / "workspaces" / "coder-1")
    gone(project.state / "desks")
    (admin,) = (project.common / "worktrees").iterdir()
    (admin / "HEAD").write_text(f"{'ab' * 20}\n")
    ended(project, agents=())
    found = standings(swept(project))
    assert found[admin.name] == ("worktree", Standing.CORRUPT, "its commit is not whole")
    assert admin.exists()


async def test_an_agent_that_works_for_another_run_is_in_use(project: Project) -> None:
    desk = await project.desk()
    ended(project)
    with ledger_of(project) as ledger:
        ledger.commit([Draft(e.RunQueued("flow"), run="run-2"), Draft(e.AgentWorking(), run="run-2", agent="coder-1")])
    assert standings(swept(project))["coder-1"] == ("workspace", Standing.ACTIVE, "its agent is working")
    assert desk.path.exists()
