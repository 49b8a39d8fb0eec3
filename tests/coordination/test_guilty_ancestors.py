"""A guilty task is found wherever it stands in the graph, and takes with it only what is built on it."""

from __future__ import annotations

from fusion_kit.core import events as e
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part


async def test_an_inner_task_that_breaks_the_gate_is_named_and_what_stands_beside_it_is_merged(
    sandbox: Sandbox,
) -> None:
    sandbox.workflow("""
        name: deep
        tasks:
          - {id: good, run: x}
          - {id: bad, run: x}
          - {id: after, needs: [good, bad], run: x}
        merge: {gate: make test}
    """)
    for task in ("good", "bad", "after"):
        sandbox.task(task).plays(Part(changes={f"{task}.txt": task}))
    red, green = Part(code=1), Part()
    sandbox.task("merge").plays(red, red, green, green)  # all; bad; the base alone; good

    run = await sandbox.run()

    refused = [event.task for event in sandbox.ledger.events if isinstance(event.fact, e.MergeRefused)]
    assert (run.state, refused) == (RunState.FAILED, ["bad"])
    tip = sandbox.workspaces.branches[f"fk/{run.id}/result"]
    assert sandbox.workspaces.commits[tip] == {"good.txt": "good"}
    assert "the work of bad, which was left out; so was that of after, built on it" in str((run.error or {})["message"])


async def test_a_failed_attempts_work_is_kept_and_nothing_builds_on_it(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: kept
        tasks:
          - {id: try, run: x, continue_on_error: true}
          - {id: next, needs: try, run: x}
    """)
    sandbox.task("try").plays(Part(code=1, changes={"half.txt": "half"}))

    run = await sandbox.run()

    branch = sandbox.rows["try"].branch or ""
    assert sandbox.workspaces.commits[sandbox.workspaces.branches[branch]] == {"half.txt": "half"}
    assert (sandbox.rows["next"].base, run.commit) == ("base", None)
