"""What this release cannot do yet is refused before anything starts."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.support import NoBudget, NoSandbox, NotYet
from fusion_kit.testing import Sandbox


@pytest.mark.parametrize(
    ("task", "top", "keys"),
    [
        ("approval: {message: ok?, timeout: 1h}", "", "t.approval"),
        ("run: x, repeat: {until: outputs.ok, max: 2}, outputs: {ok: {type: boolean}}", "", "t.repeat"),
        ("run: x, cache: {files: [a]}", "", "t.cache"),
        ("run: x, touches: [src/**]", "", "t.touches"),
        ("run: x", "merge: {gate: make test}", "merge.gate"),
        ("run: x", "merge: {strategy: squash}", "merge.strategy: squash"),
        ("run: x", "concurrency: {group: g}", "concurrency"),
        ("run: x", "limits: {cost_usd: 1}", "limits.cost_usd and limits.tokens of a run"),
    ],
)
async def test_a_key_that_cannot_be_honoured_is_named(sandbox: Sandbox, task: str, top: str, keys: str) -> None:
    sandbox.workflow(f"name: w\ntasks: [{{id: t, {task}}}]\n{top}\n")

    with pytest.raises(NotYet) as refusal:
        await sandbox.run()

    assert refusal.value.facts == {"workflow": "w", "keys": keys}
    assert sandbox.ledger.events == []


async def test_a_ceiling_that_could_not_be_held_is_refused(sandbox: Sandbox) -> None:
    sandbox.workflow("name: w\ntasks: [{id: t, run: x}]")

    with pytest.raises(NoBudget):
        await sandbox.run(max_cost_usd=5.0)

    assert sandbox.troupe.starts == []


async def test_an_agent_that_asks_for_a_sandbox_never_runs_without_one(sandbox: Sandbox) -> None:
    sandbox.agent("careful", sandbox="bubblewrap")
    sandbox.workflow("name: w\ntasks: [{id: t, agent: careful, prompt: x}]")

    with pytest.raises(NoSandbox):
        await sandbox.run()

    assert sandbox.troupe.starts == []
