"""From a batch to a branch that moved: repeatable after a crash anywhere, because everything is written down first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from fusion_kit.coordination.merging.batch import Batch
from fusion_kit.coordination.merging.bisection import Chosen, chosen
from fusion_kit.coordination.merging.intent import MergeNote
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.code import CommitConflict, RefMoved, TargetBusy
from fusion_kit.core.errors import MergeRefusal

MOST_MOVES = 5  # of the target, while its gate runs

Settle = Callable[[Batch, str | None, CommitConflict], Awaitable[None]]  # make the batch mergeable, or raise


class TargetRestless(MergeRefusal):
    """{branch} was moved by somebody else {times} times while the work of {run} was being merged into it."""

    hint = "When it is quieter there: fusion-kit merge {run} --into {branch}"


@dataclass(frozen=True, slots=True)
class Landed:
    """The branch that took the work and its commit, if any was merged; `failure` fails the run all the same."""

    branch: str | None = None
    commit: str | None = None
    failure: Mapping[str, object] | None = None


async def bring(batch: Batch, settle: Settle) -> Landed:
    """Bring as much of the batch to its branch as passes the gate.

    Raises `CommitConflict` where `settle` does, `RefMoved`, `TargetRestless`, `TargetBusy` and `Stopped`.
    """
    if (found := await _done_before(batch)) is not None:
        return found
    note = MergeNote(batch.note.turn, dict(batch.commits), batch.into, ours=batch.note.ours)
    for _ in range(MOST_MOVES):
        expected = await batch.expected(batch.into)
        note = await _picked(batch, note, expected, settle)
        if not note.commit:
            return await told(batch, note)
        try:
            return await _published(batch, expected, note)
        except RefMoved:
            if batch.into == batch.own_branch:
                raise
    raise TargetRestless(branch=batch.into, times=MOST_MOVES, run=batch.book.run.id)


async def _done_before(batch: Batch) -> Landed | None:
    """Return what an earlier owner did with just these commits; it may not have come to tell it."""
    note = batch.note
    if note.tips != batch.commits or note.into != batch.into:
        return None
    if note.branch and await batch.holds(note.branch, note.commit):
        return await told(batch, note)
    return Landed(failure=failure_of(batch, note)) if note.told and not note.branch else None


async def _picked(batch: Batch, note: MergeNote, expected: str | None, settle: Settle) -> MergeNote:
    """Return what is to be published, and who was left out, now or on an earlier tip."""
    start = None if batch.into == batch.own_branch else expected
    whole, tasks = await _whole(batch, note, start, settle)
    if batch.gate is None or whole == expected:
        found = Chosen(whole, tasks)
    else:
        found = await chosen(batch, batch.gate, start, tasks)
    return replace(
        note,
        branch=batch.into if found.tasks else "",
        commit=found.commit if found.tasks else "",
        tasks=found.tasks,
        refused={**note.refused, **found.refused},
        dragged={**note.dragged, **found.dragged},
        red_base=found.red_base or "",
    )


async def _whole(batch: Batch, note: MergeNote, start: str | None, settle: Settle) -> tuple[str, tuple[str, ...]]:
    """Return the commit with everybody's work but that of those found guilty before."""
    while True:
        tasks = tuple(task for task in batch.commits if task not in {**note.refused, **note.dragged})
        try:
            return await batch.assembled(start, tasks), tasks
        except CommitConflict as conflict:
            await settle(batch, start, conflict)


async def _published(batch: Batch, expected: str | None, note: MergeNote) -> Landed:
    batch.write(note)
    try:
        if note.commit != expected:
            await batch.publish(note.branch, expected, note.commit)
    except TargetBusy as busy:
        if not batch.falls_back or batch.into == batch.own_branch:
            raise
        note = replace(note, branch=batch.own_branch, waiting=str(busy.facts["reason"]))
        stands = await batch.expected(batch.own_branch)
        batch.write(note)
        await batch.publish(note.branch, stands, note.commit)
    return await told(batch, replace(note, ours=batch.note.ours))


async def told(batch: Batch, note: MergeNote) -> Landed:
    """Tell the ledger what became of the work, once."""
    if not note.told:
        for task, log in note.refused.items():
            if task in batch.book.tasks:
                batch.book.note(e.MergeRefused(batch.terms.gate or "", batch.commits[task], log), task=task)
        if note.waiting:
            batch.book.note(e.MergeWaiting(note.branch, note.commit, note.into, note.waiting))
        elif note.branch:
            batch.book.note(e.MergeCompleted(note.branch, note.commit, note.tasks))
        await batch.book.flush()
        batch.write(replace(note, told=True))
    return Landed(note.branch or None, note.commit or None, failure_of(batch, note))


def failure_of(batch: Batch, note: MergeNote) -> dict[str, object] | None:
    """Return why the run fails though its tasks ended well, as programs read it; None where nobody was left out."""
    run, gate = batch.book.run.id, batch.terms.gate
    if note.red_base:
        message = f"`{gate}` fails even without the work of this run, so that nothing was merged; see {note.red_base}"
        hint = f"Mend what the run began from, then: fusion-kit merge {run}, or with another branch --into BRANCH"
        return error_of("gate_red_on_base", message, hint)
    if not note.refused:
        return None
    guilty = " and ".join(note.refused)
    message = f"`{gate}` fails with the work of {guilty}, which was left out"
    if note.dragged:
        message += f"; so was that of {' and '.join(note.dragged)}, built on it"
    message += f"; {_merged(note)}; see {', '.join(note.refused.values())}"
    hint = f"fusion-kit retry {run}  lets {guilty} try again and hands over what the gate said"
    return error_of("gate_failed", message, hint)


def _merged(note: MergeNote) -> str:
    return f"the work of {', '.join(note.tasks)} is on {note.branch}" if note.tasks else "nothing was merged"
