"""A workflow's graph as text: pure, from its tasks and what they need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fusion_kit.core.workflow import TaskSpec, WorkflowSpec

Edge = tuple[str, str]  # needed, needing


def edges_of(workflow: WorkflowSpec) -> list[Edge]:
    """Return the edges between tasks, in the order of the file."""
    return [(need, task.id) for task in _tasks(workflow) for need in task.needs]


def graph_document(workflow: WorkflowSpec) -> dict[str, Any]:
    """Return the graph as JSON."""
    final = {task.id for task in workflow.finally_}
    nodes = [
        {"id": task.id, "kind": task.kind.value, "agent": task.agent, "section": _section(task.id in final)}
        | {"matrix": task.matrix is not None, "repeat": task.repeat is not None}
        for task in _tasks(workflow)
    ]
    edges = [{"from": start, "to": end} for start, end in edges_of(workflow)]
    return {"workflow": workflow.name, "nodes": nodes, "edges": edges}


def mermaid_lines(workflow: WorkflowSpec, edges: Sequence[Edge]) -> Iterator[str]:
    """Return the graph as a Mermaid flowchart."""
    names = _numbered(workflow)
    yield "flowchart TD"
    for task in _tasks(workflow):
        label = _label(task).replace('"', "#quot;")
        yield f'  {names[task.id]}["{label}"]'
    for start, end in edges:
        yield f"  {names[start]} --> {names[end]}"


def dot_lines(workflow: WorkflowSpec, edges: Sequence[Edge]) -> Iterator[str]:
    """Return the graph for Graphviz."""
    yield f"digraph {json.dumps(workflow.name)} {{"
    yield "  rankdir=TB; node [shape=box];"
    for task in _tasks(workflow):
        yield f"  {json.dumps(task.id)} [label={json.dumps(_label(task))}];"
    for start, end in edges:
        yield f"  {json.dumps(start)} -> {json.dumps(end)};"
    yield "}"


def ascii_lines(workflow: WorkflowSpec, edges: Sequence[Edge]) -> Iterator[str]:
    """Return the graph by layers: a task stands below everything it needs."""
    tasks = {task.id: task for task in workflow.tasks}
    depth = _depths(workflow.tasks)
    for layer in range(max(depth.values(), default=-1) + 1):
        here = [tasks[name] for name in tasks if depth[name] == layer]
        if layer:
            yield "  |"
        for task in here:
            needs = [start for start, end in edges if end == task.id]
            arrow = f"  <- {', '.join(needs)}" if needs else ""
            yield f"  {'+-' if layer else 'o-'} {_label(task)}{arrow}"
    if workflow.finally_:
        yield "finally"
        yield from (f"  o- {_label(task)}" for task in workflow.finally_)


def _tasks(workflow: WorkflowSpec) -> list[TaskSpec]:
    return [*workflow.tasks, *workflow.finally_]


def _section(is_final: bool) -> str:
    return "finally" if is_final else "tasks"


def _label(task: TaskSpec) -> str:
    who = task.agent or ", ".join(sorted(task.capabilities)) or task.kind.value
    many = " x matrix" if task.matrix else ""
    return f"{task.id} ({who}{many})"


def _numbered(workflow: WorkflowSpec) -> dict[str, str]:
    """Names Mermaid cannot take for its own words, such as `end`."""
    return {task.id: f"t{number}" for number, task in enumerate(_tasks(workflow), 1)}


def _depths(tasks: Sequence[TaskSpec]) -> dict[str, int]:
    """The longest way from a start to each task; tasks may stand in any order."""
    needs = {task.id: task.needs for task in tasks}
    depth: dict[str, int] = {}
    pending = list(reversed(needs))
    while pending:
        name = pending[-1]
        missing = [need for need in needs[name] if need in needs and need not in depth]
        if missing:
            pending.extend(missing)
        else:
            depth[pending.pop()] = 1 + max((depth[need] for need in needs[name] if need in depth), default=-1)
    return depth
