"""Cleaning as it is carried out: what was foretold, recorded, and measured on the disk."""

from __future__ import annotations

import os

import pytest

from fusion_kit.bootstrap.premises import Premises
from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from fusion_kit.persistence.owners import Ownership
from tests.workspaces.leavings import (
    FAR,
    NOW,
    RUN,
    cleaning_of,
    ended,
    ledger_of,
    swept,
)
from tests.workspaces.project import Project, write


async def test_a_look_changes_nothing_of_a_workspace(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "untracked\n"})
    ended(project)
    folder = project.state / "desks" / "coder-1"
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    found = cleaning_of(project)
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
    found = cleaning_of(project)
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
    found = cleaning_of(project)
    plan = found.plan(FAR)
    with ledger_of(project) as ledger:
        ledger.commit([Draft(e.RunQueued("flow"), run="run-2"), Draft(e.AgentWorking(), run="run-2", agent="coder-1")])
    done = list(found.carry_out(plan, lambda _: None))
    found.close()
    assert [item.kept for item in done if item.relic.kind == "workspace"] == ["coder-1 was taken into use meanwhile"]
    assert desk.path.exists()


async def test_a_run_that_was_resumed_after_the_look_keeps_what_is_its(project: Project) -> None:
    await project.work("t1", {"one.txt": "1\n"})
    ended(project, state="failed")
    found = cleaning_of(project)
    plan = found.plan(FAR)
    with ledger_of(project) as ledger:
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
