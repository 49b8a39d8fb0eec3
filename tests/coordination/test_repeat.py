"""A task is repeated until what it gives is good enough, and each turn builds upon the one before."""

from __future__ import annotations

from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

LOOP = """
    name: loop
    tasks:
      - {id: plan, run: plan}
      - id: fix
        needs: plan
        run: fix
        outputs: {good: {type: boolean}}
        env: {TURN: "${{ repeat.index }} of ${{ repeat.max }}"}
        repeat: {until: outputs.good, max: 3}
      - {id: after, needs: fix, run: after, env: {GOOD: "${{ tasks.fix.outputs.good }}"}}
"""


async def test_a_task_is_repeated_until_its_condition_holds(sandbox: Sandbox) -> None:
    sandbox.workflow(LOOP)
    sandbox.task("fix~1").plays(Part(outputs={"good": False}, changes={"one.txt": "1"}))
    sandbox.task("fix~2").plays(Part(outputs={"good": True}, changes={"two.txt": "2"}))

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.outcomes() == {
        "plan": "success", "fix": "success", "after": "success", "fix~1": "success", "fix~2": "success",
    }  # fmt: skip
    assert sandbox.rows["fix"].outputs == {"good": True}
    assert sandbox.troupe.environments["fix~2"]["TURN"] == "2 of 3"
    assert sandbox.troupe.environments["after"]["GOOD"] == "true"


async def test_each_turn_starts_from_where_the_turn_before_left_the_code(sandbox: Sandbox) -> None:
    sandbox.workflow(LOOP)
    sandbox.task("fix~1").plays(Part(outputs={"good": False}, changes={"one.txt": "1"}))
    sandbox.task("fix~2").plays(Part(outputs={"good": True}, changes={"two.txt": "2"}))

    run = await sandbox.run()

    rows = sandbox.rows
    assert rows["fix~2"].base == rows["fix~1"].commit
    assert rows["after"].base == rows["fix~2"].commit
    assert sandbox.workspaces.commits[run.commit or ""] == {"one.txt": "1", "two.txt": "2"}


async def test_a_repetition_that_never_gets_there_fails_after_its_last_turn(sandbox: Sandbox) -> None:
    sandbox.workflow(LOOP)
    sandbox.task("fix~1").works(good=False)
    sandbox.task("fix~2").works(good=False)
    sandbox.task("fix~3").works(good=False)

    run = await sandbox.run()

    assert run.state is RunState.FAILED
    row = sandbox.rows["fix"]
    assert (row.outcome, (row.error or {})["code"]) == ("contract", "not_reached")
    assert (row.error or {})["message"] == "`until: outputs.good` does not hold after 3 turns"
    assert sandbox.outcomes()["after"] == "upstream_failed"


async def test_a_turn_that_fails_ends_the_repetition(sandbox: Sandbox) -> None:
    sandbox.workflow(LOOP)
    sandbox.task("fix~1").works(good=False)
    sandbox.task("fix~2").fails()

    run = await sandbox.run()

    assert run.state is RunState.FAILED
    assert sandbox.outcomes() == {
        "plan": "success", "fix": "exit_code", "after": "upstream_failed", "fix~1": "success", "fix~2": "exit_code",
    }  # fmt: skip


async def test_items_of_a_matrix_are_repeated_each_by_itself(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: each
        tasks:
          - id: fix
            strategy: {matrix: {piece: [a, b]}, max_parallel: 1}
            run: fix
            outputs: {good: {type: boolean}}
            repeat: {until: outputs.good, max: "${{ inputs.most }}"}
        inputs: {most: {type: integer}}
    """)
    sandbox.task("fix@a~1").works(good=True)
    sandbox.task("fix@b~1").works(good=False)
    sandbox.task("fix@b~2").works(good=True)

    run = await sandbox.run({"most": 2})

    assert run.state is RunState.COMPLETED
    assert sorted(sandbox.troupe.starts) == ["fix@a~1", "fix@b~1", "fix@b~2"]
    assert sandbox.troupe.most_alive == 1


async def test_a_whole_workflow_is_repeated(sandbox: Sandbox) -> None:
    sandbox.workflow(
        """
        name: inner
        tasks: [{id: try, run: try, outputs: {ok: {type: boolean}}}]
        outputs: {ok: "${{ tasks.try.outputs.ok }}"}
        """,
        ".fusion/workflows/inner.yaml",
    )
    sandbox.workflow("""
        name: outer
        tasks: [{id: review, uses: ./inner.yaml, repeat: {until: outputs.ok, max: 5}}]
    """)
    sandbox.task("review~1.try").works(ok=False)
    sandbox.task("review~2.try").works(ok=True)

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.rows["review"].outputs == {"ok": True}


async def test_a_bound_that_is_no_number_of_turns_is_refused_before_the_first(sandbox: Sandbox) -> None:
    sandbox.workflow(LOOP.replace("max: 3", 'max: "${{ inputs.most }}"') + "    inputs: {most: {type: integer}}\n")

    await sandbox.run({"most": 0})

    assert sandbox.troupe.starts == ["plan"]
    assert (sandbox.rows["fix"].error or {})["message"] == (
        "`repeat.max` is 0, and it must be a whole number from 1 on."
    )


async def test_an_interrupted_repetition_goes_on_with_the_turn_it_was_in(sandbox: Sandbox) -> None:
    sandbox.workflow(LOOP)
    sandbox.task("fix~1").works(good=False)
    sandbox.task("fix~2").plays(Part(seconds=50, outputs={"good": True}))

    async def press() -> None:
        sandbox.stop.request()

    sandbox.when("fix~2 started", press)
    assert (await sandbox.run()).state is RunState.PAUSED
    run = await sandbox.resume()

    assert run.state is RunState.COMPLETED
    assert sandbox.troupe.starts == ["plan", "fix~1", "fix~2", "fix~2", "after"]
