"""Rescue: everything that is kept is listed, and comes back as plain files or as a branch; nothing is overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fusion_kit.bootstrap.care import Care
from fusion_kit.bootstrap.premises import Premises
from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from fusion_kit.core.states import Outcome
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.workspaces.errors import BadName
from fusion_kit.workspaces.rescue import BranchTaken, NoCommit, NotEmpty, Saved
from tests.workspaces.project import NOON, Project, git, tree, write

RUN = "run-1"


def _care(project: Project) -> Care:
    (project.top / ".fusion").mkdir(exist_ok=True)
    return Care(Premises(project.top))


def _only(care: Care, kind: str) -> Saved:
    (found,) = (saved for saved in care.saved(None) if saved.kind == kind)
    return found


async def _salvaged(project: Project) -> str:
    """Return the commit that holds what a first attempt left in the workspace of a second."""
    desk = await project.desk()
    write(desk.path, {"a.txt": "left\n", "new/file.txt": "left\n"})
    (desk.path / "link").symlink_to("a.txt")
    desk = await project.desk("t2")
    return project.tip(desk.salvaged[0])


async def test_salvaged_work_is_listed_with_where_it_came_from_and_how_much_it_is(project: Project) -> None:
    commit = await _salvaged(project)
    found = _only(_care(project), "salvage")
    assert found == Saved(
        "salvage", "refs/fusion-kit/salvage/run-1/t1/1", found.date, RUN, "t1", 1, commit, 3,
        subject="Left in the workspace after t1",
    )  # fmt: skip


async def test_salvaged_files_come_back_as_plain_files_in_a_new_folder(project: Project, tmp_path: Path) -> None:
    await _salvaged(project)
    care, to = _care(project), tmp_path / "deep" / "found"
    care.restore(_only(care, "salvage"), to)
    expected = {".gitignore": "*.log\nbuild/\n", "a.txt": "left\n", "link": "-> a.txt", "new/file.txt": "left\n"}
    assert tree(to) == expected | {"src/one.py": "1\n"}
    assert [path.name for path in to.parent.iterdir()] == ["found"]


async def test_nothing_that_is_there_is_overwritten(project: Project, tmp_path: Path) -> None:
    await _salvaged(project)
    care, saved = _care(project), _only(_care(project), "salvage")
    write(tmp_path / "full", {"mine.txt": "mine\n"})
    write(tmp_path, {"file": "mine\n"})
    for to in (tmp_path / "full", tmp_path / "file"):
        with pytest.raises(NotEmpty, match="nothing that is there will be overwritten"):
            care.restore(saved, to)
    (tmp_path / "empty").mkdir()
    care.restore(saved, tmp_path / "empty")
    assert tree(tmp_path / "full") == {"mine.txt": "mine\n"}
    assert "a.txt" in tree(tmp_path / "empty")


async def test_a_branch_is_made_at_it_and_never_moved(project: Project) -> None:
    commit = await _salvaged(project)
    care, saved = _care(project), _only(_care(project), "salvage")
    care.branch(saved, "found")
    assert project.tip("refs/heads/found") == commit
    with pytest.raises(BranchTaken, match="There is a branch main already"):
        care.branch(saved, "main")
    with pytest.raises(BadName):
        care.branch(saved, "a..b")


async def test_the_branch_of_a_task_that_failed_is_listed_and_of_one_that_was_done_is_not(project: Project) -> None:
    care = _care(project)
    done, failed = await project.work("done", {"a.txt": "1\n"}), await project.work("failed", {"a.txt": "2\n"})
    with_tasks = [Draft(e.RunQueued("flow"), run=RUN), Draft(e.RunStarted(), run=RUN)]
    for task, fact in (("done", e.TaskCompleted(Outcome.SUCCESS)), ("failed", e.TaskFailed(Outcome.CONTRACT))):
        begun = (e.TaskCreated(kind="run"), e.TaskQueued(), fact)
        with_tasks += [Draft(each, run=RUN, task=task) for each in begun]
    ledger = Ledger.open(project.state, project="shop", source="test", now=lambda: NOON)
    ledger.commit(with_tasks)
    ledger.close()
    assert done != failed
    assert [(saved.task, saved.commit) for saved in care.saved(RUN) if saved.kind == "branch"] == [("failed", failed)]


async def test_work_that_still_lies_in_a_workspace_is_listed_and_copied(project: Project, tmp_path: Path) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "left\n"})
    os.mkfifo(desk.path / "pipe")
    care = _care(project)
    found = _only(care, "workspace")
    assert (found.run, found.task, found.subject) == (RUN, "t1", "coder-1")
    care.restore(found, tmp_path / "found")
    assert tree(tmp_path / "found")["new.txt"] == "left\n"
    assert not (tmp_path / "found" / "pipe").exists()
    assert (tmp_path / "found" / "dot-git").exists()
    assert not (tmp_path / "found" / ".git").exists()
    assert project.salvaged() == []


async def test_trash_and_patches_are_listed_and_copied(project: Project, tmp_path: Path) -> None:
    write(project.state, {"trash/shop-ab12/shop/file.txt": "old\n", "runs/run-1/outside/3.patch": "# Differs\n"})
    care = _care(project)
    trash, patch = _only(care, "trash"), _only(care, "patch")
    assert (trash.subject, patch.subject, patch.run) == ("shop", "3.patch", RUN)
    care.restore(trash, tmp_path / "trash")
    care.restore(patch, tmp_path / "patch")
    assert tree(tmp_path / "trash") == {"file.txt": "old\n"}
    assert tree(tmp_path / "patch") == {"3.patch": "# Differs\n"}
    with pytest.raises(NoCommit):
        care.branch(trash, "found")


async def test_only_what_is_kept_of_one_run_is_listed_when_it_is_named(project: Project) -> None:
    commit = await _salvaged(project)
    git(project.top, "update-ref", "refs/fusion-kit/salvage/run-2/x/1", commit)
    ledger = Ledger.open(project.state, project="shop", source="test", now=lambda: NOON)
    ledger.commit([Draft(e.RunQueued("flow"), run=RUN), Draft(e.RunQueued("flow"), run="run-2")])
    ledger.close()
    care = _care(project)
    assert [saved.name for saved in care.saved("run-2")] == ["refs/fusion-kit/salvage/run-2/x/1"]
    assert len(care.saved(None)) == 2
