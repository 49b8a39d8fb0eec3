"""The engine of one run: wait, decide, record, start; and again, until everything has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fusion_kit.coordination.arrivals import advance, create, fail, settle_answer
from fusion_kit.coordination.asking import Expired, expired
from fusion_kit.coordination.endings import Due, settle, wake
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.frames import Frame, tasks_frame
from fusion_kit.coordination.listening import POLL_S, News, Stirred, watching
from fusion_kit.coordination.lookout import Lookout, question_about
from fusion_kit.coordination.merging.foresight import foresee
from fusion_kit.coordination.merging.landing import land
from fusion_kit.coordination.recovery import adopt, recover
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.coordination.run_end import conclude_run, failure_of
from fusion_kit.coordination.starts import AttemptEnded, Trouble, launch, plan, refuse, settle_bases
from fusion_kit.coordination.steering.obeying import obey
from fusion_kit.coordination.steering.stopping import is_interrupted, stop
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.workflow import WorkspaceMode


@dataclass(frozen=True, slots=True)
class Seen:
    """For the inbox: the lookout saw something change outside of all workspaces."""

    fact: e.WorkspaceEscaped


async def play(execution: Execution, signal: StopSignal) -> None:
    """Bring a run that was just begun or resumed to its end, or to where a person stopped it."""
    async with watching(execution, signal):
        if execution.book.run.cancel_requested:  # while it was being begun
            stop(execution, Stopping.CANCEL)
        execution.found = await recover(execution)
        await _begin_lookout(execution)
        root = _root(execution)
        create(execution, root)
        await _until(execution, lambda: root.concluded)
        if root.concluded:
            await _look(execution)
            await _land(execution, root)
        if root.concluded and not is_interrupted(execution):
            await _finally(execution, root)
            await _look(execution)
        conclude_run(execution, root)
        await execution.book.flush()


def _root(execution: Execution) -> Frame:
    workflow = execution.bundle.workflow
    return tasks_frame(workflow, execution.book.run.inputs, workflow.env)


async def _until(execution: Execution, is_over: Callable[[], bool]) -> None:
    """Take turns until it is over, until nothing runs after a person stopped the run, or until only people can help."""
    while True:
        refused = await _turn(execution)
        if is_over() and not execution.is_paused:
            return
        if is_interrupted(execution) and not execution.running and not execution.errands:
            return
        if _is_stuck(execution) and not execution.waits:
            return
        if not refused:
            await _hear(execution)


async def _turn(execution: Execution) -> bool:
    """Decide all that can be decided, make it durable in one batch, then act; return whether a claim was refused."""
    advance(execution)
    adopted = adopt(execution)
    while execution.unsettled or execution.fresh:
        for node, conflict in await settle_bases(execution):
            fail(execution, node, Outcome.CONFLICT, conflict)
        advance(execution)
    if execution.stopping in (Stopping.NOT, Stopping.CANCEL) and not execution.is_paused:
        plan(execution)
    held, refused = await execution.book.flush()
    refuse(execution, refused)
    launch(execution, [*adopted, *held])
    return bool(refused)


def _is_stuck(execution: Execution) -> bool:
    """Return whether nothing happens any more unless a person answers, or raises a limit."""
    busy = execution.running or execution.resting or execution.queue or execution.errands or execution.is_paused
    return not busy and any(row.state is TaskState.PAUSED for row in execution.book.tasks.values())


async def _hear(execution: Execution) -> None:
    """Wait for something to happen, then take all that has; what others wrote comes first."""
    messages = [await execution.inbox.get()]
    while not execution.inbox.empty():
        messages.append(execution.inbox.get_nowait())
    for message in sorted(messages, key=lambda message: not isinstance(message, News)):
        match message:
            case News():
                obey(execution, execution.book.hear(message.events))
            case AttemptEnded():
                settle(execution, message)
                _look_round(execution, message)
            case Due():
                wake(execution, message)
            case Expired():
                if (fact := expired(execution, message)) is not None:
                    settle_answer(execution, execution.nodes[message.node], fact)
            case Seen():
                _tell(execution, message.fact)
            case Trouble():
                raise message.error


async def _begin_lookout(execution: Execution) -> None:
    house, run = execution.house, execution.book.run.id
    if execution.repository is not None:
        execution.lookout = Lookout(house, run, await house.workspaces.outside())


def _look_round(execution: Execution, message: AttemptEnded) -> None:
    """See what an attempt means for others, and what changed meanwhile outside of all workspaces."""
    commit = message.verdict.commit
    if commit is not None and commit != message.work.base and message.verdict.outcome is Outcome.SUCCESS:
        execution.in_background(foresee(execution, message.work, commit), "conflicts foreseen")
    _suspect(execution, message)


def _suspect(execution: Execution, message: AttemptEnded) -> None:
    """Have a look round after an attempt; a change may be the doing of all that ran meanwhile."""
    lookout = execution.lookout
    if lookout is None:
        return
    works = [message.work, *execution.running.values()]
    lookout.suspects |= {work.node.id for work in works}
    lookout.at_home |= {work.node.id for work in works if work.mode is WorkspaceMode.NONE}
    if lookout.looking.locked():
        return

    async def look() -> None:
        if (fact := await lookout.look()) is not None:
            execution.inbox.put_nowait(Seen(fact))

    execution.in_background(look(), "a look outside")


async def _look(execution: Execution) -> None:
    """Have a last look round, and take what was seen before it."""
    if execution.lookout is not None and (fact := await execution.lookout.look()) is not None:
        execution.inbox.put_nowait(Seen(fact))
    if not execution.inbox.empty():
        await _hear(execution)


def _tell(execution: Execution, fact: e.WorkspaceEscaped) -> None:
    """Only what runs code in the person's repository stops the run, with a question; all else may be their own work."""
    execution.book.note(fact)
    if fact.executes and execution.stopping is Stopping.NOT:
        execution.question = question_about(fact)
        stop(execution, Stopping.INTERRUPT)


async def _land(execution: Execution, root: Frame) -> None:
    """Merge the work of a run that went well; what does not merge fails the run and keeps its branches."""
    if failure_of(execution, root) is not None or execution.stopping is not Stopping.NOT:
        return
    landing = asyncio.create_task(_landed(execution, root))
    execution.errands.add(landing)
    try:
        await _until(execution, landing.done)
        await landing
    finally:
        execution.errands.discard(landing)
        landing.cancel()
    if execution.lookout is not None:
        await execution.lookout.begin_anew()


async def _landed(execution: Execution, root: Frame) -> None:
    try:
        landed = await land(execution, root, partial(_play_further, execution))
        execution.branch, execution.landed, execution.failure = landed.branch, landed.commit, landed.failure
    except FusionError as refusal:
        execution.failure = error_of(refusal.code, str(refusal), refusal.way_out)
    finally:
        execution.inbox.put_nowait(Stirred())


async def _play_further(execution: Execution, frame: Frame) -> None:
    """Have a further frame brought to its end by the turns that are being taken, or to where the run is stopped."""
    create(execution, frame)
    execution.inbox.put_nowait(Stirred())
    while not frame.concluded and not (is_interrupted(execution) and not execution.running):
        await execution.house.clock.sleep(POLL_S)


async def _finally(execution: Execution, root: Frame) -> None:
    if not execution.bundle.workflow.finally_:
        return
    workflow = execution.bundle.workflow
    frame = tasks_frame(workflow, root.inputs, workflow.env, main=root)
    execution.ending = frame
    create(execution, frame)
    await _until(execution, lambda: frame.concluded)
