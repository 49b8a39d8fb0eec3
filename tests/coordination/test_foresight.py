"""Conflicts are told while the tasks still run."""

from __future__ import annotations

from fusion_kit.coordination.book import Book
from fusion_kit.coordination.execution import Execution, Work
from fusion_kit.coordination.frames import tasks_frame
from fusion_kit.coordination.merging.foresight import foresee
from fusion_kit.core import events as e
from fusion_kit.core.code import DeskOrder
from fusion_kit.core.workflow import WorkspaceMode
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part


async def _execution(sandbox: Sandbox) -> Execution:
    """The run once more in an owner's hands, as it ended."""
    house = sandbox.fusion.house
    book = Book(house, sandbox.last, sandbox.ledger.tasks(sandbox.last.id), sandbox.watched.append)
    execution = Execution(house, book, sandbox.bundle(), await house.workspaces.repository(), {})
    execution.add(tasks_frame(execution.bundle.workflow, {}, {}))
    return execution


def _work(execution: Execution, task: str) -> Work:
    folder = execution.folder(task, 1)
    return Work(execution.nodes[task], f"a-{task}", 1, execution.agent_spec("shell"), WorkspaceMode.OWN, folder)


async def _foreseen(sandbox: Sandbox, execution: Execution, task: str) -> list[e.MergeForeseen]:
    """Return what a look after `task` adds to what was told before."""
    before = len(_told(sandbox))
    await foresee(execution, _work(execution, task), execution.book.tasks[task].commit or "")
    await execution.book.flush()
    return _told(sandbox)[before:]


def _told(sandbox: Sandbox) -> list[e.MergeForeseen]:
    return [event.fact for event in sandbox.ledger.events if isinstance(event.fact, e.MergeForeseen)]


def _tell(sandbox: Sandbox, **changes: str) -> None:
    tasks = ", ".join(f"{{id: {name}, run: x}}" for name in changes)
    sandbox.workflow(f"name: crowd\ntasks: [{tasks}]")
    for name, content in changes.items():
        sandbox.task(name).plays(Part(changes={f"{content}.txt": name}))


async def test_two_that_are_done_and_collide_are_told_once(sandbox: Sandbox) -> None:
    _tell(sandbox, a="same", b="same", c="other")
    await sandbox.run()
    assert _told(sandbox) == [e.MergeForeseen(("a", "b"), ("same.txt",))]
    execution = await _execution(sandbox)
    assert await _foreseen(sandbox, execution, "a") == [e.MergeForeseen(("a", "b"), ("same.txt",))]
    assert await _foreseen(sandbox, execution, "b") == []


async def test_what_a_running_task_has_in_its_workspace_counts(sandbox: Sandbox) -> None:
    _tell(sandbox, a="same", b="nothing")
    await sandbox.run()
    execution = await _execution(sandbox)
    desk = await sandbox.workspaces.prepare(DeskOrder("shell-9", "base"))
    (desk.path / "same.txt").write_text("still being written")
    execution.running["b"] = _work(execution, "b")
    execution.running["b"].folder.remember(desk)
    assert await _foreseen(sandbox, execution, "a") == [e.MergeForeseen(("a", "b"), ("same.txt",))]


async def test_what_builds_on_it_does_not_count(sandbox: Sandbox) -> None:
    sandbox.workflow("name: chain\ntasks: [{id: a, run: x}, {id: b, needs: a, run: x}]")
    for name in "ab":
        sandbox.task(name).plays(Part(changes={"same.txt": name}))
    await sandbox.run()
    execution = await _execution(sandbox)
    assert await _foreseen(sandbox, execution, "a") == []
    assert await _foreseen(sandbox, execution, "b") == []


async def test_in_a_crowd_nothing_is_looked_at(sandbox: Sandbox) -> None:
    _tell(sandbox, **{f"t{number}": "same" for number in range(10)})
    await sandbox.run()
    execution = await _execution(sandbox)
    assert await _foreseen(sandbox, execution, "t0") == []


async def test_a_workspace_that_cannot_be_read_is_passed_over(sandbox: Sandbox) -> None:
    _tell(sandbox, a="same", b="nothing")
    await sandbox.run()
    execution = await _execution(sandbox)
    desk = await sandbox.workspaces.prepare(DeskOrder("shell-9", "base"))
    execution.running["b"] = _work(execution, "b")
    execution.running["b"].folder.remember(desk)
    desk.path.rmdir()
    assert await _foreseen(sandbox, execution, "a") == []
