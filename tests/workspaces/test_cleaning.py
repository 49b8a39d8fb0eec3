"""Cleaning: what may go is decided from facts, and nothing goes before something else holds it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fusion_kit.bootstrap.cleaning import Cleaning, Item, cleaning
from fusion_kit.bootstrap.premises import Premises
from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from fusion_kit.core.leftovers import Leftover, Standing, judged
from fusion_kit.core.states import RunState
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.owners import Ownership
from tests.workspaces.project import Project, git, gone, write

RUN = "run-1"
FAR = datetime(2100, 1, 1, tzinfo=UTC)  # everything is older
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@contextmanager
def _ledger(project: Project) -> Iterator[Ledger]:
    ledger = Ledger.open(project.state, project="shop", source="test", now=lambda: NOW)
    try:
        yield ledger
    finally:
        ledger.close()


def ended(project: Project, *, state: str = "completed", agents: tuple[str, ...] = ("coder-1",)) -> None:
    """Record a run of which nothing is going on any more."""
    (project.top / ".fusion").mkdir(exist_ok=True)
    begun = [Draft(e.RunQueued("flow"), run=RUN), Draft(e.RunStarted(), run=RUN)]
    for agent in agents:
        begun += [Draft(e.AgentSpawned("coder"), run=RUN, agent=agent), Draft(e.AgentIdle(), run=RUN, agent=agent)]
    ends: dict[str, e.RunCompleted | e.RunFailed | e.RunPaused]
    ends = {"completed": e.RunCompleted(), "failed": e.RunFailed({"code": "x"}), "paused": e.RunPaused("x")}
    with _ledger(project) as ledger:
        ledger.commit([*begun, Draft(ends[state], run=RUN)])


def _cleaning(project: Project) -> Cleaning:
    return cleaning(Premises(project.top))


def swept(project: Project, before: datetime = FAR) -> list[Item]:
    """Clean, and return what became of each thing."""
    found = _cleaning(project)
    try:
        return list(found.carry_out(found.plan(before), lambda _: None))
    finally:
        found.close()


def _standings(items: list[Item]) -> dict[str, tuple[str, Standing, str]]:
    return {item.relic.subject: (item.relic.kind, item.judgement.standing, item.judgement.reason) for item in items}


@contextmanager
def _living_in(folder: Path) -> Iterator[int]:
    with subprocess.Popen(["/bin/cat"], cwd=folder, stdin=subprocess.PIPE) as child:
        yield child.pid
        if child.stdin is not None:
            child.stdin.close()


def _kept_files(project: Project) -> dict[str, str]:
    (ref,) = project.salvaged()
    return project.files(ref)


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
    assert _kept_files(project) == project.files(project.head) | {"a.txt": "dirty", "new.txt": "untracked"}
    assert not (project.top / "workspaces" / "coder-1").exists()
    assert git(project.top, "worktree", "list").count("\n") == 0


async def test_only_untracked_files_are_salvaged(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "untracked\n"})
    ended(project)
    swept(project)
    assert "new.txt" in _kept_files(project)


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
    assert _kept_files(project)["a.txt"] == "committed"


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
    found = _standings(swept(project))["fk/run-1/t/t1"]
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
    with _living_in(desk.path) as pid:
        found = _standings(swept(project))["coder-1"]
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
    write(project.top / "workspaces", {"mine/note.txt": "the person's\n", "file.txt": "the person's\n"})
    ended(project, agents=())
    found = _standings(swept(project))
    assert found["gone-1"][:2] == ("workspace", Standing.STALE)
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
    found = _standings(swept(project))
    assert [kind for kind, _, _ in found.values()].count("worktree") == 1
    assert git(project.top, "worktree", "list").count("\n") == 0
    assert _kept_files(project)["a.txt"] == "committed"


async def test_commits_in_a_workspace_whose_folder_was_deleted_are_salvaged(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "committed\n"})
    git(desk.path, "commit", "-q", "-a", "-m", "mine")
    gone(project.top / "workspaces" / "coder-1")
    ended(project)
    (workspace,) = (item for item in swept(project) if item.relic.kind == "workspace")
    assert (workspace.goes, workspace.judgement.leftover.salvages) == (True, True)
    assert _kept_files(project)["a.txt"] == "committed"


async def test_a_head_that_leads_nowhere_stops_nothing_and_stays(project: Project) -> None:
    await project.desk()
    await project.work("t1", {"one.txt": "1\n"})
    gone(project.top / "workspaces" / "coder-1")
    gone(project.state / "desks")
    (admin,) = (project.common / "worktrees").iterdir()
    (admin / "HEAD").write_text(f"{'ab' * 20}\n")
    ended(project, agents=())
    found = _standings(swept(project))
    assert found[admin.name] == ("worktree", Standing.CORRUPT, "its commit is not whole")
    assert admin.exists()


async def test_an_agent_that_works_for_another_run_is_in_use(project: Project) -> None:
    desk = await project.desk()
    ended(project)
    with _ledger(project) as ledger:
        ledger.commit([Draft(e.RunQueued("flow"), run="run-2"), Draft(e.AgentWorking(), run="run-2", agent="coder-1")])
    assert _standings(swept(project))["coder-1"] == ("workspace", Standing.ACTIVE, "its agent is working")
    assert desk.path.exists()


async def test_a_look_changes_nothing_of_a_workspace(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "untracked\n"})
    ended(project)
    folder = project.state / "desks" / "coder-1"
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    found = _cleaning(project)
    found.plan(FAR)
    found.close()
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()} == before
    assert project.salvaged() == []


async def test_a_dry_run_says_what_the_real_one_then_does(project: Project) -> None:
    await project.work("t1", {"one.txt": "1\n"})
    desk = await project.desk("t2", agent="coder-2")
    write(desk.path, {"new.txt": "x" * 100_000})
    write(project.state, {"trash/old-1/old/file": "x", "incoming/tmp1/aa/x": "x", "trusted/0123/config": "x"})
    write(project.state, {"runs/run-1/tasks/t1/1/out.log": "x" * 50_000})
    with Ownership(project.state, lambda: NOW).acquire(RUN):
        pass
    ended(project, agents=("coder-1", "coder-2"))
    found = _cleaning(project)
    plan = found.plan(FAR)
    found.close()
    done = swept(project)
    assert [(item.relic.subject, item.judgement, item.bytes) for item in plan] == [
        (item.relic.subject, item.judgement, item.bytes) for item in done
    ]
    assert {item.relic.kind for item in done} == {"workspace", "branch", "trash", "incoming", "trusted", "run"}
    assert [item.goes for item in swept(project)] == []


async def test_an_agent_whose_workspace_went_is_terminated_and_every_removal_recorded(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "untracked\n"})
    ended(project)
    items = swept(project)
    views = Premises(project.top).views
    (agent,) = views.agents()
    assert (agent.state.value, agent.reason) == ("terminated", "cleaned")
    facts = [event.fact for event in views.events(type="workspace.*")]
    salvaged = [fact for fact in facts if isinstance(fact, e.WorkspaceSalvaged)]
    assert salvaged == [e.WorkspaceSalvaged(project.salvaged()[0], project.tip(project.salvaged()[0]))]
    cleaned = [fact.subject for fact in facts if isinstance(fact, e.WorkspaceCleaned)]
    assert cleaned == [item.relic.subject for item in items if item.goes]


async def test_an_agent_that_took_work_after_the_look_keeps_its_workspace(project: Project) -> None:
    desk = await project.desk()
    ended(project)
    found = _cleaning(project)
    plan = found.plan(FAR)
    with _ledger(project) as ledger:
        ledger.commit([Draft(e.RunQueued("flow"), run="run-2"), Draft(e.AgentWorking(), run="run-2", agent="coder-1")])
    done = list(found.carry_out(plan, lambda _: None))
    found.close()
    assert [item.kept for item in done if item.relic.kind == "workspace"] == ["coder-1 was taken into use meanwhile"]
    assert desk.path.exists()


async def test_a_run_that_was_resumed_after_the_look_keeps_what_is_its(project: Project) -> None:
    await project.work("t1", {"one.txt": "1\n"})
    ended(project, state="failed")
    found = _cleaning(project)
    plan = found.plan(FAR)
    with _ledger(project) as ledger:
        ledger.commit([Draft(e.RunRetried(tasks=("t1",)), run=RUN)])
    done = list(found.carry_out(plan, lambda _: None))
    found.close()
    assert [item.goes for item in done if item.relic.run == RUN] == [False, False]
    assert project.tip("fk/run-1/t/t1")


@pytest.mark.torture
async def test_many_and_read_only_files_go_and_the_bytes_are_those_of_the_disk(project: Project) -> None:
    desk = await project.desk()
    for number in range(160_000 if os.environ.get("FUSION_TORTURE") else 2000):
        path = desk.path / "build" / f"d{number % 100}" / f"f{number}"
        if number < 100:
            path.parent.mkdir(parents=True)
        path.write_text("x")
    (desk.path / "build" / "d1" / "f1").chmod(0o400)
    (desk.path / "build" / "d1").chmod(0o500)
    home = project.top / "workspaces" / "coder-1"
    home.chmod(0o500)
    ended(project)
    there = [home, *home.rglob("*"), project.state / "desks" / "coder-1", *(project.state / "desks").rglob("*")]
    admin = project.common / "worktrees"
    there += [path for path in admin.rglob("*") if path != admin]
    used = sum(path.lstat().st_blocks * 512 for path in dict.fromkeys(there))
    (item,) = (item for item in swept(project) if item.relic.kind == "workspace")
    assert not home.exists()
    assert list((project.state / "discarded").iterdir()) == []
    assert abs(item.bytes - used) <= 64 * 1024
