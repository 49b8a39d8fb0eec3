"""A run as JUnit XML: a suite for the workflow, a case for every task; always well-formed, whatever was printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from fusion_kit.cli.documents import seconds_between
from fusion_kit.cli.ended import Words, failures, is_failure, leaves, message, verdict
from fusion_kit.cli.style import harmless
from fusion_kit.core.run import Run
from fusion_kit.core.states import Outcome, RunState, TaskState
from fusion_kit.core.task import Task

_LAST_LINES = 200
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The work was not judged: it could not be done, or was not done in time.
_ERRORS = frozenset(
    {Outcome.TIMEOUT, Outcome.STALLED, Outcome.QUOTA, Outcome.AUTH, Outcome.BUDGET, Outcome.LOST, Outcome.PHANTOM}
)


def junit_of(run: Run, tasks: Sequence[Task], words: Words) -> bytes:
    """Return the report of a run, wherever it stands; a failure of the run alone is a case of its own."""
    cases = [_case(run, task, words) for task in leaves(tasks)]
    if run.state is RunState.FAILED and not failures(tasks):
        cases.append(_failed_run(run))
    return _report(
        run.workflow, cases, run.started_at or run.created_at, seconds_between(run.started_at, run.finished_at)
    )


def junit_of_error(code: str, text: str, hint: str) -> bytes:
    """Return the report of a run that did not come to be."""
    case = Xml.Element("testcase", name="start", classname="fusion-kit", time="0.000")
    _say(Xml.SubElement(case, "error", message=_clean(text), type=_clean(code)), [hint] if hint else [])
    return _report("fusion-kit", [case], "", 0.0)


def _case(run: Run, task: Task, words: Words) -> Xml.Element:
    time = _seconds(seconds_between(task.started_at, task.finished_at))
    case = Xml.Element("testcase", name=_clean(task.id), classname=_clean(run.workflow), time=time)
    lines = words(task, _LAST_LINES)
    if is_failure(task):
        kind = "error" if task.outcome in _ERRORS and task.refused is None else "failure"
        _say(Xml.SubElement(case, kind, message=_clean(message(task) or verdict(task)), type=verdict(task)), lines)
        return case
    if task.state is not TaskState.COMPLETED:
        Xml.SubElement(case, "skipped", message=_clean(_why_not(task)))
    elif lines:
        _say(Xml.SubElement(case, "system-out"), lines)
    return case


def _why_not(task: Task) -> str:
    why = message(task)
    what = verdict(task) if task.is_final else f"did not end: {verdict(task)}"
    return f"{what}: {why}" if why else what


def _failed_run(run: Run) -> Xml.Element:
    case = Xml.Element("testcase", name=_clean(run.id), classname=_clean(run.workflow), time="0.000")
    error = run.error or {}
    said = str(error.get("message") or error.get("code") or "The run failed.")
    _say(Xml.SubElement(case, "failure", message=_clean(said), type=_clean(str(error.get("code") or "failed"))), [])
    return case


def _report(name: str, cases: Sequence[Xml.Element], started: str, duration_s: float | None) -> bytes:
    counts = {"tests": str(len(cases)), "failures": _count(cases, "failure"), "errors": _count(cases, "error")}
    common = {"name": _clean(name), **counts, "time": _seconds(duration_s)}
    root = Xml.Element("testsuites", common)
    suite = Xml.SubElement(root, "testsuite", {**common, "skipped": _count(cases, "skipped")})
    if started:
        suite.set("timestamp", started[:19])  # the schema's time has no zone
    suite.extend(cases)
    Xml.indent(root)
    text: str = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _count(cases: Sequence[Xml.Element], kind: str) -> str:
    return str(sum(case.find(kind) is not None for case in cases))


def _say(element: Xml.Element, lines: Sequence[str]) -> None:
    element.text = _clean("\n".join(lines))


def _seconds(duration_s: float | None) -> str:
    return f"{duration_s or 0.0:.3f}"


def _clean(text: str) -> str:
    """XML cannot hold every character, not even escaped."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", harmless(text))
