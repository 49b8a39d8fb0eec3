"""Stopping, cancelling, crashing at every append, and going on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fusion_kit.coordination.fusion import AlreadyEnded, NotStopped
from fusion_kit.core import events as e
from fusion_kit.core.fold import fold
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part
from fusion_kit.testing.ledger import Crash

STORY = """
    name: story
    tasks:
      - {id: plan, run: plan, outputs: {pieces: {type: array}}}
      - {id: build, needs: plan, run: build, strategy: {matrix: {piece: "${{ tasks.plan.outputs.pieces }}"}}}
      - {id: odd, needs: plan, run: odd, if: "false"}
      - {id: flaky, needs: plan, run: flaky, retry: 1}
      - {id: review, needs: [build, flaky, odd], agent: reviewer, prompt: review}
    finally: [{id: report, run: report}]
"""


def tell(sandbox: Sandbox) -> None:
    sandbox.agent("reviewer")
    sandbox.workflow(STORY)
    sandbox.task("plan").works(pieces=["a", "b"])
    sandbox.task("flaky").fails().plays(Part(changes={"flaky.txt": "f"}))
    for item in ("a", "b"):
        sandbox.task(f"build@{item}").plays(Part(seconds=3, changes={f"{item}.txt": item}))


async def when(sandbox: Sandbox, line: str) -> None:
    """Wait until the story tells `line`."""
    while line not in sandbox.story():  # noqa: ASYNC110 - the fake clock turns only between turns of the loop
        await asyncio.sleep(0)


async def test_ctrl_c_leaves_a_run_that_resume_completes(sandbox: Sandbox) -> None:
    tell(sandbox)

    async def press() -> None:
        await when(sandbox, "flaky started")
        sandbox.stop.request()

    pressing = asyncio.create_task(press())
    run = await sandbox.run()
    await pressing

    assert (run.state, run.reason) == (RunState.PAUSED, "interrupted")
    assert {name for _attempt, name in sandbox.troupe.signals} == {"cancel"}

    run = await sandbox.resume()

    assert run.state is RunState.COMPLETED
    assert set(sandbox.outcomes().values()) == {"success", "skipped"}


async def test_ctrl_c_twice_kills_what_the_first_one_asked_to_stop(sandbox: Sandbox) -> None:
    sandbox.workflow("name: twice\ntasks: [{id: t, run: x}]")
    sandbox.task("t").works(seconds=60)

    async def press() -> None:
        await when(sandbox, "t started")
        sandbox.stop.request()
        while not sandbox.troupe.signals:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        sandbox.stop.kill()

    pressing = asyncio.create_task(press())
    run = await sandbox.run()
    await pressing

    assert run.state is RunState.PAUSED
    assert [what for _attempt, what in sandbox.troupe.signals] == ["cancel", "kill"]


async def test_cancel_from_elsewhere_stops_everything_for_good_and_finally_still_runs(sandbox: Sandbox) -> None:
    tell(sandbox)

    async def cancel() -> None:
        await when(sandbox, "build@a started")
        await sandbox.fusion.cancel(sandbox.last.id, "ana")

    cancelling = asyncio.create_task(cancel())
    run = await sandbox.run()
    await cancelling

    outcomes = sandbox.outcomes()
    assert run.state is RunState.CANCELLED
    assert (outcomes["plan"], outcomes["build@a"], outcomes["review"]) == ("success", "cancelled", "upstream_failed")
    assert outcomes["report"] == "success"
    with pytest.raises(AlreadyEnded):
        await sandbox.resume()
    with pytest.raises(NotStopped):
        await sandbox.fusion.cancel(run.id, "ana")


async def test_a_run_whose_owner_died_is_cancelled_here_and_now(sandbox: Sandbox) -> None:
    tell(sandbox)
    sandbox.ledger.crash_at = 5
    with pytest.raises(Crash):
        await sandbox.run()
    sandbox.ledger.crash_at = None

    run = await sandbox.fusion.cancel(sandbox.last.id, "ana")

    assert run.state is RunState.CANCELLED
    assert {agent.state.value for agent in sandbox.ledger.agents()} <= {"idle"}
    assert all(row.is_final for row in sandbox.rows.values())


async def _crash_and_resume(root: Path, number: int) -> Sandbox | None:
    sandbox = Sandbox(root)
    tell(sandbox)
    sandbox.ledger.crash_at = number
    try:
        await sandbox.run()
    except Crash:
        sandbox.ledger.crash_at = None
        sandbox.folders.owned.clear()
        if not sandbox.ledger.runs() or sandbox.last.state is RunState.COMPLETED:
            return sandbox
        await sandbox.resume()
        return sandbox
    return None


@pytest.mark.parametrize("side", [1, -1], ids=["before it is durable", "after it is durable"])
async def test_a_crash_at_any_append_loses_and_repeats_nothing(tmp_path: Path, side: int) -> None:
    number = 0
    while True:
        number += 1
        sandbox = await _crash_and_resume(tmp_path / str(number), side * number)
        if sandbox is None:
            break
        if not sandbox.ledger.runs():
            continue
        assert sandbox.last.state is RunState.COMPLETED, number
        assert set(sandbox.outcomes().values()) == {"success", "skipped"}, number
        completed = [event.task for event in sandbox.ledger.events if isinstance(event.fact, e.TaskCompleted)]
        assert len(completed) == len(set(completed)), number
        # flaky fails once by its part: everything else is started exactly once, whatever crashed
        others = [node for node in sandbox.troupe.starts if node != "flaky"]
        assert sorted(others) == sorted(set(others)), number
        files = sandbox.workspaces.commits[sandbox.last.commit or ""]
        assert sorted(files) == ["a.txt", "b.txt", "flaky.txt"], number
        world = fold(sandbox.ledger.events)
        assert list(world.tasks.values()) == sandbox.ledger.tasks(sandbox.last.id)
    assert number > 8
