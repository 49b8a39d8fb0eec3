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


class Lineage:
    """Which tasks' commits each commit holds beside its own work, as the rows stand now."""

    def __init__(self, book: Book) -> None:
        """Read the rows once, however many nodes are asked about."""
        self._book = book
        self._makers: dict[str, list[str]] = {}
        self._known: dict[str, frozenset[str]] = {}
        for row in book.tasks.values():
            if row.commit is not None and row.commit != row.base:
                self._makers.setdefault(row.commit, []).append(row.id)

    def below(self, node: str) -> frozenset[str]:
        """Return the tasks whose work the commit of a node is built on."""
        found: set[str] = set()
        waiting = [node]
        while waiting:
            name = waiting.pop()
            if name in self._known:
                found |= self._known[name]
                continue
            before = self._before(name) - found - {node}
            found |= before
            waiting.extend(before)
        self._known[node] = frozenset(found)
        return self._known[node]

    def _before(self, name: str) -> set[str]:
        """Who shares the run's workspace builds on whoever was there before, needed or not."""
        return {*tips(self._book, name), *self._makers.get(self._book.tasks[name].base or "", ())}


def with_all_below(book: Book, tips: Iterable[str]) -> dict[str, str]:
    """Return the commits of some nodes and of all they are built on, so that a guilty one among them can be told."""
    lineage, names = Lineage(book), set(tips)
    names |= {below for name in names for below in lineage.below(name)}
    return _changes(book, (book.tasks[name] for name in sorted(names)))


def good_work(book: Book) -> dict[str, str]:
    """Return the commits of all work that ended well, passed, and is built on nothing that did not."""
    lineage, refused = Lineage(book), {row.id for row in book.tasks.values() if row.refused is not None}
    good = (row for row in book.tasks.values() if row.is_good and row.section != "finally")
    return _changes(book, (row for row in good if row.id not in refused and not lineage.below(row.id) & refused))


def _changes(book: Book, rows: Iterable[Task]) -> dict[str, str]:
    """Return the commits of those that changed something; what others did they stand on, too."""
    changed = (row for row in rows if row.commit not in (row.base, book.run.base))
    return {row.id: row.commit for row in changed if row.commit is not None}
