"""Runs of one concurrency group never overlap: the later one waits, or has the earlier one cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from fusion_kit.coordination.house import House
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core.errors import GroupBusy
from fusion_kit.core.events import Draft, RunCancelRequested
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS

POLL_S = 0.25


@asynccontextmanager
async def in_group(house: House, run: Run, signal: StopSignal) -> AsyncIterator[bool]:
    """Give whether the run is alone in its group now; False where a person stopped it while it waited."""
    group = run.settings.get("group")
    if group is None:
        yield True
        return
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(house.owners.acquire_group(str(group), run.id))
            except GroupBusy as busy:
                await _make_room(house, run, str(busy.facts["run"]))
            else:
                break
            if signal.requested or house.views.run(run.id).cancel_requested:
                yield False
                return
            await house.clock.sleep(POLL_S)
        yield True


async def _make_room(house: House, run: Run, holder: str) -> None:
    """Have the run that is in the way cancelled, once, where the workflow says so."""
    if not run.settings.get("cancel_in_progress"):
        return
    row = house.views.run(holder)
    if row.state not in FINAL_RUNS and not row.cancel_requested:
        await house.ledger.append([Draft(RunCancelRequested(f"run {run.id}"), run=row.id)])
