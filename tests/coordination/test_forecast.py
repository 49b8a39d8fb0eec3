"""What a dry run says, and why."""

from __future__ import annotations

from fusion_kit.coordination.forecast import World, play
from fusion_kit.coordination.requests import RunRequest
from fusion_kit.coordination.seeding import seeds
from fusion_kit.definitions.expressions.evaluate import Expressions
from fusion_kit.testing import Sandbox
from tests.coordination.foretold import nothing_missing, reason_of, told, verdicts, wrong


def test_conditions_over_inputs_and_literals_are_decided_beforehand(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: decided
        inputs: {deploy: {type: boolean, default: false}}
        tasks:
          - {id: build, run: x}
          - {id: deploy, needs: build, if: inputs.deploy, run: x}
          - {id: tell, needs: deploy, run: x}
          - {id: both, needs: [build, deploy], run: x}
          - {id: explain, needs: build, if: failure(), run: x}
          - {id: always, needs: deploy, if: always(), run: x}
    """)

    lines = told(sandbox, inputs={"deploy": False})

    assert verdicts(lines) == {
        "build": "run", "deploy": "skip", "tell": "skip", "both": "run", "explain": "skip", "always": "run",
    }  # fmt: skip
    assert reason_of(lines, "deploy") == "its `if: inputs.deploy` is false"
    assert reason_of(lines, "tell") == "everything it needs was skipped"
    assert reason_of(lines, "explain") == "unless something before it fails: `if: failure()`"
    assert reason_of(lines, "both") == "after build, deploy"


def test_what_hangs_on_an_output_is_unknown_until_the_task_that_gives_it(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: hanging
        tasks:
          - {id: plan, run: x, outputs: {go: {type: boolean}, names: {type: array}}}
          - {id: maybe, needs: plan, if: tasks.plan.outputs.go, run: x}
          - {id: after, needs: maybe, run: x}
          - {id: joined, needs: [plan, maybe], run: x}
          - {id: each, needs: plan, strategy: {matrix: {n: "${{ tasks.plan.outputs.names }}"}}, run: x}
          - {id: last, needs: each, if: "tasks.each.outcome == 'success'", run: x}
    """)

    lines = told(sandbox)

    assert verdicts(lines) == {
        "plan": "run",
        "maybe": "unknown until plan",
        "after": "unknown until plan",
        "joined": "run",
        "each": "run until plan",
        "each@*": "unknown until plan",
        "last": "run",
    }
    assert reason_of(lines, "after") == "it depends on what becomes of maybe"


def test_a_part_of_a_condition_that_decides_alone_needs_no_output(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: short
        inputs: {off: {type: boolean, default: true}}
        tasks:
          - {id: plan, run: x, outputs: {go: {type: boolean}}}
          - {id: never, needs: plan, if: "!inputs.off && tasks.plan.outputs.go", run: x}
          - {id: ever, needs: plan, if: "inputs.off || tasks.plan.outputs.go", run: x}
    """)

    assert verdicts(told(sandbox, inputs={"off": True})) == {"plan": "run", "never": "skip", "ever": "run"}


def test_matrix_items_are_told_one_by_one_with_their_own_keys(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: wide
        inputs: {names: {type: array, default: [a, b]}}
        tasks:
          - id: each
            strategy:
              matrix: {n: "${{ inputs.names }}", v: [1, 2], exclude: [{n: b, v: 2}]}
              key: "${{ matrix.n }}${{ matrix.v }}"
            run: x
          - {id: again, needs: each, strategy: {matrix: {one: "${{ tasks.each.items }}"}}, run: x}
    """)

    assert verdicts(told(sandbox, inputs={"names": ["a", "b"]})) == {
        "each": "run", "each@a1": "run", "each@a2": "run", "each@b1": "run",
        "again": "run", "again@a1": "run", "again@a2": "run", "again@b1": "run",
    }  # fmt: skip


def test_a_matrix_that_cannot_be_expanded_fails_and_what_needs_it_is_skipped(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: too-wide
        tasks:
          - {id: first, run: x}
          - {id: each, needs: first, limits: {items: 1}, strategy: {matrix: {n: [1, 2]}}, run: x}
          - {id: after, needs: each, run: x}
          - {id: beside, run: x}
          - {id: explain, needs: each, if: failure(), run: x}
    """)

    lines = told(sandbox)

    assert verdicts(lines) == {
        "first": "run", "each": "fail", "after": "skip", "beside": "unknown until each", "explain": "run",
    }  # fmt: skip
    assert "2 items, and `limits.items` allows 1" in reason_of(lines, "each")
    assert verdicts(told(sandbox, keep_going=True))["beside"] == "run"


def test_an_approval_pauses_and_those_after_it_hang_on_the_answer(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: asks
        tasks:
          - {id: build, run: x}
          - {id: ship, needs: build, approval: "Ship it?"}
          - {id: publish, needs: ship, run: x}
          - {id: tell, needs: ship, if: always(), run: x}
        finally:
          - {id: clean, run: x}
          - {id: alarm, if: failure(), run: x}
    """)

    assert verdicts(told(sandbox)) == {
        "build": "run",
        "ship": "pause",
        "publish": "unknown until ship",
        "tell": "run",
        "clean": "run",
        "alarm": "unknown until ship",
    }


def test_a_repetition_has_at_least_one_turn_and_more_where_until_can_be_told(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: again
        tasks:
          - {id: fix, run: x, outputs: {ok: {type: boolean}}, repeat: {until: outputs.ok, max: 3}}
          - {id: twice, run: x, repeat: {until: repeat.index == 2, max: 3}}
          - {id: after, needs: [fix, twice], run: x}
    """)

    assert verdicts(told(sandbox)) == {
        "fix": "run", "fix~1": "run", "fix~*": "unknown until fix~1",
        "twice": "run", "twice~1": "run", "twice~2": "run",
        "after": "run",
    }  # fmt: skip


def test_the_inside_of_a_used_workflow_is_told_with_what_is_handed_to_it(sandbox: Sandbox) -> None:
    sandbox.workflow(
        """
        name: inner
        inputs: {mode: {type: string}, late: {type: string}}
        tasks:
          - {id: fast, if: inputs.mode == 'fast', run: x}
          - {id: slow, if: inputs.mode == 'slow', run: x}
          - {id: late, if: inputs.late == 'yes', run: x}
        finally:
          - {id: end, run: x}
        outputs: {mode: "${{ inputs.mode }}"}
        """,
        ".fusion/workflows/inner.yaml",
    )
    sandbox.workflow("""
        name: outer
        tasks:
          - {id: plan, run: x, outputs: {late: {type: string}}}
          - {id: sub, needs: plan, uses: ./inner.yaml, with: {mode: fast, late: "${{ tasks.plan.outputs.late }}"}}
          - {id: then, needs: sub, if: "tasks.sub.outputs.mode == 'fast'", run: x}
    """)

    assert verdicts(told(sandbox)) == {
        "plan": "run",
        "sub": "run",
        "sub.fast": "run",
        "sub.slow": "skip",
        "sub.late": "unknown until plan",
        "sub.end": "run",
        "then": "run",
    }


def test_each_agent_is_told_with_its_file_and_the_most_it_may_cost(sandbox: Sandbox) -> None:
    sandbox.agent("coder", model="small", capabilities="[coding]", limits="{cost_usd: 0.5}")
    sandbox.agent("genius", model="big", capabilities="[coding, review]", limits="{cost_usd: 5}")
    sandbox.workflow("""
        name: paid
        tasks:
          - {id: write, capabilities: coding, prompt: x, retry: 1}
          - {id: review, agent: genius, prompt: x, limits: {cost_usd: 2}}
          - {id: each, agent: coder, prompt: x, strategy: {matrix: {n: [1, 2]}}}
          - {id: never, if: false, agent: genius, prompt: x}
    """)

    lines = {line.node: line for line in told(sandbox)}

    assert {node: (line.agent, line.model, line.origin, line.cost_bound) for node, line in lines.items()} == {
        "write": ("coder", "small", ".fusion/agents/coder.yaml", 1.0),  # two attempts
        "review": ("genius", "big", ".fusion/agents/genius.yaml", 2.0),
        "each": (None, None, None, None),  # its items do the work
        "each@1": ("coder", "small", ".fusion/agents/coder.yaml", 0.5),
        "each@2": ("coder", "small", ".fusion/agents/coder.yaml", 0.5),
        "never": ("genius", "big", ".fusion/agents/genius.yaml", None),
    }


async def test_with_only_the_needs_are_taken_from_the_last_run(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: steps
        tasks:
          - {id: plan, run: x, outputs: {go: {}}}
          - {id: each, needs: plan, strategy: {matrix: {n: [1, 2]}}, run: x}
          - {id: ship, needs: each, if: always(), run: x}
          - {id: other, run: x}
    """)
    sandbox.task("plan").works(go="yes")
    await sandbox.run()
    earlier = sandbox.last.id
    request = RunRequest(sandbox.bundle(), only="ship")
    taken = seeds(sandbox.ledger, request.bundle.workflow, "ship")

    lines = play(request, World(Expressions(), nothing_missing, taken=taken))
    await sandbox.run(only="ship")

    assert verdicts(lines) == {
        "plan": "cached",
        "each": "cached",
        "each@1": "cached",
        "each@2": "cached",
        "ship": "run",
    }
    assert reason_of(lines, "each@2") == f"taken from {earlier}"
    assert wrong(lines, sandbox.rows) == []


def test_a_long_workflow_is_told_task_by_task(sandbox: Sandbox) -> None:
    count = 2000
    needs = [", ".join(f"t{other}" for other in range(max(0, number - 3), number)) for number in range(count)]
    tasks = [f"  - {{id: t{number}, needs: [{wanted}], run: x}}" for number, wanted in enumerate(needs)]
    sandbox.workflow("name: long\ntasks:\n" + "\n".join(tasks))

    assert [line.verdict for line in told(sandbox)] == ["run"] * count


async def test_a_run_stands_at_the_approval_that_was_told(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: asks
        tasks:
          - {id: build, run: x}
          - {id: ship, needs: build, approval: "Ship it?"}
          - {id: publish, needs: ship, run: x}
    """)

    lines = told(sandbox)
    await sandbox.run()

    assert verdicts(lines) == {"build": "run", "ship": "pause", "publish": "unknown until ship"}
    assert wrong(lines, sandbox.rows) == []
    assert sandbox.rows["publish"].state == "waiting"


async def test_the_turns_of_a_repetition_are_those_that_were_told(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: again
        tasks:
          - {id: fix, run: x, outputs: {ok: {}}, repeat: {until: "outputs.ok == 'yes'", max: 3}}
          - {id: twice, run: x, repeat: {until: repeat.index == 2, max: 3}}
          - {id: each, strategy: {matrix: {n: [1, 2]}}, run: x, repeat: {until: repeat.index == matrix.n, max: 3}}
          - {id: after, needs: [fix, twice, each], run: x}
    """)
    sandbox.task("fix~1").works(ok="no")
    sandbox.task("fix~2").works(ok="yes")

    lines = told(sandbox)
    await sandbox.run()

    assert wrong(lines, sandbox.rows) == []
    assert {node for node in sandbox.rows if node not in verdicts(lines)} == {"fix~2"}
