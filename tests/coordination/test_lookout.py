"""The escape watch: a change outside of all workspaces is told with the task, and only one that runs code stops."""

from __future__ import annotations

from fusion_kit.core import events as e
from fusion_kit.core.code import Outside
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

TWO = """
    name: two
    tasks:
      - {id: one, run: one}
      - {id: two, needs: one, run: two}
"""


def escapes(sandbox: Sandbox) -> list[e.WorkspaceEscaped]:
    return [event.fact for event in sandbox.ledger.events if isinstance(event.fact, e.WorkspaceEscaped)]


def change_when(sandbox: Sandbox, line: str, outside: Outside) -> None:
    async def change() -> None:
        sandbox.workspaces.around = outside

    sandbox.when(line, change)


async def test_a_change_of_the_checkout_is_told_with_the_task_and_alters_nothing(sandbox: Sandbox) -> None:
    sandbox.workflow(TWO)
    sandbox.task("one").plays(Part(seconds=5))
    change_when(sandbox, "one started", Outside(files={"notes.txt": "1"}, refs={"refs/heads/main": "c"}))

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    [told] = escapes(sandbox)
    assert (told.tasks, told.paths, told.refs, told.executes) == (("one",), ("notes.txt",), ("refs/heads/main",), ())
    assert told.patch is not None


async def test_a_new_hook_stops_the_run_with_a_question_and_resume_accepts_it(sandbox: Sandbox) -> None:
    sandbox.workflow(TWO)
    sandbox.task("one").plays(Part(seconds=5))
    change_when(sandbox, "one started", Outside(executes={"hooks/pre-commit": "1"}))

    run = await sandbox.run()

    assert run.state is RunState.PAUSED
    assert str(run.reason).startswith("hooks/pre-commit changed while one ran, and that runs code in your repository.")
    assert (await sandbox.resume()).state is RunState.COMPLETED
    assert len(escapes(sandbox)) == 1


async def test_a_task_without_a_workspace_may_change_the_projects_folder(sandbox: Sandbox) -> None:
    sandbox.workflow("name: w\ntasks: [{id: gen, run: gen, workspace: none}]")
    sandbox.task("gen").plays(Part(seconds=5))
    change_when(sandbox, "gen started", Outside(files={"made.txt": "1"}))

    await sandbox.run()

    assert escapes(sandbox) == []
