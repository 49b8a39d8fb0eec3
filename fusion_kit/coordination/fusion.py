"""The library's face: begin a run, go on with one, or ask one to stop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fusion_kit.coordination.acceptance import accepted, target_of
from fusion_kit.coordination.book import Book, Watch
from fusion_kit.coordination.burial import last_facts, living
from fusion_kit.coordination.engine import play
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.house import House
from fusion_kit.coordination.merging import intent
from fusion_kit.coordination.merging.gate import trials
from fusion_kit.coordination.requests import Again, Bundle, RunRequest, StopSignal
from fusion_kit.coordination.selection import selected
from fusion_kit.coordination.steering.grouping import in_group
from fusion_kit.coordination.steering.retrying import again
from fusion_kit.core import ids
from fusion_kit.core.code import Repository
from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import (
    Draft,
    RunAdjusted,
    RunCancelled,
    RunCancelRequested,
    RunPaused,
    RunQueued,
    RunResumed,
    RunRetried,
    RunStarted,
    TaskReset,
)
from fusion_kit.core.run import Run
from fusion_kit.core.scope import Scope
from fusion_kit.core.states import FINAL_RUNS, RunState


class AlreadyEnded(UsageError):
    """Run {run} is {state}; there is nothing to go on with."""

    hint = "`fusion-kit run {workflow}` begins another."


class NotStopped(UsageError):
    """Run {run} is {state}; there is nothing to cancel."""


class NotEnded(UsageError):
    """Run {run} is {state}; only an ended run is retried."""

    hint = "`fusion-kit resume {run}` goes on with it, `fusion-kit cancel {run}` ends it."


@dataclass(frozen=True, slots=True)
class Turn:
    """One owner's turn with a run: what it executes, with what, and who is told."""

    run: str
    bundle: Bundle
    repository: Repository | None
    secrets: Mapping[str, str]
    watch: Watch
    stop: StopSignal
    waits: bool = False


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
        if (target := target_of(house.expressions, bundle, request.inputs, run)) is not None:
            await house.workspaces.tip(target)  # a name that no branch can have is refused before anybody works
        house.archive.freeze(run, bundle)
        with house.owners.acquire(run):
            queued = self._queued(request, bundle, repository, run)
            taken.bring_artifacts(house, run)
            turn = Turn(run, bundle, repository, request.secrets, watch, stop, waits=request.waits)
            begins = [Draft(RunStarted(_owner()), run=run), *taken.drafts(run)]
            if bundle.workflow.concurrency is None:
                await self._tell([queued, *begins], watch)
                return await self._play(turn)
            await self._tell([queued], watch)
            return await self._take_turn(turn, begins)

    def _queued(self, request: RunRequest, bundle: Bundle, repository: Repository | None, run: str) -> Draft:
        settings: dict[str, object] = {
            "max_parallel": request.max_parallel,
            "keep_going": request.keep_going,
            "env": dict(request.env),
            "until": request.until or request.only,
            "slots": request.max_parallel or bundle.workflow.max_parallel or self.house.max_parallel,
            "max_cost_usd": request.max_cost_usd,
            **self._group(request, bundle, run),
        }
        queued = RunQueued(
            workflow=bundle.workflow.name,
            digest=bundle.digest,
            source=bundle.workflow.source,
            inputs=request.inputs,
            settings=settings,
            base=repository.head if repository is not None else None,
            target=target_of(self.house.expressions, bundle, request.inputs, run),
        )
        return Draft(queued, run=run)

    def _group(self, request: RunRequest, bundle: Bundle, run: str) -> dict[str, object]:
        """Return the concurrency group as the run's settings hold it."""
        wanted = bundle.workflow.concurrency
        if wanted is None:
            return {}
        scope = Scope(inputs=request.inputs, env=bundle.workflow.env, run={"id": run, "workflow": bundle.workflow.name})
        group = str(self.house.expressions.value(wanted.group, scope))
        return {"group": group, "cancel_in_progress": wanted.cancel_in_progress}

    async def resume(
        self,
        run: str,
        watch: Watch,
        stop: StopSignal,
        secrets: Mapping[str, str] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
        waits: bool = False,
    ) -> Run:
        """Go on with a run whose owner has gone or that was paused; what is done stays done, what lives is adopted.

        `settings` take the place of those it was begun with. Raises `AlreadyEnded`, or `RunOwned` if somebody living
        has it.
        """
        house = self.house
        row = house.views.run(run)
        if row.state in FINAL_RUNS:
            raise AlreadyEnded(run=row.id, state=row.state.value, workflow=row.workflow)
        with house.owners.acquire(row.id):
            turn, changes = await self._thawed(row, watch, stop, secrets, waits=waits)
            begins = RunStarted(_owner()) if row.state is RunState.QUEUED else RunResumed(_owner(), changes)
            adjusted = [Draft(RunAdjusted(settings), run=row.id)] if settings else []
            return await self._take_turn(turn, [*adjusted, Draft(begins, run=row.id)])

    async def retry(
        self,
        run: str,
        watch: Watch,
        stop: StopSignal,
        secrets: Mapping[str, str] | None = None,
        *,
        wanted: Again,
        waits: bool = False,
    ) -> Run:
        """Have an ended run go on: what did not end well is done once more, and what came after it.

        Raises `NotEnded`, `NothingToRetry`, `NoSuchNode`.
        """
        house = self.house
        row = house.views.run(run)
        if row.state not in FINAL_RUNS:
            raise NotEnded(run=row.id, state=row.state.value)
        nodes = again(row.id, house.views.tasks(row.id), wanted.from_task, wanted.only)
        with house.owners.acquire(row.id):
            turn, _changes = await self._thawed(row, watch, stop, secrets, waits=waits)
            intent.begin_anew(house.archive.folder(row.id) / "merge")  # what failed its gate is asked once more
            resets = [Draft(TaskReset("retried"), run=row.id, task=node) for node in nodes]
            retried = Draft(RunRetried(_owner(), wanted.by, tuple(nodes)), run=row.id)
            return await self._take_turn(turn, [retried, *resets])

    async def _thawed(
        self, row: Run, watch: Watch, stop: StopSignal, secrets: Mapping[str, str] | None, *, waits: bool
    ) -> tuple[Turn, tuple[str, ...]]:
        """Return what is needed to go on with a run, and the paths whose files have changed since it was begun."""
        frozen, changes = self.house.archive.thaw(row.id)
        until = row.settings.get("until")
        bundle = selected(frozen, str(until) if until else None)
        repository = await self.house.workspaces.repository()
        return Turn(row.id, bundle, repository, secrets or {}, watch, stop, waits=waits), changes

    async def _take_turn(self, turn: Turn, begins: Sequence[Draft]) -> Run:
        """Wait for the run's concurrency group, where it has one, and then begin."""
        row = self.house.views.run(turn.run)
        async with in_group(self.house, row, turn.stop) as alone:
            if alone:
                await self._tell(begins, turn.watch)
                return await self._play(turn)
        cancelled = self.house.views.run(turn.run).cancel_requested
        if row.state is RunState.QUEUED or cancelled:
            ends = RunCancelled() if cancelled else RunPaused("interrupted while it waited for its concurrency group")
            await self._tell([Draft(ends, run=turn.run)], turn.watch)
        return self.house.views.run(turn.run)

    async def _tell(self, drafts: Sequence[Draft], watch: Watch) -> None:
        for event in await self.house.ledger.append(drafts):
            watch(event)

    async def _play(self, turn: Turn) -> Run:
        house = self.house
        house.ledger.news()  # what was written before is in the views
        book = Book(house, house.views.run(turn.run), house.views.tasks(turn.run), turn.watch)
        execution = Execution(house, book, turn.bundle, turn.repository, turn.secrets, waits=turn.waits)
        await play(execution, turn.stop)
        return house.views.run(turn.run)

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
        folder = house.archive.folder(run)
        attempts = {**living(rows, folder), **trials(folder / "merge", run)}
        found = await house.executor.reattach(attempts)
        for attempt, liveness in found.items():
            if liveness.value == "running":
                await house.executor.cancel(attempt)
        drafts = last_facts(run, rows, house.views.agents())
        await house.ledger.append([*drafts, Draft(RunCancelled(by), run=run)])


def _owner() -> str:
    return f"pid {os.getpid()}"
