"""Matrices and sub-workflows."""

from __future__ import annotations

from fusion_kit.core.states import Outcome, RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

PIECES = """
    name: pieces
    tasks:
      - {id: plan, run: plan, outputs: {pieces: {type: array}}}
      - id: build
        needs: plan
        strategy: {matrix: {piece: "${{ tasks.plan.outputs.pieces }}"}, key: "${{ matrix.piece.key }}", max_parallel: 2}
        run: build
        env: {PIECE: "${{ matrix.piece.key }}"}
      - {id: review, needs: build, run: review}
"""


async def test_a_list_known_only_at_run_time_becomes_items(sandbox: Sandbox) -> None:
    sandbox.workflow(PIECES)
    sandbox.task("plan").works(pieces=[{"key": name} for name in ("api", "web", "docs")])

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert list(sandbox.outcomes()) == ["plan", "build", "review", "build@api", "build@web", "build@docs"]
    assert sandbox.rows["build@web"].key == "web"
    assert sandbox.troupe.starts[-1] == "review"
    assert sandbox.troupe.most_alive == 2


async def test_siblings_finish_when_one_item_fails(sandbox: Sandbox) -> None:
    sandbox.workflow(PIECES)
    sandbox.task("plan").works(pieces=[{"key": name} for name in ("a", "b", "c", "d")])
    sandbox.task("build@a").fails()

    run = await sandbox.run()

    assert run.state is RunState.FAILED
    assert sandbox.outcomes() == {
        "plan": "success",
        "build": "exit_code",
        "review": "upstream_failed",
        "build@a": "exit_code",
        "build@b": "success",
        "build@c": "success",
        "build@d": "success",
    }


async def test_fail_fast_starts_no_more_items(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: fast
        tasks:
          - {id: t, run: x, strategy: {matrix: {n: [1, 2, 3]}, fail_fast: true, max_parallel: 1}}
    """)
    sandbox.task("t@1").fails()

    await sandbox.run()

    assert sandbox.outcomes() == {"t": "exit_code", "t@1": "exit_code", "t@2": "cancelled", "t@3": "cancelled"}


async def test_an_empty_matrix_is_done(sandbox: Sandbox) -> None:
    sandbox.workflow(PIECES)
    sandbox.task("plan").works(pieces=[])

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.outcomes() == {"plan": "success", "build": "success", "review": "success"}


async def test_what_is_not_a_list_fails_the_matrix_and_says_so(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: odd
        inputs: {pieces: {type: object, default: {a: 1}}}
        tasks:
          - {id: t, run: x, strategy: {matrix: {n: "${{ inputs.pieces }}"}}}
    """)

    await sandbox.run(inputs={"pieces": {"a": 1}})

    row = sandbox.rows["t"]
    assert (row.outcome, row.error and row.error["code"]) == (Outcome.CONTRACT, "bad-matrix")


async def test_more_items_than_the_limit_allows_never_start(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: bounded
        limits: {items: 2}
        tasks: [{id: t, run: x, strategy: {matrix: {n: [1, 2, 3]}}}]
    """)

    await sandbox.run()

    assert sandbox.outcomes() == {"t": "budget"}
    assert sandbox.troupe.starts == []


async def test_items_build_upon_the_same_base_and_their_work_is_merged_for_what_follows(sandbox: Sandbox) -> None:
    sandbox.workflow(PIECES)
    sandbox.task("plan").plays(Part(outputs={"pieces": [{"key": "a"}, {"key": "b"}]}, changes={"plan.txt": "p"}))
    for name in ("a", "b"):
        sandbox.task(f"build@{name}").plays(Part(changes={f"{name}.txt": name}))

    await sandbox.run()

    rows, commits = sandbox.rows, sandbox.workspaces.commits
    assert rows["build@a"].base == rows["build@b"].base == rows["plan"].commit
    assert sorted(commits[rows["review"].base or ""]) == ["a.txt", "b.txt", "plan.txt"]


INNER = """
    name: inner
    inputs: {who: {type: string}}
    tasks:
      - {id: greet, run: greet, outputs: {text: {type: string}}}
      - {id: check, needs: greet, run: check, if: "inputs.who == 'you'"}
    finally: [{id: wash, run: wash}]
    outputs: {said: "${{ tasks.greet.outputs.text }}"}
"""

OUTER = """
    name: outer
    tasks:
      - {id: first, run: first}
      - {id: sub, needs: first, uses: ./inner.yaml, with: {who: me}}
      - {id: last, needs: sub, run: last, if: "tasks.sub.outputs.said == 'hi'"}
"""


async def test_a_sub_workflow_runs_inside_its_node_and_gives_its_outputs(sandbox: Sandbox) -> None:
    sandbox.workflow(INNER, ".fusion/workflows/inner.yaml")
    sandbox.workflow(OUTER)
    sandbox.task("sub.greet").works(text="hi")

    run = await sandbox.run()

    assert run.state is RunState.COMPLETED
    assert sandbox.outcomes() == {
        "first": "success",
        "sub": "success",
        "last": "success",
        "sub.greet": "success",
        "sub.check": "skipped",
        "sub.wash": "success",
    }


async def test_a_failure_inside_fails_the_sub_workflow_after_its_finally(sandbox: Sandbox) -> None:
    sandbox.workflow(INNER, ".fusion/workflows/inner.yaml")
    sandbox.workflow(OUTER)
    sandbox.task("sub.greet").fails()

    await sandbox.run()

    outcomes = sandbox.outcomes()
    assert (outcomes["sub"], outcomes["sub.wash"], outcomes["last"]) == ("exit_code", "success", "upstream_failed")


async def test_a_sub_workflow_builds_upon_what_its_node_needs(sandbox: Sandbox) -> None:
    sandbox.workflow(INNER, ".fusion/workflows/inner.yaml")
    sandbox.workflow(OUTER)
    sandbox.task("first").plays(Part(changes={"first.txt": "1"}))
    sandbox.task("sub.greet").works(text="hi")

    await sandbox.run()

    assert sandbox.rows["sub.greet"].base == sandbox.rows["first"].commit


async def test_what_a_matrix_includes_and_excludes_may_come_from_inputs(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: rules
        inputs: {skip: {type: integer, default: 2}}
        tasks:
          - id: t
            run: x
            strategy: {matrix: {n: [1, 2], exclude: [{n: "${{ inputs.skip }}"}], include: [{n: 9}]}}
    """)

    await sandbox.run(inputs={"skip": 2})

    assert sandbox.outcomes() == {"t": "success", "t@1": "success", "t@9": "success"}


async def test_the_branch_that_takes_the_work_may_come_from_inputs(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: into
        inputs: {to: {type: string, default: next}}
        tasks: [{id: t, run: x}]
        merge: {into: "release/${{ inputs.to }}"}
    """)
    sandbox.task("t").plays(Part(changes={"t.txt": "t"}))

    run = await sandbox.run(inputs={"to": "next"})

    assert run.branch == "release/next"


async def test_what_is_typed_by_a_person_is_never_evaluated(sandbox: Sandbox) -> None:
    sandbox.workflow("name: typed\ntasks: [{id: t, run: x}]")

    await sandbox.run(env={"TEXT": "${{ secrets.KEY }} $(rm -rf /)"})

    assert sandbox.troupe.environments["t"]["TEXT"] == "${{ secrets.KEY }} $(rm -rf /)"
