"""Whole runs of the real engine over fake ports."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.seeding import NothingToTake
from fusion_kit.core.process import Ended
from fusion_kit.core.states import Outcome, RunState
from fusion_kit.core.work import Usage
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

CHAIN = """
    name: chain
    tasks:
      - {id: build, run: make}
      - {id: test, needs: build, run: make test}
      - {id: ship, needs: test, run: make ship}
"""


async def test_tasks_run_in_the_order_of_their_needs(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.story() == [
        "build started",
        "build completed",
        "test started",
        "test completed",
        "ship started",
        "ship completed",
    ]


async def test_independent_tasks_run_at_once_up_to_the_limit(sandbox: Sandbox) -> None:
    sandbox.workflow("name: wide\ntasks: [" + ", ".join(f"{{id: t{i}, run: x}}" for i in range(10)) + "]")

    await sandbox.run(max_parallel=3)

    assert sandbox.troupe.most_alive == 3
    assert set(sandbox.outcomes().values()) == {"success"}


async def test_the_more_urgent_task_starts_first(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: urgent
        tasks:
          - {id: low, run: x}
          - {id: high, run: x, priority: 9}
          - {id: middle, run: x, priority: 5}
    """)

    await sandbox.run(max_parallel=1)

    assert sandbox.troupe.starts == ["high", "middle", "low"]


async def test_a_failed_task_takes_its_followers_with_it_and_nothing_new_starts(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: broken
        tasks:
          - {id: build, run: make}
          - {id: slow, run: sleep}
          - {id: test, needs: build, run: make test}
          - {id: after, needs: slow, run: x}
    """)
    sandbox.task("build").fails(code=2)
    sandbox.task("slow").works(seconds=5)

    run = await sandbox.run()

    assert run.state is RunState.FAILED
    assert run.error == {"code": "exit_code", "message": run.error and run.error["message"], "hint": ""}
    assert sandbox.outcomes() == {
        "build": "exit_code",
        "slow": "success",
        "test": "upstream_failed",
        "after": "cancelled",
    }


async def test_keep_going_starts_what_does_not_depend_on_the_failure(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: broken
        tasks:
          - {id: build, run: make}
          - {id: slow, run: sleep}
          - {id: test, needs: build, run: make test}
          - {id: after, needs: slow, run: x}
    """)
    sandbox.task("build").fails()
    sandbox.task("slow").works(seconds=5)

    await sandbox.run(keep_going=True)

    assert sandbox.outcomes() == {
        "build": "exit_code",
        "slow": "success",
        "test": "upstream_failed",
        "after": "success",
    }


async def test_an_attempt_is_tried_again_after_its_delay_and_only_as_often_as_allowed(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: flaky
        tasks: [{id: net, run: curl, retry: {max: 2, delay: 10s, backoff: 2}}]
    """)
    sandbox.task("net").fails(times=2).works()

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.story() == [
        "net started",
        "net retried: exit_code",
        "net started",
        "net retried: exit_code",
        "net started",
        "net completed",
    ]
    assert sandbox.clock.elapsed_s >= 30


async def test_an_allowed_failure_lets_its_followers_run(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: lenient
        tasks:
          - {id: lint, run: lint, continue_on_error: true}
          - {id: build, needs: lint, run: make}
    """)
    sandbox.task("lint").fails(code=3)

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.outcomes() == {"lint": "allowed_failure", "build": "success"}
    assert sandbox.rows["lint"].exit_code == 3


async def test_a_condition_sees_failures_and_outputs(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: conditions
        tasks:
          - {id: build, run: make, outputs: {kind: {type: string}}}
          - {id: web, needs: build, if: "tasks.build.outputs.kind == 'web'", run: x}
          - {id: cli, needs: build, if: "tasks.build.outputs.kind == 'cli'", run: x}
          - {id: join, needs: [web, cli], run: x}
          - {id: explain, needs: join, if: failure(), run: x}
    """)
    sandbox.task("build").works(kind="cli")

    await sandbox.run()

    assert sandbox.outcomes() == {
        "build": "success",
        "web": "skipped",
        "cli": "success",
        "join": "success",
        "explain": "skipped",
    }


async def test_finally_runs_after_a_failure_and_knows_of_it(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: report
        tasks: [{id: build, run: make}]
        finally:
          - {id: report, run: report, env: {STATUS: "${{ run.status }}"}}
          - {id: alarm, run: alarm, if: failure()}
          - {id: praise, run: praise, if: success()}
    """)
    sandbox.task("build").fails()

    run = await sandbox.run()

    assert run.state is RunState.FAILED
    assert sandbox.outcomes() == {"build": "exit_code", "report": "success", "alarm": "success", "praise": "skipped"}


async def test_an_agents_outputs_are_a_contract(sandbox: Sandbox) -> None:
    sandbox.agent("planner")
    sandbox.workflow("""
        name: contract
        tasks:
          - {id: plan, agent: planner, prompt: plan, outputs: {pieces: {type: array}}}
    """)
    sandbox.task("plan").works(pieces="none")

    await sandbox.run()

    row = sandbox.rows["plan"]
    assert (row.outcome, row.error and row.error["code"]) == (Outcome.CONTRACT, "output-wrong")


async def test_done_when_changes_asks_for_a_change(sandbox: Sandbox) -> None:
    sandbox.agent("writer")
    sandbox.workflow("""
        name: changes
        tasks:
          - {id: lazy, agent: writer, prompt: write, done_when: {changes: true}}
    """)

    await sandbox.run()

    assert sandbox.outcomes() == {"lazy": "no_change"}


async def test_a_lost_attempt_is_begun_anew_without_using_up_a_retry(sandbox: Sandbox) -> None:
    sandbox.workflow("name: lost\ntasks: [{id: job, run: x}]")
    sandbox.task("job").plays(Part(ended=Ended.LOST), Part())

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.story() == ["job started", "job retried: lost", "job started", "job completed"]


async def test_usage_is_recorded_and_unknown_is_not_zero(sandbox: Sandbox) -> None:
    sandbox.agent("writer")
    sandbox.workflow("name: usage\ntasks: [{id: a, agent: writer, prompt: x}, {id: b, agent: writer, prompt: x}]")
    sandbox.task("a").plays(Part(usage=Usage(input_tokens=5, cost_usd=0.1)))

    await sandbox.run()

    assert sandbox.rows["a"].usage == {"input_tokens": 5, "output_tokens": None, "cost_usd": 0.1, "turns": None}
    assert sandbox.rows["b"].usage is None


async def test_until_runs_a_task_and_what_it_needs(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)

    await sandbox.run(until="test")

    assert sandbox.outcomes() == {"build": "success", "test": "success"}


async def test_only_takes_what_a_task_needs_from_the_last_run(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: only
        tasks:
          - {id: plan, run: x, outputs: {n: {type: array}}, artifacts: ["*.txt"]}
          - {id: build, needs: plan, run: x, strategy: {matrix: {n: "${{ tasks.plan.outputs.n }}"}}}
          - {id: check, needs: [plan, build], run: x}
    """)
    sandbox.task("plan").plays(Part(outputs={"n": [1]}, changes={"plan.txt": "p"}))
    sandbox.task("build").plays(Part(changes={"built.txt": "b"}))
    await sandbox.run()
    first = sandbox.rows

    await sandbox.run(only="check")

    again = sandbox.rows
    assert sandbox.outcomes() == {"plan": "cached", "build": "cached", "build@1": "cached", "check": "success"}
    assert again["check"].base == first["check"].base
    assert (sandbox.folders.folder(sandbox.last.id) / "tasks/check/1/inputs/plan/plan.txt").read_text() == "p"


async def test_only_without_a_run_to_take_from_says_what_to_do(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)

    with pytest.raises(NothingToTake) as refusal:
        await sandbox.run(only="test")

    assert str(refusal.value) == "Task test needs build, and the last run of workflow chain does not have it done."
    assert sandbox.ledger.events == []


async def test_the_runs_outputs_come_from_its_tasks(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: outputs
        tasks: [{id: build, run: make, outputs: {version: {type: string}}}]
        outputs: {version: "${{ tasks.build.outputs.version }}", text: "v${{ tasks.build.outputs.version }}"}
    """)
    sandbox.task("build").works(version="1.2")

    run = await sandbox.run()

    assert run.outputs == {"version": "1.2", "text": "v1.2"}


async def test_every_event_of_the_run_is_shown_to_the_watcher(sandbox: Sandbox) -> None:
    sandbox.workflow(CHAIN)

    await sandbox.run()

    assert sandbox.watched == sandbox.ledger.events
