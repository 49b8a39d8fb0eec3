"""Tasks that may write the same files do not run at once."""

from __future__ import annotations

from fusion_kit.coordination.budgets.purse import outside_touches
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.frames import tasks_frame
from fusion_kit.core import events as e
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox


def held(sandbox: Sandbox) -> list[tuple[str | None, str, str]]:
    facts = ((event.task, event.fact) for event in sandbox.ledger.events)
    return [(task, fact.reason, fact.message) for task, fact in facts if isinstance(fact, e.TaskHeld)]


async def test_tasks_that_touch_the_same_files_run_one_after_the_other(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: writers
        max_parallel: 9
        tasks:
          - {id: api, run: x, touches: ["src/api/**", README.md]}
          - {id: all, run: x, touches: "src/**"}
          - {id: docs, run: x, touches: [docs]}
          - {id: free, run: x}
    """)

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["api", "docs", "free", "all"]
    assert sandbox.story().index("api completed") < sandbox.story().index("all started")
    assert held(sandbox) == [("all", "lock", "touches src/** like api")]


async def test_items_with_the_same_globs_are_serialised_and_items_with_their_own_are_not(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: items
        max_parallel: 9
        tasks:
          - id: same
            run: x
            touches: ["src/**"]
            strategy: {matrix: {piece: [a, b, c]}}
    """)
    await sandbox.run()
    assert sandbox.troupe.most_alive == 1


async def test_globs_are_evaluated_for_each_item(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: items
        max_parallel: 9
        tasks:
          - id: plan
            run: x
            outputs: {pieces: {type: array}}
          - id: own
            needs: plan
            run: x
            touches: ["src/${{ matrix.piece.key }}/**", "${{ matrix.piece.files }}"]
            strategy: {matrix: {piece: "${{ tasks.plan.outputs.pieces }}"}, key: "${{ matrix.piece.key }}"}
    """)
    pieces = [{"key": "a", "files": ["x.md"]}, {"key": "b", "files": ["y.md"]}, {"key": "c", "files": ["x.md"]}]
    sandbox.task("plan").works(pieces=pieces)

    await sandbox.run()

    assert sandbox.troupe.most_alive == 2
    assert held(sandbox) == [("own@c", "lock", "touches x.md like own@a")]


async def test_a_retry_takes_its_turn_like_any_other(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: again
        max_parallel: 9
        tasks:
          - {id: one, run: x, touches: [src], retry: 1}
          - {id: two, run: x, touches: [src]}
    """)
    sandbox.task("one").fails().works()

    await sandbox.run()

    assert sandbox.troupe.starts == ["one", "two", "one"]
    assert sandbox.troupe.most_alive == 1


async def test_who_waits_for_the_runs_workspace_says_by_whom_it_is_used(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: shared
        max_parallel: 9
        defaults: {workspace: run}
        tasks: [{id: one, run: x}, {id: two, run: x}, {id: three, run: x}]
    """)

    await sandbox.run()

    assert sandbox.troupe.most_alive == 1
    assert held(sandbox) == [
        ("two", "lock", "the run's workspace is used by one"),
        ("three", "lock", "the run's workspace is used by one"),
        ("three", "lock", "the run's workspace is used by two"),
    ]


async def test_globs_that_cannot_be_evaluated_fail_their_task_and_no_other(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: broken
        tasks:
          - {id: bad, run: x, touches: ["${{ fromJSON(inputs.text) }}"]}
          - {id: good, run: x}
        inputs: {text: {type: string}}
    """)

    await sandbox.run({"text": "{"}, keep_going=True)

    assert sandbox.outcomes() == {"bad": "contract", "good": "success"}


async def test_a_resumed_run_still_knows_what_touches_what(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: resumed
        max_parallel: 9
        tasks:
          - {id: one, run: x, touches: [src]}
          - {id: two, run: x, touches: [src]}
    """)

    async def stop() -> None:
        sandbox.stop.request()

    sandbox.task("one").works(seconds=5)
    stopping = sandbox.when("one started", stop)
    assert (await sandbox.run()).state is RunState.PAUSED
    await stopping

    run = await sandbox.resume()

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.most_alive == 1


async def test_what_a_task_changed_outside_its_touches_is_named(sandbox: Sandbox) -> None:
    sandbox.workflow("name: t\ntasks: [{id: t, run: x, touches: ['src/**']}]")
    frame = tasks_frame(sandbox.bundle().workflow, {}, {})
    execution = object.__new__(Execution)  # nothing of it is asked for where there is no template
    changed = ["src/a.py", "README.md", *(f"docs/{number:02}.md" for number in range(30))]

    flags = outside_touches(execution, frame.nodes["t"], changed)

    assert flags[:2] == ("outside its touches: README.md", "outside its touches: docs/00.md")
    assert flags[-1] == "outside its touches: 11 more files"
    assert len(flags) == 21
    assert outside_touches(execution, frame.nodes["t"], ["src/a.py"]) == ()
