"""Runs of one concurrency group never overlap."""

from __future__ import annotations

import asyncio

from fusion_kit.coordination.requests import RunRequest, StopSignal
from fusion_kit.core.run import Run
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

DEPLOY = """
    name: deploy
    concurrency: {group: "deploy-${{ inputs.to }}"}
    inputs: {to: {type: string, default: prod}}
    tasks: [{id: ship, run: ship}]
"""


def begin(sandbox: Sandbox, to: str, stop: StopSignal | None = None) -> asyncio.Task[Run]:
    request = RunRequest(sandbox.bundle(), inputs={"to": to})
    return asyncio.create_task(sandbox.fusion.run(request, sandbox.watched.append, stop or StopSignal()))


async def until(sandbox: Sandbox, *runs: asyncio.Task[Run]) -> list[Run]:
    for _ in range(1000):
        if all(run.done() for run in runs):
            break
        await sandbox.clock.turn()
    return [run.result() for run in runs]


async def test_the_second_run_of_a_group_begins_when_the_first_has_ended(sandbox: Sandbox) -> None:
    sandbox.workflow(DEPLOY)
    sandbox.task("ship").plays(Part(seconds=10))

    first, second = await until(sandbox, begin(sandbox, "prod"), begin(sandbox, "prod"))

    assert (first.state, second.state) == (RunState.COMPLETED, RunState.COMPLETED)
    assert sandbox.troupe.most_alive == 1
    assert (second.started_at or "") >= (first.finished_at or "")


async def test_runs_of_different_groups_overlap(sandbox: Sandbox) -> None:
    sandbox.workflow(DEPLOY)
    sandbox.task("ship").plays(Part(seconds=10))

    await until(sandbox, begin(sandbox, "prod"), begin(sandbox, "test"))

    assert sandbox.troupe.most_alive == 2


async def test_the_earlier_run_is_cancelled_where_the_workflow_says_so(sandbox: Sandbox) -> None:
    sandbox.workflow(DEPLOY.replace('}}"}', '}}", cancel_in_progress: true}'))
    sandbox.task("ship").plays(Part(seconds=100))
    first = begin(sandbox, "prod")
    while not sandbox.troupe.starts:
        await sandbox.clock.turn()

    earlier, later = await until(sandbox, first, begin(sandbox, "prod"))

    assert (earlier.state, later.state) == (RunState.CANCELLED, RunState.COMPLETED)
    assert sandbox.troupe.most_alive == 1


async def test_ctrl_c_while_a_run_waits_for_its_group_leaves_it_for_resume(sandbox: Sandbox) -> None:
    sandbox.workflow(DEPLOY)
    sandbox.task("ship").plays(Part(seconds=20))
    stop = StopSignal()
    first = begin(sandbox, "prod")
    while not sandbox.troupe.starts:
        await sandbox.clock.turn()
    second = begin(sandbox, "prod", stop)
    await sandbox.clock.turn()
    stop.request()

    _, waiting = await until(sandbox, first, second)

    assert (waiting.state, waiting.reason) == (RunState.PAUSED, "interrupted while it waited for its concurrency group")
    assert (await sandbox.resume()).state is RunState.COMPLETED
