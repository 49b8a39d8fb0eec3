"""What people do to a run from any terminal: each wish is a fact, and the run's owner obeys it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fusion_kit.coordination.house import House
from fusion_kit.core.errors import IllegalMove, UsageError
from fusion_kit.core.events import (
    Draft,
    RunAdjusted,
    RunPauseRequested,
    RunResumeRequested,
    TaskApproved,
    TaskRejected,
)
from fusion_kit.core.forms import filled
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS, TaskState
from fusion_kit.core.task import Task
from fusion_kit.core.vocabulary import Schema


class NotRunning(UsageError):
    """Run {run} is {state}, and nobody works on it: there is nothing to pause."""

    hint = "{advice}"


class NothingAsked(UsageError):
    """Task {task!r} of run {run} waits for no answer: {state}."""

    hint = "{advice}"


class TooLate(UsageError):
    """Task {task!r} of run {run} had to be answered until {until}."""

    hint = "Once the run has taken note of that (`fusion-kit resume {run}`), `fusion-kit retry {run}` asks again."


class BadAnswer(UsageError):
    """The answer does not fit what task {task!r} asks: {complaints}."""

    hint = "`fusion-kit status {run}` shows the form; give its fields with `-i name=value`."


async def pause(house: House, run: str, by: str) -> None:
    """Ask the living owner of a run to let everything stand still; raises `NotRunning`."""
    row = house.views.run(run)
    if row.state in FINAL_RUNS or not house.owners.is_owned(row.id):
        lists, resumes = "`fusion-kit ps` lists the runs under way.", f"`fusion-kit resume {row.id}` goes on with it."
        advice = lists if row.state in FINAL_RUNS else resumes
        raise NotRunning(run=row.id, state=row.state.value, advice=advice)
    await house.ledger.append([Draft(RunPauseRequested(by), run=row.id)])


async def let_go_on(house: House, run: str, by: str, settings: Mapping[str, object]) -> bool:
    """Tell a run's living owner of new settings and to go on; False where nobody living owns it: then resume it."""
    row = house.views.run(run)
    drafts = _adjusting(row, settings, by)
    if not house.owners.is_owned(row.id):
        return False
    if row.pause_requested:
        drafts.append(Draft(RunResumeRequested(by), run=row.id))
    if drafts:
        await house.ledger.append(drafts)
    return True


def _adjusting(row: Run, settings: Mapping[str, object], by: str) -> list[Draft]:
    changed = {name: value for name, value in settings.items() if row.settings.get(name) != value}
    return [Draft(RunAdjusted(changed, by), run=row.id)] if changed else []


async def approve(house: House, run: str, node: str, inputs: Mapping[str, object], by: str) -> Task:
    """Say yes, with the form's values; raises `NothingAsked`, `TooLate` or `BadAnswer`."""
    row = _asked(house, run, node)
    form: Mapping[str, Schema] = (row.waits or {}).get("form") or {}  # type: ignore[assignment]
    given = filled(form, inputs, "field", house.matches)
    if given.complaints:
        raise BadAnswer(task=row.id, run=row.run, complaints="; ".join(given.complaints))
    return await _answer(house, row, TaskApproved(_approval(row), by, given.values))


async def reject(house: House, run: str, node: str, message: str, by: str) -> Task:
    """Say no, and why; raises `NothingAsked` or `TooLate`."""
    row = _asked(house, run, node)
    return await _answer(house, row, TaskRejected(_approval(row), by, message))


async def _answer(house: House, row: Task, fact: TaskApproved | TaskRejected) -> Task:
    try:
        await house.ledger.append([Draft(fact, run=row.run, task=row.id)])
    except IllegalMove:  # somebody else was quicker
        raise _nothing_asked(_row(house.views.tasks(row.run), row.run, row.id)) from None
    return _row(house.views.tasks(row.run), row.run, row.id)


def _asked(house: House, run: str, node: str) -> Task:
    found = house.views.run(run)
    row = _row(house.views.tasks(found.id), found.id, node)
    if row.state is not TaskState.PAUSED or row.reason_to_wait != "approval" or row.answer is not None:
        raise _nothing_asked(row)
    until = (row.waits or {}).get("until")
    if until is not None and house.clock.now().isoformat() >= str(until).replace("Z", "+00:00"):
        raise TooLate(task=row.id, run=row.run, until=until)
    return row


def _row(rows: Sequence[Task], run: str, node: str) -> Task:
    for row in rows:
        if row.id == node:
            return row
    asking = [row.id for row in rows if row.reason_to_wait == "approval" and row.answer is None]
    advice = f"These wait for an answer: {', '.join(asking)}." if asking else f"Look: fusion-kit status {run}"
    raise NothingAsked(task=node, run=run, state="there is no such task", advice=advice)


def _nothing_asked(row: Task) -> NothingAsked:
    state = f"it is {row.state.value}"
    if row.answer is not None:
        said = "approved" if row.answer["approved"] else "rejected"
        state = f"it was {said} by {row.answer['by'] or 'a person'} already"
    return NothingAsked(task=row.id, run=row.run, state=state, advice=f"Look: fusion-kit status {row.run}")


def _approval(row: Task) -> str:
    return str((row.waits or {})["approval"])
