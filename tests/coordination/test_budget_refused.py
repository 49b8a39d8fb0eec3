"""A ceiling that cannot be kept is refused before anything starts."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.budgets.allowance import NeverAffordable, Uncapped
from fusion_kit.testing import Sandbox


async def test_a_ceiling_without_a_cap_on_each_agents_task_is_refused_and_every_task_named(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: uncapped
        tasks:
          - {id: plan, agent: free, prompt: x}
          - {id: build, agent: coder, prompt: x}
          - {id: any, capabilities: [coding], prompt: x}
          - {id: check, run: x}
    """)
    sandbox.agent("free", capabilities="[coding]")
    sandbox.agent("coder", limits="{cost_usd: 0.50}", capabilities="[coding]")

    with pytest.raises(Uncapped) as refusal:
        await sandbox.run(max_cost_usd=2.0)

    assert str(refusal.value) == (
        "The run may use 2.00 USD in all, which cannot be kept while these have no ceiling of their own: "
        "plan (agent free), any (agent coding)."
    )
    assert refusal.value.way_out == (
        "Give each of them, or its agent, `limits: {cost_usd: ...}`: that much is set aside before it starts."
    )
    assert sandbox.ledger.events == []


async def test_a_task_that_could_never_be_paid_for_is_refused(sandbox: Sandbox) -> None:
    sandbox.workflow("name: dear\nlimits: {cost_usd: 0.4}\ntasks: [{id: a, agent: coder, prompt: x}]")
    sandbox.agent("coder", limits="{cost_usd: 0.50}")

    with pytest.raises(NeverAffordable) as refusal:
        await sandbox.run()

    assert str(refusal.value) == "Task 'a' may use 0.50 USD, which is more than the 0.40 that the run may use in all."
    assert (
        refusal.value.way_out == "Lower its own `limits.cost_usd` or its agent's, or raise the ceiling with --max-cost."
    )


async def test_the_ceiling_of_a_sub_workflow_needs_caps_inside_of_it(sandbox: Sandbox) -> None:
    sandbox.workflow("name: outer\ntasks: [{id: review, uses: ./inner.yaml, limits: {tokens: 500}}]")
    inner = "name: inner\nlimits: {tokens: 900}\ntasks: [{id: one, agent: coder, prompt: x, limits: {tokens: 600}}]"
    sandbox.workflow(inner, ".fusion/workflows/inner.yaml")
    sandbox.agent("coder")

    with pytest.raises(NeverAffordable) as refusal:
        await sandbox.run()

    assert str(refusal.value) == (
        "Task 'review.one' may use 600 tokens, which is more than the 500 that task review may use in all."
    )
    assert refusal.value.way_out == "Lower its own `limits.tokens` or its agent's, or raise the ceiling."
