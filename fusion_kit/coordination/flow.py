"""How code flows with the graph: the commits a task builds upon, read from the rows alone."""

from __future__ import annotations

from collections.abc import Iterable

from fusion_kit.coordination.book import Book
from fusion_kit.core.task import Task


def tips(book: Book, node: str) -> dict[str, str]:
    """Return the commits (task -> commit) that a node starts from."""
    return tips_of(book, _before(book, book.tasks[node]))


def _before(book: Book, row: Task) -> tuple[str, ...]:
    """Return what a node comes after: its needs, or where it has none those of the node it is the inside of."""
    while not row.needs and row.parent is not None:
        row = book.tasks[row.parent]
    return row.needs


def tips_of(book: Book, nodes: Iterable[str]) -> dict[str, str]:
    """Return the commits that hold the work of some nodes.

    A node without a commit of its own passes on those of its items or inner tasks, or of what it needed; one that did
    not end well passes on nothing.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = list(nodes)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        row = book.tasks[name]
        if row.commit is not None:
            found.update({name: row.commit} if row.is_good else {})
        else:
            waiting.extend(book.children.get(name) or _before(book, row))
    return dict(sorted(found.items()))


def built_on(book: Book, node: str) -> frozenset[str]:
    """Return all tasks whose commits the commit of a node holds beside its own work."""
    makers: dict[str, list[str]] = {}
    for row in book.tasks.values():
        if row.commit is not None:
            makers.setdefault(row.commit, []).append(row.id)
    found: set[str] = set()
    waiting = [node]
    while waiting:
        name = waiting.pop()
        # who shares the run's workspace builds on whoever was there before, needed or not
        before = {*tips(book, name), *makers.get(book.tasks[name].base or "", ())} - found - {node}
        found |= before
        waiting.extend(before)
    return frozenset(found)


def good_tips(book: Book) -> dict[str, str]:
    """Return the commits of all work that ended well and passed, but for what other such work is built on."""
    refused = {row.id for row in book.tasks.values() if row.refused is not None}
    good = {
        row.id: row.commit
        for row in book.tasks.values()
        if row.commit not in (None, book.run.base) and row.is_good and row.section != "finally"
    }
    below = {task: built_on(book, task) for task in good}
    sound = {task for task in good if task not in refused and not below[task] & refused}
    inner = {other for task in sound for other in below[task]}
    return {task: commit for task, commit in sorted(good.items()) if task in sound - inner and commit is not None}
