"""What cannot be kept to is refused before anything starts."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.acceptance import GivenTooMuch, NoSandbox
from fusion_kit.testing import Sandbox


async def test_an_agent_that_asks_for_a_sandbox_never_runs_without_one(sandbox: Sandbox) -> None:
    sandbox.agent("careful", sandbox="bubblewrap")
    sandbox.workflow("name: w\ntasks: [{id: t, agent: careful, prompt: x}]")

    with pytest.raises(NoSandbox):
        await sandbox.run()

    assert sandbox.troupe.starts == []
    assert sandbox.ledger.events == []


async def test_more_input_than_can_be_recorded_is_refused_with_a_way_out(sandbox: Sandbox) -> None:
    sandbox.workflow("name: w\ninputs: {text: {type: string}}\ntasks: [{id: t, run: x}]")

    with pytest.raises(GivenTooMuch, match="take 400,018 bytes to record") as refusal:
        await sandbox.run({"text": "x" * 400_000})

    assert "give its path" in refusal.value.way_out
    assert sandbox.ledger.events == []
