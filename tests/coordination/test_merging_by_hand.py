"""`merge RUN`: what an ended run made is brought into a branch because a person says so."""

from __future__ import annotations

import asyncio

import pytest

from fusion_kit.coordination.merging.by_hand import GateRed, MergedBy, NotEnded, NothingToMerge, merge_run
from fusion_kit.core import events as e
from fusion_kit.core.code import TargetBusy
from fusion_kit.core.events import Draft, RunQueued
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

GREEN, RED = Part(), Part(code=1)


def _two(sandbox: Sandbox, merge: str = "gate: make test") -> None:
    sandbox.workflow(f"name: two\ntasks: [{{id: a, run: x}}, {{id: b, run: x}}]\nmerge: {{{merge}}}\n")
    for name in "ab":
        sandbox.task(name).plays(Part(changes={f"{name}.txt": name}))


async def _merge(sandbox: Sandbox, into: str | None = None) -> MergedBy:
    merging = asyncio.ensure_future(merge_run(sandbox.fusion.house, sandbox.last, into, sandbox.watched.append))
    while not merging.done():
        await sandbox.clock.turn()
    return merging.result()


def _merged(sandbox: Sandbox) -> list[tuple[str, tuple[str, ...]]]:
    facts = [event.fact for event in sandbox.ledger.events]
    return [(fact.branch, fact.tasks) for fact in facts if isinstance(fact, e.MergeCompleted)]


async def test_a_completed_run_goes_to_the_branch_the_person_is_on_and_is_not_gated_again(sandbox: Sandbox) -> None:
    _two(sandbox)
    run = await sandbox.run()
    assert await _merge(sandbox) == MergedBy("main", run.commit or "")
    assert await _merge(sandbox) == MergedBy("main", run.commit or "")
    assert sandbox.troupe.starts.count("merge") == 1
    assert _merged(sandbox) == [(run.branch, ("a", "b")), ("main", (run.branch,))]


async def test_a_branch_with_work_of_others_is_gated_with_both(sandbox: Sandbox) -> None:
    _two(sandbox)
    await sandbox.run()
    sandbox.workspaces.commits["theirs"] = {"theirs.txt": "x"}
    sandbox.workspaces.branches["next"] = "theirs"
    merged = await _merge(sandbox, "next")
    assert sorted(sandbox.workspaces.commits[merged.commit]) == ["a.txt", "b.txt", "theirs.txt"]
    assert (merged.branch, sandbox.troupe.starts.count("merge")) == ("next", 2)


async def test_of_a_failed_run_what_ended_well_is_merged(sandbox: Sandbox) -> None:
    _two(sandbox)
    sandbox.troupe.parts["b"] = [Part(code=1, changes={"b.txt": "b"})]
    await sandbox.run(keep_going=True)
    merged = await _merge(sandbox, "main")
    assert (sorted(sandbox.workspaces.commits[merged.commit]), sandbox.last.state) == (["a.txt"], RunState.FAILED)


async def test_what_broke_the_gate_stays_out(sandbox: Sandbox) -> None:
    _two(sandbox)
    sandbox.task("merge").plays(RED, RED, GREEN)  # a and b; a; the base; then b alone
    await sandbox.run()
    assert [row.id for row in sandbox.rows.values() if row.refused] == ["a"]
    merged = await _merge(sandbox, "main")
    assert sorted(sandbox.workspaces.commits[merged.commit]) == ["b.txt"]


async def test_a_red_gate_moves_nothing_and_a_later_call_asks_it_again(sandbox: Sandbox) -> None:
    _two(sandbox)
    await sandbox.run()
    sandbox.workspaces.commits["theirs"] = {"theirs.txt": "x"}
    sandbox.workspaces.branches["next"] = "theirs"
    sandbox.troupe.parts["merge"] = [GREEN, RED, RED, GREEN]
    with pytest.raises(GateRed, match="fails even without the work of this run"):
        await _merge(sandbox, "next")
    assert sandbox.workspaces.branches["next"] == "theirs"
    merged = await _merge(sandbox, "next")
    assert sandbox.workspaces.branches["next"] == merged.commit


async def test_a_busy_target_is_told_to_the_person(sandbox: Sandbox) -> None:
    _two(sandbox)
    await sandbox.run()
    sandbox.workspaces.busy["main"] = "uncommitted changes in x"
    with pytest.raises(TargetBusy, match="uncommitted changes in x"):
        await _merge(sandbox)
    sandbox.workspaces.busy.clear()
    assert (await _merge(sandbox)).branch == "main"


async def test_nothing_is_refused_with_the_way_out(sandbox: Sandbox) -> None:
    sandbox.workflow("name: none\ntasks: [{id: a, run: x}]")
    await sandbox.run()
    with pytest.raises(NothingToMerge, match="has no work"):
        await _merge(sandbox)


async def test_a_run_that_has_not_ended_is_refused(sandbox: Sandbox) -> None:
    await sandbox.ledger.append([Draft(RunQueued("w"), run="w-20260101-aaaaaa")])
    with pytest.raises(NotEnded, match="is queued, and merges its work by itself"):
        await _merge(sandbox)
