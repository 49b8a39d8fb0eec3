"""Work that does not merge: named, or handed to an agent that brings it together."""

from __future__ import annotations

from pathlib import Path

from fusion_kit.core import events as e
from fusion_kit.core.states import Outcome, RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part
from fusion_kit.testing.ledger import Crash


def _shells(sandbox: Sandbox, merge: str) -> None:
    """Two shell tasks that write the same file differently."""
    sandbox.workflow(f"name: fan\ntasks: [{{id: a, run: x}}, {{id: b, run: x}}]\nmerge: {{{merge}}}\n")
    for name in "ab":
        sandbox.task(name).plays(Part(changes={"same.txt": name}))


def _gated(sandbox: Sandbox) -> list[tuple[tuple[str, ...], bool]]:
    facts = [event.fact for event in sandbox.ledger.events]
    return [(fact.tasks, fact.passed) for fact in facts if isinstance(fact, e.MergeGated)]


async def test_work_that_does_not_merge_fails_the_run_and_names_both(sandbox: Sandbox) -> None:
    _shells(sandbox, "gate: make test")
    run = await sandbox.run()
    assert run.error is not None
    told = [event.fact for event in sandbox.ledger.events if isinstance(event.fact, e.MergeFailed)]
    assert (run.error["code"], told) == (
        "commit-conflict",
        [e.MergeFailed(("a", "b"), ("same.txt",))],
    )


def _quarrel(sandbox: Sandbox) -> None:
    sandbox.agent("writer", max_parallel=2)
    sandbox.workflow("""
        name: quarrel
        tasks:
          - {id: a, agent: writer, prompt: "Write ${{ run.id }} into it."}
          - {id: b, agent: writer, prompt: Say B.}
          - {id: c, run: x}
        merge: {gate: make test, on_conflict: agent}
    """)
    sandbox.task("a").plays(Part(changes={"same.txt": "A\n"}))
    sandbox.task("b").plays(Part(changes={"same.txt": "B\n"}))
    sandbox.task("c").plays(Part(changes={"c.txt": "c"}))


async def test_a_conflict_is_brought_together_by_an_agent_and_the_gate_decides(sandbox: Sandbox) -> None:
    _quarrel(sandbox)
    sandbox.task("merge.resolve-1").plays(Part(changes={"same.txt": "A and B\n"}))
    run = await sandbox.run()
    row = sandbox.rows["merge.resolve-1"]
    told = (sandbox.folders.folder(run.id) / "tasks" / "merge.resolve-1" / "1" / "stdin").read_text()
    assert (run.state, row.section, row.agent) == (RunState.COMPLETED, "merge", "writer-1")
    assert sandbox.workspaces.commits[run.commit or ""] == {"c.txt": "c", "same.txt": "A and B\n"}
    assert _gated(sandbox) == [(("c", "merge.resolve-1"), True)]
    assert "- same.txt\n" in told
    assert "a was to do this:\n  Write ${{ run.id }} into it.\n" in told
    assert "Whether it is right is decided by `make test`" in told


async def test_an_agent_that_leaves_markers_has_not_brought_them_together(sandbox: Sandbox) -> None:
    _quarrel(sandbox)
    sandbox.task("merge.resolve-1").plays(Part(changes={"more.txt": "more"}))
    run = await sandbox.run()
    row = sandbox.rows["merge.resolve-1"]
    assert (run.state, row.outcome) == (RunState.FAILED, Outcome.CONFLICT)
    assert (row.error or {})["message"] == "Conflict markers are still in same.txt."
    assert (run.error or {})["code"] == "commit-conflict"


async def test_a_brought_together_conflict_is_not_handed_out_again_after_a_crash(tmp_path: Path) -> None:
    number = 1
    while True:
        sandbox = Sandbox(tmp_path / str(number))
        _quarrel(sandbox)
        sandbox.task("merge.resolve-1").plays(Part(changes={"same.txt": "A and B\n"}))
        sandbox.ledger.crash_at = number
        try:
            await sandbox.run()
        except Crash:
            sandbox.ledger.crash_at = None
            sandbox.folders.owned.clear()
        else:
            break
        number += 1
        if not sandbox.ledger.runs():
            continue
        run = await sandbox.resume()
        assert (run.state, sandbox.troupe.starts.count("merge.resolve-1")) == (RunState.COMPLETED, 1), number
    assert number > 8


async def test_a_conflict_between_shell_tasks_is_nobodys_to_bring_together(sandbox: Sandbox) -> None:
    _shells(sandbox, "on_conflict: agent")
    run = await sandbox.run()
    assert (run.error or {})["code"] == "commit-conflict"


async def test_a_task_whose_parents_conflict_is_told_so_and_must_settle_them(sandbox: Sandbox) -> None:
    sandbox.agent("writer")
    sandbox.workflow("""
        name: join
        tasks:
          - {id: a, run: x}
          - {id: b, run: x}
          - {id: join, needs: [a, b], agent: writer, prompt: Join them., on_conflict: agent}
    """)
    for name in "ab":
        sandbox.task(name).plays(Part(changes={"same.txt": f"{name}\n"}))
    sandbox.task("join").plays(Part(changes={"more.txt": "more"}), Part(changes={"same.txt": "a and b\n"}))
    run = await sandbox.run()
    folder = sandbox.folders.folder(run.id) / "tasks" / "join"
    told = (folder / "1" / "stdin").read_text()
    assert (run.state, sandbox.rows["join"].outcome) == (RunState.FAILED, Outcome.CONFLICT)
    assert told.startswith("The work of a and b, which your workspace starts from, does not merge by itself.")
    assert told.endswith("remove every marker.\n\nJoin them.")

    run = await sandbox.retry()
    assert (run.state, sandbox.workspaces.commits[run.commit or ""]) == (
        RunState.COMPLETED,
        {"same.txt": "a and b\n"},
    )
