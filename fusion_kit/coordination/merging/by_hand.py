"""Bringing the work of an ended run into a branch because a person says so, through the same gate."""

from __future__ import annotations

from dataclasses import dataclass

from fusion_kit.coordination.book import Book, Watch
from fusion_kit.coordination.flow import good_work
from fusion_kit.coordination.house import House
from fusion_kit.coordination.merging import intent
from fusion_kit.coordination.merging.batch import Batch, batch_of, own_branch
from fusion_kit.coordination.merging.landing import colliding
from fusion_kit.coordination.merging.publishing import Landed, bring
from fusion_kit.core import events as e
from fusion_kit.core.code import CommitConflict
from fusion_kit.core.errors import MergeRefusal, UsageError
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS


class NotEnded(UsageError):
    """Run {run} is {state}, and merges its work by itself when it ends."""

    hint = "fusion-kit resume {run}  goes on with it; fusion-kit cancel {run}  ends it, and then it can be merged."


class NothingToMerge(UsageError):
    """Run {run} has no work that could be merged."""

    hint = "fusion-kit status {run}  says what became of its tasks; fusion-kit retry {run}  lets them try again."


class NoBranch(UsageError):
    """Your checkout is on no branch, and run {run} names none to be merged into."""

    hint = "Say which: fusion-kit merge {run} --into main"


class GateRed(MergeRefusal):
    """{complaint}."""

    hint = "{way_out}"


@dataclass(frozen=True, slots=True)
class MergedBy:
    """The branch that took the work and where it stands; `waiting` says why it is not where it was to go."""

    branch: str
    commit: str
    waiting: str | None = None


async def merge_run(house: House, run: Run, into: str | None, watch: Watch) -> MergedBy:
    """Bring what a completed run made, or what of another ended well, into `into`; done before, it does nothing.

    Without `into` it is the branch that the workflow names, else the one the person's checkout is on. Raises
    `NotEnded`, `NothingToMerge`, `NoBranch`, `GateRed`, `CommitConflict`, `TargetBusy`, `TargetRestless`, `RunOwned`.
    """
    with house.owners.acquire(run.id):
        house.ledger.news()  # what was written before is in the views
        row = house.views.run(run.id)
        if row.state not in FINAL_RUNS:
            raise NotEnded(run=row.id, state=row.state.value)
        batch = _batch(house, Book(house, row, house.views.tasks(row.id), watch), into or await _usual(house, row))
        landed = await _brought(batch)
    if landed.failure is not None:
        raise GateRed(complaint=landed.failure["message"], way_out=landed.failure["hint"])
    return MergedBy(landed.branch or batch.into, landed.commit or "")


async def _usual(house: House, run: Run) -> str:
    if run.target is not None and run.target != own_branch(run.id):
        return run.target
    repository = await house.workspaces.repository()
    if repository is None or repository.branch is None:
        raise NoBranch(run=run.id)
    return repository.branch


def _batch(house: House, book: Book, into: str) -> Batch:
    run = book.run
    commits = {run.branch: run.commit} if run.commit and run.branch else good_work(book)
    if not commits:
        raise NothingToMerge(run=run.id)
    bundle, _changes = house.archive.thaw(run.id)
    folder = house.archive.folder(run.id) / "merge"
    before = intent.read(folder)
    if before.told and (before.red_base or before.refused):  # a person wants to know again
        intent.begin_anew(folder)
    batch = batch_of(house, book, bundle.workflow, into, commits)
    batch.falls_back = False
    return batch


async def _brought(batch: Batch) -> Landed:
    async def nobody(_batch: Batch, _start: str | None, conflict: CommitConflict) -> None:
        raise conflict

    try:
        return await bring(batch, nobody)
    except CommitConflict as conflict:
        batch.book.note(e.MergeFailed(*colliding(conflict)))
        await batch.book.flush()
        raise
