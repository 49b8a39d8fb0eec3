"""One plain line for each event worth telling, for pipes and CI."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.cli.style import dim, green, red, yellow
from fusion_kit.cli.words import counted, duration_text
from fusion_kit.core import events as e
from fusion_kit.core.states import Outcome


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
    return None


def _of_run(fact: e.RunFact, event: e.Event) -> str | None:
    match fact:
        case e.RunStarted():
            return f"run {event.run} started"
        case e.RunResumed():
            changed = f"; changed since: {', '.join(fact.changes)}" if fact.changes else ""
            return f"run {event.run} resumed{changed}"
        case e.RunPaused():
            return yellow(f"run {event.run} paused: {fact.reason}")
        case e.RunCancelRequested():
            return yellow(f"run {event.run} is being cancelled")
    return None  # how it ended is told by the summary


def _of_other(fact: e.OtherFact) -> str | None:
    match fact:
        case e.WorkspaceSalvaged():
            return yellow(f"unsaved work was kept as {fact.ref}")
        case e.MergeFailed():
            return red(f"the work of {' and '.join(fact.tasks)} does not merge: {', '.join(fact.files)}")
        case e.LogRepaired():
            return yellow(f"the log was repaired: {fact.bytes} bytes kept in {fact.quarantine}")
        case e.SystemPaused():
            return red(f"nothing new is started: {fact.reason}")
    return None


def _why(outcome: Outcome, error: Mapping[str, object] | None) -> str:
    message = str(error.get("message", "")) if error else ""
    return f"{outcome.value}: {message}" if message else outcome.value


def _after(delay_s: float) -> str:
    return f" in {duration_text(delay_s)}" if delay_s else ""
