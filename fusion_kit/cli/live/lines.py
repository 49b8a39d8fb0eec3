"""One plain line for each event worth telling, for pipes and CI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fusion_kit.cli.style import dim, green, red, yellow
from fusion_kit.cli.why import bare
from fusion_kit.cli.words import counted, duration_text
from fusion_kit.core import events as e
from fusion_kit.core.states import Outcome

_NAMED = 6  # of tasks or paths, before the others are only counted
_WANTED = {"budget": "money", "quota": "its quota"}


def line_of(event: e.Event) -> str | None:
    """Return the line that tells of an event, prefixed with its task; None where it says nothing new to a person."""
    said = _said(event.fact, event)
    if said is None:
        return None
    return f"{event.task} | {said}" if event.task else said


def _said(fact: e.AnyFact, event: e.Event) -> str | None:
    if isinstance(fact, e.TaskFact):
        return _of_task(fact, event)
    if isinstance(fact, e.RunFact):
        return _of_run(fact, event)
    return _of_other(fact) if not isinstance(fact, e.AgentFact) else None


def _of_task(fact: e.TaskFact, event: e.Event) -> str | None:
    match fact:
        case e.TaskStarted():
            again = f" (attempt {fact.number})" if fact.number > 1 else ""
            return f"started{f' on {event.agent}' if event.agent else ''}{again}"
        case e.TaskExpanded():
            return f"became {counted(len(fact.children), 'task')}"
        case e.TaskAdopted():
            return f"taken over, found {fact.found}"
        case e.TaskRetried():
            return yellow(f"will be tried again{_after(fact.delay_s)}: {_why(fact.outcome, fact.error)}")
        case e.TaskCompleted():
            return green("completed" if fact.outcome == "success" else f"completed: {fact.outcome.value}")
        case e.TaskFailed():
            return red(f"failed: {_why(fact.outcome, fact.error)}")
        case e.TaskSkipped():
            return dim(f"skipped: {fact.reason or fact.outcome.value}")
        case e.TaskCancelled():
            return yellow(f"cancelled{f': {fact.reason}' if fact.reason else ''}")
        case e.TaskReset():
            return "will be done again"
        case e.MergeRefused():
            return red(f"its work breaks the gate and is left out: {fact.gate}")
    return _of_waiting(fact)


def _of_waiting(fact: e.TaskFact) -> str | None:
    match fact:
        case e.TaskHeld():
            return dim(f"waits: {fact.message or fact.reason}")
        case e.TaskPaused(reason="approval"):
            return yellow(f"asks for approval: {fact.message}")
        case e.TaskPaused(reason="person"):
            return yellow("stands still")
        case e.TaskPaused():
            return yellow(f"waits for {_WANTED.get(fact.reason, fact.reason)}: {bare(fact.message)}")
        case e.TaskResumed():
            return "goes on"
        case e.TaskApproved():
            return green(f"approved by {fact.by or 'a person'}")
        case e.TaskRejected():
            return red(f"rejected by {fact.by or 'a person'}: {fact.message}")
    return None


def _of_run(fact: e.RunFact, event: e.Event) -> str | None:
    match fact:
        case e.RunQueued() if group := fact.settings.get("group"):
            return dim(f"run {event.run} is queued: runs of the group '{group}' never overlap")
        case e.RunStarted():
            return f"run {event.run} started"
        case e.RunResumed():
            changed = f"; changed since: {', '.join(fact.changes)}" if fact.changes else ""
            return f"run {event.run} resumed{changed}"
        case e.RunPaused():
            return yellow(f"run {event.run} paused: {fact.reason}")
        case e.RunCancelRequested():
            return yellow(f"run {event.run} is being cancelled")
        case e.RunPauseRequested():
            return yellow(f"run {event.run} is being paused by {fact.by or 'a person'}")
        case e.RunRetried():
            return f"run {event.run} goes on: {', '.join(fact.tasks)} once more"
        case e.RunAdjusted():
            changed = ", ".join(f"{name} = {value}" for name, value in fact.settings.items())
            return f"run {event.run} goes by {changed} from now on"
    return None  # how it ended is told by the summary


def _of_other(fact: e.OtherFact) -> str | None:
    match fact:
        case e.WorkspaceSalvaged():
            return yellow(f"unsaved work was kept as {fact.ref}")
        case e.WorkspaceEscaped():
            return yellow(f"changed outside of all workspaces while {_both(fact.tasks)} ran: {_outside(fact)}")
        case e.MergeForeseen():
            return yellow(f"the work of {_both(fact.tasks)} would not merge as it stands: {', '.join(fact.files)}")
        case e.MergeGated():
            whose = _both(fact.tasks) if fact.tasks else "the base alone"
            return green(f"gate passed: {whose}") if fact.passed else red(f"gate failed: {whose}")
        case e.MergeWaiting():
            return yellow(f"not merged into {fact.into}: {fact.reason}; the work is on {fact.branch}")
        case e.MergeFailed():
            return red(f"the work of {' and '.join(fact.tasks)} does not merge: {', '.join(fact.files)}")
        case e.LogRepaired():
            return yellow(f"the log was repaired: {fact.bytes} bytes kept in {fact.quarantine}")
        case e.SystemPaused():
            return red(f"nothing new is started: {fact.reason}")
    return None


def _both(tasks: Sequence[str]) -> str:
    """Name tasks as in a sentence; of many, the first and how many more."""
    shown, more = tasks[:_NAMED], len(tasks) - _NAMED
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(", ".join(tasks).rsplit(", ", 1))


def _outside(fact: e.WorkspaceEscaped) -> str:
    names = [*fact.executes, *fact.refs, *fact.paths]
    kept = f"; kept in {fact.patch}" if fact.patch else ""
    return f"{_both(names)}{kept}"


def _why(outcome: Outcome, error: Mapping[str, object] | None) -> str:
    message = str(error.get("message", "")) if error else ""
    return f"{outcome.value}: {message}" if message else outcome.value


def _after(delay_s: float) -> str:
    return f" in {duration_text(delay_s)}" if delay_s else ""
