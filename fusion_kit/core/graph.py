"""The graph of one scope: order, readiness, and a cycle with its path. A thin face over `graphlib`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from fusion_kit.core.errors import UsageError


class Cycle(UsageError):
    """The tasks need each other in a circle: {path}."""

    hint = "Remove one of these `needs`."


class Graph:
    """Nodes and what they need; nodes become ready once everything they need has been told to be done."""

    def __init__(self, needs: Mapping[str, Iterable[str]]) -> None:
        """Take node -> needed nodes; raises `Cycle`."""
        self.needs = {node: tuple(wanted) for node, wanted in needs.items()}
        self._sorter = TopologicalSorter(self.needs)
        try:
            self._sorter.prepare()
        except CycleError as found:
            # graphlib tells the path against the arrows of `needs`
            raise Cycle(path=" -> ".join(reversed(found.args[1]))) from None

    def ready(self) -> tuple[str, ...]:
        """Return the nodes that became ready since the last call, each once."""
        return self._sorter.get_ready()

    def done(self, *nodes: str) -> None:
        """Say that ready nodes have ended, however they did."""
        self._sorter.done(*nodes)

    @property
    def is_finished(self) -> bool:
        """Whether every node has ended."""
        return not self._sorter.is_active()

    def order(self) -> tuple[str, ...]:
        """Return all nodes, each after everything it needs."""
        return tuple(TopologicalSorter(self.needs).static_order())

    def leaves(self) -> tuple[str, ...]:
        """Return the nodes that nothing needs, in the order in which they were given."""
        wanted = {need for needs in self.needs.values() for need in needs}
        return tuple(node for node in self.needs if node not in wanted)


def ancestors(needs: Mapping[str, Iterable[str]], node: str) -> frozenset[str]:
    """Return everything that `node` needs, directly or not."""
    found: set[str] = set()
    waiting = list(needs[node])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(needs[name])
    return frozenset(found)
