"""`retry`: what did not end well is done once more, and what came after it."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.fusion import NotEnded
from fusion_kit.coordination.steering.retrying import NoSuchNode, NothingToRetry
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

CHAIN = """
    name: chain
    tasks:
      - {id: a, run: a}
      - {id: b, needs: a, run: b}
      - {id: c, needs: b, run: c}
      - {id: d, needs: a, run: d}
    finally: [{id: report, run: report}]
"""


async def test_a_failed_run_is_retried_from_its_failures(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)
    sandbox.task("a").plays(Part(changes={"a.txt": "a"}))
    sandbox.task("b").fails().works()
    assert (await sandbox.run(keep_going=True)).state is RunState.FAILED
    sandbox.troupe.starts.clear()

    run = await sandbox.retry()

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["b", "c", "report"]
    assert set(sandbox.outcomes().values()) == {"success"}
    assert sandbox.rows["b"].attempts == 2


async def test_from_a_task_on_everything_after_it_is_done_once_more(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)
    await sandbox.run()
    sandbox.troupe.starts.clear()

    run = await sandbox.retry(from_task="b")

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["b", "c", "report"]


async def test_only_one_task_is_done_once_more(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)
    await sandbox.run()
    sandbox.troupe.starts.clear()

    await sandbox.retry(only="b")

    assert sandbox.troupe.starts == ["b", "report"]


async def test_of_a_matrix_only_the_failed_items_are_done_once_more(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: pieces
        tasks:
          - {id: make, run: make, strategy: {matrix: {piece: [x, y, z]}}}
          - {id: join, needs: make, run: join}
    """)
    sandbox.task("make@y").fails().plays(Part(changes={"y.txt": "y"}))
    sandbox.task("make@x").plays(Part(changes={"x.txt": "x"}))
    assert (await sandbox.run()).state is RunState.FAILED
    sandbox.troupe.starts.clear()

    run = await sandbox.retry(from_task="make")

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["make@y", "join"]
    assert sandbox.workspaces.commits[run.commit or ""] == {"x.txt": "x", "y.txt": "y"}


async def test_items_that_a_retried_list_no_longer_has_are_left_out(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: pieces
        tasks:
          - {id: plan, run: plan, outputs: {pieces: {type: array}}}
          - {id: make, needs: plan, run: make, strategy: {matrix: {piece: "${{ tasks.plan.outputs.pieces }}"}}}
          - {id: join, needs: make, run: join, env: {MADE: "${{ toJSON(tasks.make.items) }}"}}
    """)
    sandbox.task("plan").works(pieces=["x", "y"]).works(pieces=["y", "z"])
    await sandbox.run()
    sandbox.troupe.starts.clear()

    run = await sandbox.retry(from_task="plan")

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["plan", "make@y", "make@z", "join"]
    assert sandbox.outcomes()["make@x"] == "skipped"
    assert '"key": "x"' not in sandbox.troupe.environments["join"]["MADE"]


async def test_what_failed_inside_of_a_sub_workflow_is_done_once_more(sandbox: Sandbox) -> None:
    sandbox.workflow(
        "name: inner\ntasks: [{id: one, run: x}, {id: two, needs: one, run: x}]", ".fusion/workflows/i.yaml"
    )
    sandbox.workflow("name: outer\ntasks: [{id: sub, uses: ./i.yaml}, {id: end, needs: sub, run: x}]")
    sandbox.task("sub.two").fails().works()
    await sandbox.run()
    sandbox.troupe.starts.clear()

    run = await sandbox.retry()

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["sub.two", "end"]


async def test_a_cancelled_run_goes_on_where_it_was(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)
    sandbox.task("b").plays(Part(seconds=50), Part())
    sandbox.when("b started", lambda: sandbox.fusion.cancel(sandbox.last.id, "ana"))
    assert (await sandbox.run()).state is RunState.CANCELLED

    run = await sandbox.retry()

    assert run.state is RunState.COMPLETED
    assert set(sandbox.outcomes().values()) == {"success"}


async def test_what_a_task_spent_stays_counted(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)
    sandbox.task("b").fails(times=2).works()
    await sandbox.run()
    await sandbox.retry()
    await sandbox.retry()

    assert sandbox.rows["b"].attempts == 3


async def test_a_run_in_which_all_went_well_has_nothing_to_retry(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)
    await sandbox.run()

    with pytest.raises(NothingToRetry):
        await sandbox.retry()
    with pytest.raises(NoSuchNode):
        await sandbox.retry(from_task="nosuch")


async def test_a_run_that_has_not_ended_is_resumed_and_not_retried(sandbox: Sandbox) -> None:
    sandbox.workflow("name: q\ntasks: [{id: ask, approval: {message: ok?, timeout: 1h}}]")
    await sandbox.run()

    with pytest.raises(NotEnded):
        await sandbox.retry()
