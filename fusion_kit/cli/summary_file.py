"""A run as a Markdown page: its tasks, their graph, what it cost, and the last words of what failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from fusion_kit.cli.cost import spending
from fusion_kit.cli.documents import seconds_between
from fusion_kit.cli.ended import Words, failures, leaves, message, verdict
from fusion_kit.cli.markdown import block, plain, table
from fusion_kit.cli.words import counted, duration_text
from fusion_kit.core.run import Run
from fusion_kit.core.states import TaskState
from fusion_kit.core.task import Task

_ROWS = 300
_EDGES = 400  # Mermaid draws 500 at most, and 50,000 characters
_GRAPH_CHARACTERS = 40_000
_FAILURES = 20
_LAST_LINES = 30
_VALUE_CHARACTERS = 500

_CLASSES = {
    TaskState.COMPLETED: "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    TaskState.FAILED: "fill:#ffebe9,stroke:#cf222e,color:#1f2328",
    TaskState.RUNNING: "fill:#ddf4ff,stroke:#0969da,color:#1f2328",
    TaskState.PAUSED: "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    TaskState.SKIPPED: "fill:#f6f8fa,stroke:#8c959f,color:#59636e",
    TaskState.CANCELLED: "fill:#f6f8fa,stroke:#8c959f,color:#59636e",
}


def summary_parts(run: Run, tasks: Sequence[Task], words: Words) -> Iterator[str]:
    """Yield the page in parts, the weightiest first, each of which can stand without those that follow."""
    rows = leaves(tasks)
    yield _text(_head(run, tasks, rows))
    yield _text(_tasks(rows))
    for task in failures(tasks)[:_FAILURES]:
        yield _text(_failed(task, words))
    yield _text(_graph(rows, tasks))


def error_part(title: str, text: str, hint: str) -> str:
    """Return the page of a run that did not come to be, or broke off."""
    return _text([f"## fusion-kit: {title}", "", plain(text), *(["", plain(hint)] if hint else [])])


def _text(lines: Sequence[str]) -> str:
    return "\n".join([*lines, "", ""])


def _head(run: Run, tasks: Sequence[Task], rows: Sequence[Task]) -> list[str]:
    duration = duration_text(seconds_between(run.started_at, run.finished_at))
    facts = [("run", plain(run.id)), ("tasks", plain(_states(rows)))]
    facts += [("time", duration)] if duration else []
    facts += [("cost", plain(_cost(tasks)))]
    facts += [("result", f"{plain(run.branch)} at {plain((run.commit or '')[:12])}")] if run.branch else []
    facts += [("reason", plain(run.reason))] if run.reason and run.state.value == "paused" else []
    facts += [("error", plain(str(run.error.get("message") or run.error.get("code"))))] if run.error else []
    facts += [(f"output {plain(name)}", plain(_value(value))) for name, value in run.outputs.items()]
    return [f"## {plain(run.workflow)}: {run.state.value}", "", *table(["", ""], facts)]


def _cost(tasks: Sequence[Task]) -> str:
    found = spending(tasks)
    return ", ".join(found.texts()) or ("none" if found.is_whole else "unknown")


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUE_CHARACTERS else text[:_VALUE_CHARACTERS] + "…"


def _states(rows: Sequence[Task]) -> str:
    counts = {state: sum(task.state is state for task in rows) for state in TaskState}
    return f"{len(rows)}: " + ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)


def _tasks(rows: Sequence[Task]) -> list[str]:
    guilty = {task.id for task in failures(rows)}
    shown = sorted(rows, key=lambda task: task.id not in guilty)[:_ROWS]
    more = ["", f"… and {counted(len(rows) - _ROWS, 'more task')}"] if len(rows) > _ROWS else []
    return [*table(["task", "state", "time", "agent", "attempts", "why"], map(_cells, shown)), *more]


def _cells(task: Task) -> list[str]:
    duration = duration_text(seconds_between(task.started_at, task.finished_at))
    why = message(task)
    return [plain(task.id), plain(verdict(task)), duration, plain(task.agent or ""), str(task.attempts), plain(why)]


def _failed(task: Task, words: Words) -> list[str]:
    lines = words(task, _LAST_LINES)
    said = block(lines, "text") if lines else ["It printed nothing."]
    return [f"### {plain(task.id)}: {plain(verdict(task))}", "", plain(message(task)), "", *said]


def _colour(task: Task) -> str:
    return TaskState.FAILED.value if task.refused is not None else task.state.value


def _graph(rows: Sequence[Task], tasks: Sequence[Task]) -> list[str]:
    """The graph of what was run: an edge from or to a matrix stands for one from or to each of its items."""
    names = {task.id: f"t{number}" for number, task in enumerate(rows)}
    lines = ["flowchart LR", *(f'  {names[task.id]}["{_label(task)}"]:::{_colour(task)}' for task in rows)]
    edges = [f"  {names[need]} --> {names[task.id]}" for task in rows for need in _needs(task, tasks, set(names))]
    lines += [*edges, *(f"  classDef {state.value} {style}" for state, style in _CLASSES.items())]
    if len(edges) > _EDGES or sum(map(len, lines)) > _GRAPH_CHARACTERS:
        return [f"The graph of {counted(len(rows), 'task')} is too large to be drawn here."]
    return block(lines, "mermaid")


def _label(task: Task) -> str:
    """Mermaid knows an entity by its number, without the ampersand."""
    return plain(task.id).replace("&#", "#")


def _needs(task: Task, tasks: Sequence[Task], names: set[str]) -> Iterator[str]:
    for need in task.needs:
        if need in names:
            yield need
        else:
            yield from (other.id for other in tasks if other.parent == need and other.id in names)
