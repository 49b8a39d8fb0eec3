"""What the checks need to know of a workflow: its tasks in the order of the file, and which comes before which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fusion_kit.core.graph import ancestors
from fusion_kit.core.workflow import Kind
from fusion_kit.definitions.tree import node as tree

Values = Mapping[str, Any]

_HUGE = 20_000  # tasks: 50 MB of bits


@dataclass(slots=True)
class TaskFacts:
    """One task: its node, its values with the defaults applied, and what others may ask of it."""

    id: str
    number: int  # in its file, `finally` behind `tasks`
    section: str
    node: tree.Mapping
    values: Values
    kind: Kind | None
    needs: tuple[str, ...] = ()
    outputs: frozenset[str] | None = frozenset()  # None: not known, because the workflow it uses is broken
    axes: frozenset[str] | None = None  # None: no matrix

    @property
    def is_reply(self) -> bool:
        """Whether all it answers is an agent's text."""
        return self.kind is Kind.AGENT and not self.outputs

    def place(self, *path: str | int) -> tree.Node:
        """Return the node at a path, or the nearest one above that is there."""
        for length in range(len(path), 0, -1):
            found = tree.at(self.node, *path[:length])
            if found is not None:
                return found
        return self.node


@dataclass(slots=True)
class WorkflowFacts:
    """A workflow file as far as it could be read."""

    node: tree.Mapping
    values: Values
    tasks: dict[str, TaskFacts] = field(default_factory=dict)
    inputs: Mapping[str, Values] = field(default_factory=dict)
    env: frozenset[str] = frozenset()
    by_node: dict[int, TaskFacts] = field(default_factory=dict)  # by the identity of a task's node

    def needs(self) -> dict[str, tuple[str, ...]]:
        """Return task -> those it needs, of what is there."""
        return {
            name: tuple(need for need in task.needs if need in self.tasks and self.tasks[need].section == task.section)
            for name, task in self.tasks.items()
        }


class Order:
    """Which task comes before which, directly or not."""

    def __init__(self, needs: Mapping[str, Iterable[str]]) -> None:
        """Take task -> needed tasks; `cycle` is the path of a circle, if there is one."""
        self.needs = {name: tuple(wanted) for name, wanted in needs.items()}
        self.cycle: list[str] = []
        self._before: dict[str, int] | None = None
        self._bits = {name: 1 << number for number, name in enumerate(self.needs)}
        self.order: tuple[str, ...] = ()
        try:
            self.order = tuple(TopologicalSorter(self.needs).static_order())
        except CycleError as found:
            # graphlib tells the path against the arrows of `needs`
            self.cycle = _from_the_first(list(reversed(found.args[1])), list(self.needs))

    def before(self, task: str) -> int:
        """Return, as bits in the order of `needs`, all that comes before a task; there must be no cycle."""
        if self._before is None:
            self._before = {}
            for name in self.order:
                bits = 0
                for need in self.needs[name]:
                    bits |= self._bits[need] | self._before[need]
                self._before[name] = bits
        return self._before[task]

    def bit(self, task: str) -> int:
        """Return the bit of a task."""
        return self._bits[task]

    def is_before(self, earlier: str, later: str) -> bool:
        """Whether `later` needs `earlier`, directly or not; with a cycle everything may be."""
        if self.cycle or earlier in self.needs.get(later, ()):
            return True
        if self.is_huge:
            return earlier in ancestors(self.needs, later)
        return bool(self.before(later) & self._bits[earlier])

    @property
    def is_huge(self) -> bool:
        """Whether a bit for each pair of tasks is more memory than the answer is worth."""
        return len(self.needs) > _HUGE


def _from_the_first(path: list[str], order: list[str]) -> list[str]:
    """A circle, told from the task that comes first in the file."""
    ring = path[:-1]
    start = ring.index(min(ring, key=order.index))
    return [*ring[start:], *ring[:start], ring[start]]
