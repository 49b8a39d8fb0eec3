"""`fusion-kit show WORKFLOW`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from fusion_kit.cli.arguments import WorkflowArgument
from fusion_kit.cli.session import session_of
from fusion_kit.cli.style import bold, columns, dim

if TYPE_CHECKING:
    from fusion_kit.core.workflow import TaskSpec, WorkflowSpec


def command(
    ctx: typer.Context,
    workflow: WorkflowArgument,
) -> None:
    """Show a workflow: its inputs, its tasks in order and who does them."""
    from fusion_kit.definitions import load_workflow

    session = session_of(ctx)
    loaded = load_workflow(session.workflow(workflow), session.root())
    document = {"workflow": asdict(loaded.workflow), "agents": [asdict(agent) for agent in loaded.agents.values()]}
    session.show.document(document | {"digest": loaded.digest}, _lines(loaded.workflow))


def _lines(workflow: WorkflowSpec) -> Iterator[str]:
    yield f"{bold(workflow.name)}  {dim(workflow.source)}"
    if workflow.description:
        yield workflow.description.strip()
    if workflow.inputs:
        yield ""
        yield bold("inputs")
        yield from columns([["", name, *_input(schema)] for name, schema in workflow.inputs.items()])
    for title, tasks in (("tasks", workflow.tasks), ("finally", workflow.finally_)):
        if tasks:
            yield ""
            yield bold(title)
            yield from columns([_row(task) for task in tasks])


def _input(schema: Any) -> list[str]:
    kind = str(schema.get("type", "any"))
    if "default" in schema:
        return [kind, f"default {schema['default']!r}"]
    return [kind, "required" if schema.get("required") else ""]


def _row(task: TaskSpec) -> list[str]:
    needs = f"needs {', '.join(task.needs)}" if task.needs else ""
    return ["", task.id, _doer(task), dim(needs)]


def _doer(task: TaskSpec) -> str:
    """What does the task: an agent, anybody with these capabilities, a command, a workflow or a person."""
    if task.agent:
        text = f"agent {task.agent}"
    elif task.capabilities:
        text = f"any agent with {', '.join(sorted(task.capabilities))}"
    else:
        text = {"run": "command", "uses": f"workflow {task.uses.name if task.uses else ''}", "approval": "approval"}[
            task.kind
        ]
    marks = ["matrix"] * bool(task.matrix) + ["repeat"] * bool(task.repeat) + ["if"] * bool(task.condition)
    return f"{text} ({', '.join(marks)})" if marks else text
