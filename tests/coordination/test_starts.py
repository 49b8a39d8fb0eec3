"""What happens between the queue and an attempt."""

from __future__ import annotations

import pytest

from fusion_kit.core.code import Marked
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

CLASH = """
    name: clash
    tasks:
      - {id: a, run: x}
      - {id: b, run: x}
      - {id: x, needs: [a, b], run: x}
      - {id: y, needs: [a, b], run: x}
"""


@pytest.mark.parametrize(("keep_going", "other"), [(False, "cancelled"), (True, "conflict")])
async def test_of_two_tasks_whose_parents_conflict_the_first_may_end_the_second(
    sandbox: Sandbox, keep_going: bool, other: str
) -> None:
    sandbox.workflow(CLASH)
    sandbox.task("a").plays(Part(changes={"f": "1"}))
    sandbox.task("b").plays(Part(changes={"f": "2"}))

    await sandbox.run(keep_going=keep_going)

    assert sandbox.outcomes() == {"a": "success", "b": "success", "x": "conflict", "y": other}


async def test_an_agent_that_is_to_resolve_conflicts_starts_from_the_marked_commit(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: clash
        tasks:
          - {id: a, run: x}
          - {id: b, run: x}
          - {id: fix, needs: [a, b], agent: coder, prompt: Bring them together., on_conflict: agent}
    """)
    sandbox.agent("coder")
    sandbox.task("a").plays(Part(changes={"f": "1"}))
    sandbox.task("b").plays(Part(changes={"f": "2"}))
    sandbox.task("fix").plays(Part(changes={"f": "1 and 2"}))

    await sandbox.run()

    rows = sandbox.rows
    marked = await sandbox.workspaces.mark_conflicts({name: rows[name].commit or "" for name in "ab"})
    assert marked == Marked(rows["fix"].base or "", ("f",))
    assert rows["fix"].outcome == "success"
