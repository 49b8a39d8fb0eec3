"""The engine of one run: wait, decide, record, start; and again, until everything has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from fusion_kit.coordination.arrivals import advance, create, fail
from fusion_kit.coordination.contexts import scope_of
from fusion_kit.coordination.endings import Due, give_up_waiting, settle, wake
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.frames import Frame, tasks_frame
from fusion_kit.coordination.landing import land
from fusion_kit.coordination.recovery import Found, adopt, recover
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.coordination.starts import AttemptEnded, Trouble, launch, plan, refuse, settle_bases
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError
from fusion_kit.core.states import Outcome, TaskState

POLL_S = 0.25
BEAT_S = 10.0


@dataclass(frozen=True, slots=True)
class News:
    """For the inbox: others wrote to the ledger."""

    events: tuple[e.Event, ...]


@dataclass(frozen=True, slots=True)
class StopAsked:
    """For the inbox: a person at this terminal wants it to stop."""


async def play(execution: Execution, stop: StopSignal) -> None:
    """Bring a run that was just begun or resumed to its end, or to where a person stopped it."""
    async with _watching(execution, stop):
        if execution.book.run.cancel_requested:  # while it was being begun
            _stop(execution, Stopping.CANCEL)
        found = await recover(execution)
        root = _root(execution)
        create(execution, root)
        await _until_ended(execution, root, found)
        if root.concluded:
            await _land(execution, root)
            await _finally(execution, root)
        _conclude_run(execution, root)
        await execution.book.flush()


def _root(execution: Execution) -> Frame:
    workflow = execution.bundle.workflow
    return tasks_frame(workflow, execution.book.run.inputs, workflow.env)


async def _until_ended(execution: Execution, frame: Frame, found: Found | None = None) -> None:
    """Take turns until the frame has ended, or until nothing runs any more after a person stopped the run."""
    while True:
        refused = await _turn(execution, found or {})
        if frame.concluded or (_is_interrupted(execution) and not execution.running):
            return
        if not refused:
            await _hear(execution)


async def _turn(execution: Execution, found: Found) -> bool:
    """Decide all that can be decided, make it durable in one batch, then act; return whether a claim was refused."""
    advance(execution)
    adopted = adopt(execution, found)
    while execution.unsettled or execution.fresh:
        for node, conflict in await settle_bases(execution):
            fail(execution, node, Outcome.CONFLICT, conflict)
        advance(execution)
    if execution.stopping in (Stopping.NOT, Stopping.CANCEL):
        plan(execution)
    held, refused = await execution.book.flush()
    refuse(execution, refused)
    launch(execution, [*adopted, *held])
    return bool(refused)


def _is_interrupted(execution: Execution) -> bool:
    return execution.stopping in (Stopping.INTERRUPT, Stopping.KILL)


async def _hear(execution: Execution) -> None:
    """Wait for something to happen, then take all that has; what others wrote comes first."""
    messages = [await execution.inbox.get()]
    while not execution.inbox.empty():
        messages.append(execution.inbox.get_nowait())
    for message in sorted(messages, key=lambda message: not isinstance(message, News)):
        match message:
            case News():
                execution.book.hear(message.events)
                _obey(execution, message.events)
            case AttemptEnded():
                settle(execution, message)
            case Due():
                wake(execution, message)
            case Trouble():
                raise message.error


def _obey(execution: Execution, events: tuple[e.Event, ...]) -> None:
    """Do what people asked of this run from elsewhere."""
    for event in events:
        if isinstance(event.fact, e.RunCancelRequested) and event.run == execution.book.run.id:
            _stop(execution, Stopping.CANCEL)


def _stop(execution: Execution, how: Stopping) -> None:
    if execution.stopping is Stopping.CANCEL or execution.stopping is how:
        return
    execution.stopping = how
    executor = execution.house.executor
    if how is Stopping.CANCEL:
        give_up_waiting(execution, "the run was cancelled")
    for work in execution.running.values():
        if how is Stopping.KILL:
            _in_background(execution, executor.signal(work.attempt, "kill"))
        else:  # the whole ladder: a program may miss one signal, or ignore it
            _in_background(execution, executor.cancel(work.attempt))


def _in_background(execution: Execution, doing: Coroutine[object, object, None]) -> None:
    task = asyncio.create_task(doing)
    execution.background.add(task)
    task.add_done_callback(execution.background.discard)


@asynccontextmanager
async def _watching(execution: Execution, stop: StopSignal) -> AsyncIterator[None]:
    """Listen to the terminal and to the ledger while the block lasts."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        _stop(execution, Stopping.KILL if stop.killed else Stopping.INTERRUPT)
        execution.inbox.put_nowait(StopAsked())

    stop.when_asked(partial(loop.call_soon_threadsafe, asked))
    poll = asyncio.create_task(_poll(execution), name="news of the ledger")
    try:
        yield
    finally:
        poll.cancel()
        for task in list(execution.background):
            task.cancel()
        await asyncio.gather(poll, *execution.background, return_exceptions=True)


async def _poll(execution: Execution) -> None:
    """Bring what others wrote to the inbox, and leave a sign of life."""
    house = execution.house
    beaten = house.clock.monotonic()
    while True:
        await house.clock.sleep(POLL_S)
        events = house.ledger.news()
        if events:
            execution.inbox.put_nowait(News(tuple(events)))
        if house.clock.monotonic() - beaten >= BEAT_S:
            house.owners.beat()
            beaten = house.clock.monotonic()


async def _land(execution: Execution, root: Frame) -> None:
    """Merge the work of a run that went well; what does not merge fails the run and keeps its branches."""
    if _failed(execution, root) is not None or execution.stopping is Stopping.CANCEL:
        return
    try:
        execution.branch, execution.landed = await land(execution, root)
    except FusionError as refusal:
        execution.failure = error_of(refusal.code, str(refusal), refusal.way_out)


async def _finally(execution: Execution, root: Frame) -> None:
    if not execution.bundle.workflow.finally_:
        return
    workflow = execution.bundle.workflow
    frame = tasks_frame(workflow, root.inputs, workflow.env, main=root)
    execution.ending = frame
    create(execution, frame)
    await _until_ended(execution, frame)


def _failed(execution: Execution, frame: Frame) -> dict[str, object] | None:
    rows = [execution.book.tasks[node.id] for node in frame.nodes.values()]
    row = next((row for row in rows if row.state is TaskState.FAILED), None)
    if row is None:
        return None
    return error_of(str(row.outcome), f"task {row.id} failed: {(row.error or {}).get('message', row.outcome)}")


def _conclude_run(execution: Execution, root: Frame) -> None:
    book = execution.book
    if not root.concluded or (execution.ending is not None and not execution.ending.concluded):
        book.note(e.RunPaused("interrupted" if _is_interrupted(execution) else "stopped"))
        return
    if execution.stopping is Stopping.CANCEL:
        book.note(e.RunCancelled())
        return
    frames = [frame for frame in (root, execution.ending) if frame is not None]
    error = next((found for frame in frames if (found := _failed(execution, frame))), execution.failure)
    if error is not None:
        book.note(e.RunFailed(error))
        return
    try:
        outputs = _outputs(execution, root)
    except FusionError as broken:
        book.note(e.RunFailed(error_of(broken.code, str(broken), broken.way_out)))
        return
    book.note(e.RunCompleted(outputs, branch=execution.branch, commit=execution.landed))


def _outputs(execution: Execution, root: Frame) -> dict[str, object]:
    scope = scope_of(execution, root)
    value = execution.house.expressions.value
    return {name: value(template, scope) for name, template in execution.bundle.workflow.outputs.items()}
