"""How code flows with the graph: the commits a task builds upon."""

from __future__ import annotations

from collections.abc import Iterable

from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.frames import Node


def tips(execution: Execution, node: Node) -> dict[str, str]:
    """Return the commits (task -> commit) that a node starts from."""
    return tips_of(execution, _before(node))


def _before(node: Node) -> tuple[str, ...]:
    """Return what a node comes after: its needs, or where it has none those of the node it is the inside of."""
    while not node.needs and node.frame.parent is not None:
        node = node.frame.parent
    return node.needs


def tips_of(execution: Execution, names: Iterable[str]) -> dict[str, str]:
    """Return the commits that hold the work of some nodes.

    A node without a commit of its own passes on those of its items or inner tasks, or of what it needed; one that did
    not end well passes on nothing.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        row, node = execution.book.tasks[name], execution.nodes[name]
        if row.commit is not None:
            found.update({name: row.commit} if row.is_good else {})
        elif node.expands and execution.children.get(name):
            waiting.extend(execution.children[name])
        else:
            waiting.extend(_before(node))
    return dict(sorted(found.items()))
