"""Why a task that has not ended waits, and what to type about it: pure, from the rows of one run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from fusion_kit.cli.asking import described, form_of
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_TASKS, RunState, TaskState
from fusion_kit.core.task import Task

_SHORT = re.compile(r"needs ([\d.]+) USD: ([\d.]+) spent, ([\d.]+) reserved of [\d.]+$")
_WAY_OUT = re.compile(r"; fusion-kit resume \S+ --max-cost ([\d.]+)$")
_ALIVE = frozenset({TaskState.ASSIGNED, TaskState.RUNNING})

Command = Callable[..., str]  # words -> the exact command a person can type


@dataclass(frozen=True, slots=True)
class Picture:
    """A run as it stands: `rests` says until when (UTC text) a task waits for its next attempt."""

    run: Run
    tasks: Sequence[Task]
    command: Command
    is_owned: bool = True
    rests: Mapping[str, str] = field(default_factory=dict)
    told: Sequence[str] = ()  # what else is to be said of the run itself
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """What a task waits for in a few words, details below it, and the exact command that ends it, if one does."""

    text: str
    details: tuple[str, ...] = ()
    command: str = ""


def whys(picture: Picture) -> dict[str, Why]:
    """Return why each task that has not ended is where it is, by its id."""
    states = {task.id: task.state for task in picture.tasks}
    parents = {task.parent for task in picture.tasks}
    busy = sum(task.state in _ALIVE and task.id not in parents for task in picture.tasks)
    return {task.id: _why(task, picture, states, busy) for task in picture.tasks if not task.is_final}


def bare(message: str) -> str:
    """Return what is missing without the command that ends it, which is told apart."""
    return _WAY_OUT.sub("", message)


def why_held(task: Task, picture: Picture) -> Why | None:
    """Return why a task is held or paused; None where it is neither."""
    if task.waits is None or task.state not in {TaskState.PAUSED, TaskState.QUEUED}:
        return None
    return _held(task, task.waits, picture)


def _why(task: Task, picture: Picture, states: Mapping[str, TaskState], busy: int) -> Why:
    if held := why_held(task, picture):
        return held
    match task.state:
        case TaskState.WAITING:
            missing = [f"{name} ({states[name].value})" for name in task.needs if _is_open(states.get(name))]
            return Why(f"waits for {', '.join(missing)}" if missing else "waits to be looked at")
        case TaskState.QUEUED:
            again = f"; this will be attempt {task.attempts + 1}" if task.attempts else ""
            return Why(_room(task, picture, busy) + again)
        case TaskState.PAUSED:
            return Why(task.reason or "paused")
    again = f", attempt {task.attempts}" if task.attempts > 1 else ""
    return Why(f"{task.agent or ''}{again}".strip(", "))


def _is_open(state: TaskState | None) -> bool:
    return state is not None and state not in FINAL_TASKS


def _room(task: Task, picture: Picture, busy: int) -> str:
    """What a queued task waits for that nothing holds: the run itself, the next attempt's time, room, an agent."""
    if picture.run.state is RunState.PAUSED or not picture.is_owned:
        return "waits for the run to go on"
    if task.id in picture.rests:
        return f"waits until {clock_text(picture.rests[task.id])} for its next attempt"
    slots = picture.run.settings.get("slots")
    if isinstance(slots, int) and busy >= slots:
        return f"waits for room: {busy} of {slots} running"
    wanted = f" with {', '.join(task.capabilities)}" if task.capabilities else ""
    counts = f" ({busy} of {slots} running)" if isinstance(slots, int) else ""
    return f"waits for a free agent{wanted}{counts}"


def _held(task: Task, waits: Mapping[str, object], picture: Picture) -> Why:
    message = str(waits.get("message") or "")
    match waits.get("reason"):
        case "approval":
            return _asking(task, waits, message, picture)
        case "budget":
            return Why(f"waits for money: {bare(message)}", command=_dearer(message, picture))
        case "person":
            return Why(
                message if message.startswith("paused") else f"paused by {message or 'a person'}",
                command=picture.command("resume", picture.run.id),
            )
        case "lock":
            return Why(f"waits for its turn: {message}")
        case reason:
            names = {"quota": "its quota", "breaker": "its provider"}
            until = f" until {clock_text(str(waits['until']))}" if waits.get("until") else ""
            return Why(f"waits for {names.get(str(reason), str(reason))}{until}{f': {message}' if message else ''}")


def _asking(task: Task, waits: Mapping[str, object], message: str, picture: Picture) -> Why:
    if task.answer is not None:
        said = "approved" if task.answer.get("approved") else "rejected"
        alive = picture.is_owned and picture.run.state is not RunState.PAUSED
        noted = "the run takes note of it" if alive else "the run has to go on to take note of it"
        return Why(f"{said} by {task.answer.get('by') or 'a person'}; {noted}")
    until = f" until {clock_text(str(waits['until']))}" if waits.get("until") else ""
    if until and picture.now is not None and datetime.fromisoformat(str(waits["until"])) < picture.now:
        again = "" if picture.is_owned else picture.command("resume", picture.run.id)
        return Why(
            f"nobody answered{until}, so it fails{'' if picture.is_owned else ' once the run goes on'}", (), again
        )
    fields = tuple(f"{name}: {described(schema)}" for name, schema in form_of(waits).items())
    said = f": {message}" if message else ""
    return Why(f"asks for approval{until}{said}", fields, picture.command("approve", picture.run.id, task.id))


def _dearer(message: str, picture: Picture) -> str:
    """Return how to raise the run's limit so far that the task may start; empty where its limit is another's."""
    if told := _WAY_OUT.search(message):
        amount = told[1]
    elif short := _SHORT.search(message):
        amount = str(sum(Decimal(each) for each in short.groups()))
    else:
        return ""
    return picture.command("resume", picture.run.id, "--max-cost", amount)


def clock_text(moment: str) -> str:
    """Return a moment of the log (UTC) as a person reads it here, in local time to the minute."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
