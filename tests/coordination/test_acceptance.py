"""What cannot be kept to is refused before anything starts."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.acceptance import NoSandbox
from fusion_kit.testing import Sandbox


async def test_an_agent_that_asks_for_a_sandbox_never_runs_without_one(sandbox: Sandbox) -> None:
    sandbox.agent("careful", sandbox="bubblewrap")
    sandbox.workflow("name: w\ntasks: [{id: t, agent: careful, prompt: x}]")

    with pytest.raises(NoSandbox):
        await sandbox.run()

    assert sandbox.troupe.starts == []
    assert sandbox.ledger.events == []
