"""The runtime shape of a run: nodes, and the frames they live in.

A frame is a graph known when it is made: a workflow's tasks, its `finally`, the items of a matrix, one turn of a
repetition, or the inside of a sub-workflow. A node that expands gets a frame of its own and ends when that has; a
matrix expands into items, an item that is repeated into turns, a turn that uses a workflow into its tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion_kit.core import ids
from fusion_kit.core.graph import Graph
from fusion_kit.core.workflow import Kind, TaskSpec, WorkflowSpec


@dataclass(eq=False, slots=True)
class Node:
    """One node: a task, an item of a matrix, a turn of a repetition, or a task inside a sub-workflow."""

    id: str
    spec: TaskSpec
    frame: Frame
    needs: tuple[str, ...] = ()
    matrix: Mapping[str, object] | None = None  # the values of an item
    key: str | None = None
    turn: int | None = None  # of a repetition, counted from 1

    @property
    def expands_matrix(self) -> bool:
        """Whether it stands for all items of a matrix."""
        return self.spec.matrix is not None and self.matrix is None

    @property
    def expands_turns(self) -> bool:
        """Whether it stands for all turns of a repetition."""
        return self.spec.repeat is not None and self.turn is None and not self.expands_matrix

    @property
    def expands(self) -> bool:
        """Whether it becomes nodes of its own instead of being attempted."""
        return self.expands_matrix or self.expands_turns or self.spec.kind is Kind.USES

    @property
    def lane(self) -> str | None:
        """The lane whose limit it shares with its siblings."""
        owner = self.frame.parent
        if self.turn is not None and owner is not None:
            return owner.lane
        return owner.id if self.matrix is not None and owner is not None else None


@dataclass(eq=False, slots=True)
class Frame:
    """A graph of nodes; `home` is the frame whose tasks its expressions see (itself, but for items and turns)."""

    workflow: WorkflowSpec
    section: str  # tasks | finally | items | turns | merge
    parent: Node | None
    inputs: Mapping[str, object]
    env: Mapping[str, str]
    prefix: str = ""
    main: Frame | None = None  # of a `finally`: the frame whose tasks came before
    nodes: dict[str, Node] = field(default_factory=dict)  # by task id, or by key for items
    graph: Graph = field(default_factory=lambda: Graph({}))
    has_failed: bool = False
    halted_by: str | None = None
    concluded: bool = False
    outer: Frame | None = None  # of items and turns: the frame of the node that expanded

    @property
    def home(self) -> Frame:
        """The frame of the workflow file it belongs to."""
        return self.outer.home if self.outer is not None else self

    def seen(self, task: str) -> Node | None:
        """Return the node that `tasks.<task>` means in an expression of this frame."""
        found = self.home.nodes.get(task)
        if found is None and self.home.main is not None:
            return self.home.main.nodes.get(task)
        return found


def tasks_frame(
    workflow: WorkflowSpec,
    inputs: Mapping[str, object],
    env: Mapping[str, str],
    parent: Node | None = None,
    main: Frame | None = None,
) -> Frame:
    """Return the frame of a workflow's tasks, or of its `finally` where `main` is given."""
    specs = workflow.finally_ if main is not None else workflow.tasks
    prefix = parent.id if parent is not None else ""
    frame = Frame(workflow, "finally" if main is not None else "tasks", parent, inputs, env, prefix, main)
    for spec in specs:
        needs = tuple(ids.inner(prefix, need) for need in spec.needs)
        frame.nodes[spec.id] = Node(ids.inner(prefix, spec.id), spec, frame, needs)
    frame.graph = Graph({node.id: node.needs for node in frame.nodes.values()})
    return frame


def items_frame(parent: Node, items: Mapping[str, Mapping[str, object]]) -> Frame:
    """Return the frame of a matrix's items (key -> values); they need nothing of each other."""
    home = parent.frame
    frame = Frame(home.workflow, "items", parent, home.inputs, home.env, home.prefix, outer=home)
    for key, values in items.items():
        node = ids.item(parent.id, key)
        frame.nodes[key] = Node(node, parent.spec, frame, (), values, key)
    frame.graph = Graph({node.id: () for node in frame.nodes.values()})
    return frame


def turn_frame(parent: Node, number: int) -> Frame:
    """Return the frame of one turn of a repetition; it goes on from where the turn before left the code."""
    home = parent.frame
    frame = Frame(home.workflow, "turns", parent, home.inputs, home.env, home.prefix, outer=home)
    needs = (ids.iteration(parent.id, number - 1),) if number > 1 else ()
    node = Node(ids.iteration(parent.id, number), parent.spec, frame, needs, parent.matrix, turn=number)
    frame.nodes[str(number)] = node
    frame.graph = Graph({node.id: ()})
    return frame
