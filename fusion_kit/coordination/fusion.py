"""The library's face: begin a run, go on with one, or ask one to stop."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fusion_kit.coordination.acceptance import accepted
from fusion_kit.coordination.book import Book, Watch
from fusion_kit.coordination.burial import last_facts, living
from fusion_kit.coordination.engine import play
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.house import House
from fusion_kit.coordination.requests import Bundle, RunRequest, StopSignal
from fusion_kit.coordination.selection import selected
from fusion_kit.core import ids
from fusion_kit.core.code import Repository
from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import Draft, RunCancelled, RunCancelRequested, RunQueued, RunResumed, RunStarted
from fusion_kit.core.run import Run
from fusion_kit.core.scope import Scope
from fusion_kit.core.states import FINAL_RUNS, RunState


class AlreadyEnded(UsageError):
    """Run {run} is {state}; there is nothing to go on with."""

    hint = "`fusion-kit run {workflow}` begins another."


class NotStopped(UsageError):
    """Run {run} is {state}; there is nothing to cancel."""


class Fusion:
    """Runs of one project."""

    def __init__(self, house: House) -> None:
        """Work with these ports."""
        self.house = house

    async def run(self, request: RunRequest, watch: Watch, stop: StopSignal) -> Run:
        """Begin a run and bring it to its end, or to where `stop` leaves it; `watch` sees every event of it.

        Raises `UsageError` before anything was started or changed; `RunOwned`, `LedgerFull` and `LedgerDamaged` later.
        """
        house = self.house
        repository = await house.workspaces.repository()
        is_new = repository is not None and repository.head is None
        asked = accepted(request, house.views, has_commits=not is_new)
        bundle, taken = asked.bundle, asked.taken
        run = ids.run_id(bundle.workflow.name, f"{house.clock.now():%Y%m%d}", house.ids.chance(6))
        house.archive.freeze(run, bundle)
        with house.owners.acquire(run):
            facts = [self._queued(request, bundle, repository, run), Draft(RunStarted(_owner()), run=run)]
            taken.bring_artifacts(house, run)
            for event in await house.ledger.append([*facts, *taken.drafts(run)]):
                watch(event)
            return await self._play(run, bundle, repository, request.secrets, watch, stop)

    def _queued(self, request: RunRequest, bundle: Bundle, repository: Repository | None, run: str) -> Draft:
        settings: dict[str, object] = {
            "max_parallel": request.max_parallel,
            "keep_going": request.keep_going,
            "env": dict(request.env),
            "until": request.until or request.only,
        }
        queued = RunQueued(
            workflow=bundle.workflow.name,
            digest=bundle.digest,
            source=bundle.workflow.source,
            inputs=request.inputs,
            settings=settings,
            base=repository.head if repository is not None else None,
            target=self._target(request, bundle, run),
        )
        return Draft(queued, run=run)

    def _target(self, request: RunRequest, bundle: Bundle, run: str) -> str | None:
        """Return the branch that is to take the work, if the workflow names one."""
        into = bundle.workflow.merge.into
        if into is None:
            return None
        scope = Scope(inputs=request.inputs, env=bundle.workflow.env, run={"id": run})
        return str(self.house.expressions.value(into, scope))

    async def resume(self, run: str, watch: Watch, stop: StopSignal, secrets: Mapping[str, str] | None = None) -> Run:
        """Go on with a run whose owner has gone or that was paused; what is done stays done, what lives is adopted.

        Raises `AlreadyEnded`, or `RunOwned` if somebody living has it.
        """
        house = self.house
        row = house.views.run(run)
        if row.state in FINAL_RUNS:
            raise AlreadyEnded(run=row.id, state=row.state.value, workflow=row.workflow)
        with house.owners.acquire(row.id):
            frozen, changes = house.archive.thaw(row.id)
            until = row.settings.get("until")
            bundle = selected(frozen, str(until) if until else None)
            begins = RunStarted(_owner()) if row.state is RunState.QUEUED else RunResumed(_owner(), changes)
            for event in await house.ledger.append([Draft(begins, run=row.id)]):
                watch(event)
            repository = await house.workspaces.repository()
            return await self._play(row.id, bundle, repository, secrets or {}, watch, stop)

    async def _play(
        self,
        run: str,
        bundle: Bundle,
        repository: Repository | None,
        secrets: Mapping[str, str],
        watch: Watch,
        stop: StopSignal,
    ) -> Run:
        house = self.house
        house.ledger.news()  # what was written before is in the views
        book = Book(house, house.views.run(run), house.views.tasks(run), watch)
        await play(Execution(house, book, bundle, repository, secrets), stop)
        return house.views.run(run)

    async def cancel(self, run: str, by: str) -> Run:
        """Ask for a run to be stopped for good; where nobody living owns it, stop what it left behind here and now."""
        house = self.house
        row = house.views.run(run)
        if row.state in FINAL_RUNS:
            raise NotStopped(run=row.id, state=row.state.value)
        await house.ledger.append([Draft(RunCancelRequested(by), run=row.id)])
        if not house.owners.is_owned(row.id):
            with house.owners.acquire(row.id):
                await self._bury(row.id, by)
        return house.views.run(row.id)

    async def _bury(self, run: str, by: str) -> None:
        """Stop the attempts of a run without an owner, and record its end."""
        house = self.house
        rows = house.views.tasks(run)
        attempts = living(rows, house.archive.folder(run))
        found = await house.executor.reattach(attempts)
        for attempt, liveness in found.items():
            if liveness.value == "running":
                await house.executor.cancel(attempt)
        drafts = last_facts(run, rows, house.views.agents())
        await house.ledger.append([*drafts, Draft(RunCancelled(by), run=run)])


def _owner() -> str:
    return f"pid {os.getpid()}"
