"""How code flows with the graph, and who writes it."""

from __future__ import annotations

from fusion_kit.core.states import Outcome, RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

FAN = """
    name: fan
    tasks:
      - {id: plan, run: plan}
      - {id: one, needs: plan, run: one}
      - {id: two, needs: plan, run: two}
      - {id: join, needs: [one, two], run: join}
"""


async def test_code_flows_with_the_graph_and_lands_on_the_result_branch(sandbox: Sandbox) -> None:
    sandbox.workflow(FAN)
    for name in ("plan", "one", "two", "join"):
        sandbox.task(name).plays(Part(changes={f"{name}.txt": name}))

    run = await sandbox.run()

    commits = sandbox.workspaces.commits
    assert run.branch == f"fk/{run.id}/result"
    assert sorted(commits[run.commit or ""]) == ["join.txt", "one.txt", "plan.txt", "two.txt"]
    assert sorted(commits[sandbox.rows["join"].base or ""]) == ["one.txt", "plan.txt", "two.txt"]


async def test_parents_that_conflict_fail_the_task_early_and_are_named(sandbox: Sandbox) -> None:
    sandbox.workflow(FAN)
    sandbox.task("one").plays(Part(changes={"same.txt": "1"}))
    sandbox.task("two").plays(Part(changes={"same.txt": "2"}))

    run = await sandbox.run()

    row = sandbox.rows["join"]
    assert run.state is RunState.FAILED
    assert (row.outcome, row.attempts) == (Outcome.CONFLICT, 0)
    assert row.error
    assert row.error["message"] == "The work of one and two does not merge: same.txt."


async def test_an_agent_is_reused_and_never_has_two_tasks(sandbox: Sandbox) -> None:
    sandbox.agent("writer", max_parallel=2)
    sandbox.workflow(
        "name: reuse\ntasks: [" + ", ".join(f"{{id: t{i}, agent: writer, prompt: x}}" for i in range(6)) + "]"
    )

    await sandbox.run()

    assert sorted(agent.id for agent in sandbox.ledger.agents()) == ["writer-1", "writer-2"]
    assert sandbox.troupe.most_alive == 2
    assert {agent.state.value for agent in sandbox.ledger.agents()} == {"idle"}


async def test_a_task_that_names_capabilities_gets_the_least_gifted_agent(sandbox: Sandbox) -> None:
    sandbox.agent("star", capabilities="[coding, design]")
    sandbox.agent("coder", capabilities="[coding]")
    sandbox.workflow("name: who\ntasks: [{id: code, capabilities: [coding], prompt: x}]")

    await sandbox.run()

    assert sandbox.rows["code"].agent == "coder-1"


async def test_a_retry_begins_from_the_base_and_moves_the_branch_on(sandbox: Sandbox) -> None:
    sandbox.agent("writer")
    sandbox.workflow("""
        name: again
        tasks: [{id: job, agent: writer, prompt: x, retry: 1, outputs: {n: {type: integer}}}]
    """)
    sandbox.task("job").plays(Part(changes={"first.txt": "1"}), Part(changes={"second.txt": "2"}, outputs={"n": 1}))

    await sandbox.run()

    row = sandbox.rows["job"]
    assert (row.attempts, row.counted, row.base) == (2, 1, "base")
    assert list(sandbox.workspaces.commits[row.commit or ""]) == ["second.txt"]


async def test_a_task_without_git_passes_on_the_code_of_what_it_needs(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: through
        tasks:
          - {id: write, run: x}
          - {id: look, needs: write, run: x, workspace: none}
          - {id: go-on, needs: look, run: x}
    """)
    sandbox.task("write").plays(Part(changes={"a.txt": "a"}))

    await sandbox.run()

    assert sandbox.rows["look"].commit is None
    assert sandbox.rows["go-on"].base == sandbox.rows["write"].commit


async def test_users_of_the_runs_workspace_take_turns_and_build_on_each_other(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: shared
        tasks:
          - {id: one, run: x, workspace: run}
          - {id: two, run: x, workspace: run}
    """)
    for name in ("one", "two"):
        sandbox.task(name).plays(Part(changes={f"{name}.txt": name}))

    run = await sandbox.run()

    assert sandbox.troupe.most_alive == 1
    assert sorted(sandbox.workspaces.commits[run.commit or ""]) == ["one.txt", "two.txt"]


async def test_a_run_that_changed_nothing_has_no_result_branch(sandbox: Sandbox) -> None:
    sandbox.workflow(FAN)

    run = await sandbox.run()

    assert (run.state, run.branch, run.commit) == (RunState.COMPLETED, None, None)
    assert sandbox.workspaces.branches == {}
