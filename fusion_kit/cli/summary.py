"""What is said once a run has ended or stopped: where its result is, what failed and what to type next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fusion_kit.cli.attempt_logs import folder_of, last_file_lines, last_lines
from fusion_kit.cli.cost import spending
from fusion_kit.cli.documents import run_document, seconds_between
from fusion_kit.cli.exit_codes import INTERRUPTED, TERMINATED
from fusion_kit.cli.project import Project
from fusion_kit.cli.session import Session
from fusion_kit.cli.settings import Mode
from fusion_kit.cli.style import bold, dim, green, last_overwrite, red, yellow
from fusion_kit.cli.why import Picture, whys
from fusion_kit.cli.words import counted, duration_text
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS, Outcome, RunState, TaskState
from fusion_kit.core.task import Task

_LAST_LINES = 30
_FAILURES_SHOWN = 3
_COLOURS = {RunState.COMPLETED: green, RunState.FAILED: red}


def conclude(session: Session, project: Project, run: Run, tasks: Sequence[Task], exit_code: int) -> int:
    """Print the result of a run and the way on, and return the exit code."""
    show = session.show
    for line in _failures(session, project, tasks):
        show.say(line)
    if show.settings.output is not Mode.JSONL:  # there the events say it all
        show.document(run_document(run, tasks, exit_code), result_lines(run, tasks))
    for line in next_lines(session, run, tasks, exit_code):
        show.say(line)
    for told in session.on_end:
        told(project, run, tasks)
    return exit_code


def result_lines(run: Run, tasks: Sequence[Task]) -> Iterator[str]:
    """Yield the result for people: how it ended, where the work is, what it put out."""
    colour = _COLOURS.get(run.state, yellow)
    duration = duration_text(seconds_between(run.started_at, run.finished_at))
    after = f" in {duration}" if duration else ""
    yield f"{bold(run.id)} {colour(run.state.value)}{after}: {_states(tasks)}{_spent(tasks)}"
    if run.reason and run.state is RunState.PAUSED:
        yield f"reason: {run.reason}"
    if run.error:
        yield f"error: {run.error.get('message') or run.error.get('code')}"
        if run.error.get("hint") and run.state is RunState.FAILED and not _may_be_retried(tasks):
            yield f"hint: {run.error['hint']}"
    if run.branch:
        yield f"result: {run.branch} at {(run.commit or '')[:12]}"
    for name, value in run.outputs.items():
        yield f"{name} = {value if isinstance(value, str) else json.dumps(value)}"


def next_lines(session: Session, run: Run, tasks: Sequence[Task], exit_code: int) -> Iterator[str]:
    """Yield the exact commands a person may want to type next."""
    failed = _failed(tasks)
    commands = list(_result_commands(session, run)) if run.state is RunState.COMPLETED and run.branch else []
    commands += [session.command("logs", run.id, task.id) for task in failed if task.attempts][:1]
    if run.state is RunState.FAILED:
        commands += [session.command("logs", run.id, "--gate")] * _is_the_gate(run, tasks)
        commands += [session.command("retry", run.id)] * _may_be_retried(tasks)
    elif run.state not in FINAL_RUNS or exit_code in (INTERRUPTED, TERMINATED):
        reasons = whys(Picture(run, tasks, session.command))
        asked = [why.command for why in reasons.values() if why.command]
        resume = session.command("resume", run.id)  # alone it is of no use where a limit has to be raised
        commands += asked if any(each.startswith(f"{resume} ") for each in asked) else [*asked, resume]
    yield from (dim(f"next: {command}") for command in dict.fromkeys(commands))


def _may_be_retried(tasks: Sequence[Task]) -> bool:
    """Whether `retry` would do anything once more by itself: a failure, or work that broke the gate."""
    bad = {TaskState.FAILED, TaskState.CANCELLED}
    return any(task.state in bad or task.outcome is Outcome.UPSTREAM_FAILED or task.refused for task in tasks)


def _is_the_gate(run: Run, tasks: Sequence[Task]) -> bool:
    return any(task.refused for task in tasks) or str((run.error or {}).get("code", "")).startswith("gate")


def _result_commands(session: Session, run: Run) -> Iterator[str]:
    """How to look at the result, and how to bring it to where it is not yet."""
    base = (run.base or f"{run.branch}~1")[:12]
    yield session.there(f"git diff {base} {run.branch}")
    if run.target is None:
        yield session.there(f"git merge {run.branch}")
    elif run.branch != run.target:
        yield session.command("merge", run.id)


def _failures(session: Session, project: Project, tasks: Sequence[Task]) -> Iterator[str]:
    failed = _failed(tasks)
    for task in failed[:_FAILURES_SHOWN]:
        yield ""
        yield red(f"{task.id} failed: {_why(task)}")
        hint = str((task.error or {}).get("hint") or "")
        if hint:
            yield f"hint: {hint}"
        folder = folder_of(project, task)
        lines = last_lines(task.id, task.attempts, folder, _LAST_LINES) if folder else []
        yield from (dim("  | ") + last_overwrite(line.text) for line in lines)
    for task in failed[_FAILURES_SHOWN:]:
        yield f"{task.id} failed too: {session.command('logs', task.run, task.id)}"
    yield from _refused(tasks)


def _refused(tasks: Sequence[Task]) -> Iterator[str]:
    """Whose work broke the gate, and the last lines of what it printed, once for each log."""
    by_log: dict[str, list[Task]] = {}
    for task in tasks:
        if task.refused is not None:
            by_log.setdefault(str(task.refused.get("log") or ""), []).append(task)
    for log, guilty in by_log.items():
        yield ""
        yield red(f"{', '.join(task.id for task in guilty)} broke the gate: {(guilty[0].refused or {}).get('gate')}")
        lines = last_file_lines(Path(log), _LAST_LINES) if log else []
        yield from (dim("  | ") + last_overwrite(line) for line in lines)


def _failed(tasks: Sequence[Task]) -> list[Task]:
    """The tasks that failed by themselves, not because something before or inside them did."""
    parents = {task.parent for task in tasks if task.state is TaskState.FAILED}
    return [
        task
        for task in tasks
        if task.state is TaskState.FAILED and task.outcome is not Outcome.UPSTREAM_FAILED and task.id not in parents
    ]


def _why(task: Task) -> str:
    outcome = task.outcome.value if task.outcome else "failed"
    message = str((task.error or {}).get("message") or "")
    code = (
        f"exit code {task.exit_code}" if task.outcome is Outcome.EXIT_CODE and task.exit_code is not None else outcome
    )
    return message or code


def _states(tasks: Sequence[Task]) -> str:
    counts = Counter(task.state for task in tasks)
    parts = ", ".join(f"{counts[state]} {state.value}" for state in TaskState if counts[state])
    return f"{counted(len(tasks), 'task')}{f', {parts}' if len(counts) > 1 else ''}"


def _spent(tasks: Sequence[Task]) -> str:
    return "".join(f", {text}" for text in spending(tasks).texts())
