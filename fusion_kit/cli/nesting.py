"""Tasks as a tree: what an expansion made stands below the task that was expanded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fusion_kit.core.task import Task


def nested(tasks: Iterable[Task]) -> Iterator[tuple[int, Task]]:
    """Yield the tasks of one run in the order of a tree, with their depth; one without its parent stands at the top."""
    rows = {task.id: task for task in tasks}
    children: dict[str | None, list[Task]] = {}
    for task in rows.values():
        children.setdefault(task.parent if task.parent in rows else None, []).append(task)
    pending = [(0, task) for task in reversed(children.get(None, []))]
    while pending:
        depth, task = pending.pop()
        yield depth, task
        pending.extend((depth + 1, child) for child in reversed(children.get(task.id, [])))
