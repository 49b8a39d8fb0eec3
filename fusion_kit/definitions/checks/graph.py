"""The graph of a workflow: every need is there, and nothing waits for itself."""

from __future__ import annotations

from fusion_kit.definitions.checks.facts import Order, TaskFacts, WorkflowFacts
from fusion_kit.definitions.shapes.report import Report
from fusion_kit.definitions.tree.node import Mapping, Node, Scalar, Sequence


def check(report: Report, facts: WorkflowFacts) -> Order:
    """Complain of unknown needs, and of a cycle with its path; return the order of the tasks."""
    for task in facts.tasks.values():
        for number, need in enumerate(task.needs):
            _check_need(report, facts, task, number, need)
    order = Order(facts.needs())
    if order.cycle:
        first = facts.tasks[order.cycle[0]]
        message = f"the tasks need each other in a circle: {' -> '.join(order.cycle)}"
        report.add(need_node(first, order.cycle[1]), "cycle", message)
    return order


def _check_need(report: Report, facts: WorkflowFacts, task: TaskFacts, number: int, need: str) -> None:
    needed = facts.tasks.get(need)
    node = task.place("needs", number)
    if needed is None:
        message = f'task "{task.id}" needs "{need}", and there is no such task'
        report.add(node, "unknown-task", message, report.guess(need, facts.tasks))
    elif needed.section != task.section:
        if task.section == "tasks":
            message = f'task "{task.id}" cannot need "{need}": `finally` runs after all tasks'
        else:
            message = f'"{need}" need not be named: `finally` runs after all tasks'
        report.add(node, "needs-section", message)


def need_node(task: TaskFacts, need: str) -> Node:
    """Return the node where a task names one of its needs."""
    node = task.node.values.get("needs")
    if isinstance(node, Sequence):
        return next((item for item in node.items if isinstance(item, Scalar) and item.text == need), node)
    return node or task.node


def duplicates(report: Report, nodes: list[Node]) -> None:
    """Complain of two tasks of one id."""
    first: dict[str, int] = {}
    for node in nodes:
        name = node.values.get("id") if isinstance(node, Mapping) else None
        if not isinstance(name, Scalar):
            continue
        if name.text in first:
            report.add(
                name, "duplicate-id", f'there are two tasks "{name.text}"; the first is in line {first[name.text]}'
            )
        first.setdefault(name.text, name.line + 1)
