"""What becomes of a run's work: gated, bisected, published, and never twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part
from fusion_kit.testing.ledger import Crash

GREEN, RED = Part(), Part(code=1)


def _fan(sandbox: Sandbox, names: str = "abc", merge: str = "gate: make test") -> None:
    tasks = "\n".join(f"  - {{id: {name}, run: x}}" for name in names)
    sandbox.workflow(f"name: fan\ntasks:\n{tasks}\nmerge: {{{merge}}}\n")
    for name in names:
        sandbox.task(name).plays(Part(changes={f"{name}.txt": name}))


def _gated(sandbox: Sandbox) -> list[tuple[tuple[str, ...], bool]]:
    facts = [event.fact for event in sandbox.ledger.events]
    return [(fact.tasks, fact.passed) for fact in facts if isinstance(fact, e.MergeGated)]


def _facts(sandbox: Sandbox, kind: type) -> list[object]:
    return [event.fact for event in sandbox.ledger.events if isinstance(event.fact, kind)]


def _files(sandbox: Sandbox, branch: str) -> list[str]:
    return sorted(sandbox.workspaces.commits[sandbox.workspaces.branches[branch]])


async def test_what_passes_the_gate_is_published(sandbox: Sandbox) -> None:
    _fan(sandbox)
    run = await sandbox.run()
    assert (run.state, run.branch) == (RunState.COMPLETED, f"fk/{run.id}/result")
    assert _gated(sandbox) == [(("a", "b", "c"), True)]
    assert _files(sandbox, run.branch or "") == ["a.txt", "b.txt", "c.txt"]


async def test_the_gate_gets_no_secret_and_knows_the_run(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: env
        inputs: {level: {type: integer, default: 3}}
        env: {TOKEN: "${{ secrets.TOKEN }}", MODE: "${{ inputs.level }}"}
        tasks: [{id: a, run: x}]
        merge: {gate: make test}
    """)
    sandbox.task("a").plays(Part(changes={"a.txt": "a"}))
    run = await sandbox.run(inputs={"level": 3}, secrets={"TOKEN": "hush"})
    env = sandbox.troupe.environments["merge"]
    assert {name: env.get(name) for name in ("FUSION_RUN_ID", "MODE", "INPUT_LEVEL", "TOKEN")} == {
        "FUSION_RUN_ID": run.id,
        "MODE": "3",
        "INPUT_LEVEL": "3",
        "TOKEN": None,
    }


async def test_the_guilty_task_is_named_the_others_are_merged_and_the_run_fails(sandbox: Sandbox) -> None:
    _fan(sandbox)
    sandbox.task("merge").plays(RED, GREEN, RED, GREEN)  # abc; a; ab; ac
    run = await sandbox.run()
    branch, log = f"fk/{run.id}/result", str(sandbox.folders.folder(run.id) / "merge" / "3" / "out.log")
    assert _gated(sandbox) == [
        (("a", "b", "c"), False),
        (("a",), True),
        (("a", "b"), False),
        (("a", "c"), True),
    ]
    assert (run.state, run.error) == (
        RunState.FAILED,
        {
            "code": "gate_failed",
            "message": "`make test` fails with the work of b, which was left out; "
            f"the work of a, c is on {branch}; see {log}",
            "hint": f"fusion-kit retry {run.id}  lets b try again and hands over what the gate said",
        },
    )
    refused = sandbox.rows["b"].refused
    assert refused == {"gate": "make test", "commit": sandbox.rows["b"].commit, "log": log}
    assert _files(sandbox, branch) == ["a.txt", "c.txt"]


async def test_a_gate_that_fails_on_the_base_makes_nobody_guilty(sandbox: Sandbox) -> None:
    _fan(sandbox)
    sandbox.task("merge").plays(RED)
    run = await sandbox.run()
    assert run.error is not None
    assert run.error["code"] == "gate_red_on_base"
    assert [row.id for row in sandbox.rows.values() if row.refused] == []
    assert f"fk/{run.id}/result" not in sandbox.workspaces.branches


async def test_what_is_built_on_the_guilty_task_is_left_out_with_it(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: chain
        tasks:
          - {id: one, run: x, workspace: run}
          - {id: two, run: x, workspace: run}
          - {id: far, run: x}
        merge: {gate: make test}
    """)
    for name in ("one", "two", "far"):
        sandbox.task(name).plays(Part(changes={f"{name}.txt": name}))
    # far and one and two; far; far and one; far
    sandbox.task("merge").plays(RED, GREEN, RED)
    run = await sandbox.run()
    assert run.error is not None
    assert "fails with the work of one, which was left out; so was that of two, built on it" in str(
        run.error["message"]
    )
    assert _files(sandbox, f"fk/{run.id}/result") == ["far.txt"]


async def test_a_retried_task_is_handed_what_the_gate_said(sandbox: Sandbox) -> None:
    sandbox.agent("writer")
    sandbox.workflow("name: agents\ntasks: [{id: a, agent: writer, prompt: Do it.}]\nmerge: {gate: make test}")
    sandbox.task("a").plays(Part(changes={"a.txt": "bad"}), Part(changes={"a.txt": "good"}))
    sandbox.task("merge").plays(RED, GREEN, GREEN)  # a; the base; a again
    run = await sandbox.run()
    assert (run.state, sandbox.rows["a"].refused is not None) == (RunState.FAILED, True)
    (sandbox.folders.folder(run.id) / "merge" / "1" / "out.log").write_text("It is broken.\n")

    run = await sandbox.retry()

    folder = sandbox.folders.folder(run.id) / "tasks" / "a" / "2"
    told = (folder / "stdin").read_text()
    assert told.startswith("Do it.\n\nYour earlier work on this task was left out of the merge")
    assert told.endswith("\n\nIt is broken.\n")
    assert (folder / "inputs" / "gate" / "output.log").read_text() == "It is broken.\n"
    assert sandbox.troupe.environments["a"]["FUSION_GATE_LOG"] == str(folder / "inputs" / "gate" / "output.log")
    assert (run.state, run.branch, sandbox.rows["a"].refused) == (RunState.COMPLETED, f"fk/{run.id}/result", None)
    commits = sandbox.workspaces.commits
    assert commits[run.commit or ""] == {"a.txt": "good"}


async def test_a_target_that_is_busy_keeps_its_work_waiting_on_the_runs_own_branch(sandbox: Sandbox) -> None:
    _fan(sandbox, merge="into: main, gate: make test")
    sandbox.workspaces.busy["main"] = "uncommitted changes in x"
    run = await sandbox.run()
    own = f"fk/{run.id}/result"
    assert (run.state, run.branch) == (RunState.COMPLETED, own)
    assert _facts(sandbox, e.MergeWaiting) == [
        e.MergeWaiting(own, run.commit or "", "main", "uncommitted changes in x")
    ]
    assert _facts(sandbox, e.MergeCompleted) == []


async def test_a_target_that_moved_while_the_gate_ran_is_merged_and_gated_anew(sandbox: Sandbox) -> None:
    _fan(sandbox, "a", merge="into: main, gate: make test")
    commits = sandbox.workspaces.commits
    publish = sandbox.workspaces.publish

    async def moved_once(landing, commit):  # type: ignore[no-untyped-def]
        if "main" not in sandbox.workspaces.branches:
            commits["theirs"] = {"theirs.txt": "x"}
            sandbox.workspaces.branches["main"] = "theirs"
        await publish(landing, commit)

    sandbox.workspaces.publish = moved_once  # type: ignore[method-assign]
    run = await sandbox.run()
    assert _gated(sandbox) == [(("a",), True), (("a",), True)]
    assert (run.branch, _files(sandbox, "main")) == ("main", ["a.txt", "theirs.txt"])


async def test_a_target_that_never_rests_fails_the_run_with_a_sentence(sandbox: Sandbox) -> None:
    _fan(sandbox, "a", merge="into: main, gate: make test")
    commits, publish, moves = sandbox.workspaces.commits, sandbox.workspaces.publish, iter(range(99))

    async def moved_always(landing, commit):  # type: ignore[no-untyped-def]
        name = f"theirs-{next(moves)}"
        commits[name] = {"theirs.txt": name}
        sandbox.workspaces.branches["main"] = name
        await publish(landing, commit)

    sandbox.workspaces.publish = moved_always  # type: ignore[method-assign]
    run = await sandbox.run()
    assert run.error is not None
    assert (run.error["code"], len(_gated(sandbox))) == ("target-restless", 5)


def _guilty_b(root: Path) -> Sandbox:
    sandbox = Sandbox(root)
    _fan(sandbox, merge="into: main, gate: make test")
    sandbox.task("merge").plays(RED, GREEN, RED, GREEN)
    return sandbox


async def _crashed_and_resumed(sandbox: Sandbox, number: int) -> bool:
    """Return whether there was an append to crash at."""
    sandbox.ledger.crash_at = number
    try:
        await sandbox.run()
    except Crash:
        sandbox.ledger.crash_at = None
        sandbox.folders.owned.clear()
        if sandbox.ledger.runs() and sandbox.last.state is not RunState.FAILED:
            await sandbox.resume()
        return True
    return False


@pytest.mark.parametrize("side", [1, -1], ids=["before it is durable", "after it is durable"])
async def test_after_a_crash_at_any_append_nothing_is_gated_or_merged_twice(tmp_path: Path, side: int) -> None:
    number = 1
    while await _crashed_and_resumed(sandbox := _guilty_b(tmp_path / str(number)), side * number):
        number += 1
        if not sandbox.ledger.runs():
            continue
        assert sandbox.last.state is RunState.FAILED, number
        assert (sandbox.last.error or {}).get("code") == "gate_failed", number
        assert sandbox.troupe.starts.count("merge") == 4, number
        assert _files(sandbox, "main") == ["a.txt", "c.txt"], number
        assert sandbox.rows["b"].refused is not None, number
        assert len(_facts(sandbox, e.MergeCompleted)) <= 2, number
    assert number > 8


async def test_ctrl_c_during_the_gate_pauses_the_run_and_resume_gates_it_anew(sandbox: Sandbox) -> None:
    _fan(sandbox)
    sandbox.task("merge").plays(Part(seconds=60))

    async def press() -> None:
        while "merge" not in sandbox.troupe.starts:  # noqa: ASYNC110 - the fake's clock stands still meanwhile
            await asyncio.sleep(0)
        sandbox.stop.request()

    pressing = asyncio.create_task(press())
    run = await sandbox.run()
    await pressing
    assert (run.state, _gated(sandbox), sandbox.workspaces.branches.get(f"fk/{run.id}/result")) == (
        RunState.PAUSED,
        [],
        None,
    )
    run = await sandbox.resume()
    assert (run.state, sandbox.troupe.starts.count("merge")) == (RunState.COMPLETED, 2)
    assert _gated(sandbox) == [(("a", "b", "c"), True)]


async def test_a_cancelled_run_merges_nothing(sandbox: Sandbox) -> None:
    _fan(sandbox)
    sandbox.task("merge").plays(Part(seconds=60))

    async def cancel() -> None:
        while "merge" not in sandbox.troupe.starts:  # noqa: ASYNC110 - the fake's clock stands still meanwhile
            await asyncio.sleep(0)
        await sandbox.fusion.cancel(sandbox.last.id, "ana")

    cancelling = asyncio.create_task(cancel())
    run = await sandbox.run()
    await cancelling
    assert (run.state, run.commit, _gated(sandbox)) == (RunState.CANCELLED, None, [])
