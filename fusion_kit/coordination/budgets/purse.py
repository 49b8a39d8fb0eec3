"""What is left for those that could start: of every ceiling, of the files that are written, of the shared workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fusion_kit.coordination.budgets.reservations import inner_ceiling, reservation, run_ceiling
from fusion_kit.coordination.contexts import scope_of, text_of
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.frames import Node
from fusion_kit.core import budget, touches
from fusion_kit.core.budget import Ceiling, Shortage
from fusion_kit.core.plan import Hold, Waiting
from fusion_kit.core.workflow import Kind, WorkspaceMode

SHARED = "workspace:run"  # the lane of those that work in the run's one workspace
BUDGET, LOCK = "budget", "lock"
MOST_FLAGS = 20


class Purse:
    """Fits the plan's `Allowance`: what is left of every ceiling, and who writes where, at this moment."""

    def __init__(self, execution: Execution) -> None:
        """Look at what runs and at what was spent."""
        self._execution = execution
        self._ceilings = _ceilings(execution)
        self._writers: list[tuple[str, tuple[str, ...]]] = []
        self._sharer: str | None = None
        self.reserved: dict[str, dict[str, int]] = {}  # by the nodes that were taken
        for name, work in execution.running.items():
            self._begins(name, touched(execution, work.node))

    def _begins(self, name: str, globs: tuple[str, ...]) -> None:
        node = self._execution.nodes[name]
        if globs:
            self._writers.append((name, globs))
        if self._execution.mode(node) is WorkspaceMode.RUN:
            self._sharer = name

    def admits(self, task: Waiting) -> Hold | None:
        """Return why the task must wait, if it must."""
        if task.lane == SHARED and self._sharer is not None:
            return Hold(task.node, LOCK, f"the run's workspace is used by {self._sharer}")
        return self._locked(task) or self._too_dear(task)

    def _locked(self, task: Waiting) -> Hold | None:
        globs = self._globs(task) if self._writers else ()
        for name, others in self._writers if globs else ():
            glob = touches.common(globs, others)
            if glob is not None:
                return Hold(task.node, LOCK, f"touches {glob} like {name}")
        return None

    def _globs(self, task: Waiting) -> tuple[str, ...]:
        return task.touches if task.touches is not None else touched(self._execution, self._execution.nodes[task.node])

    def _too_dear(self, task: Waiting) -> Hold | None:
        shortage = self.shortage(task.node) if self._ceilings else None
        return Hold(task.node, BUDGET, str(shortage)) if shortage is not None else None

    def shortage(self, name: str) -> Shortage | None:
        """Return the ceiling that a start of the node would break now."""
        wanted = self._wanted(name)
        return next((found for one in self._above(name) if (found := one.shortage(wanted))), None) if wanted else None

    def _wanted(self, name: str) -> dict[str, int]:
        """Return what an attempt may use; one without a limit of its own gets all that is left, but not nothing."""
        spec = self._execution.nodes[name].spec
        wanted = reservation(spec, self._execution.bundle.agents)
        if spec.kind is Kind.AGENT:
            for unit in budget.UNITS.keys() - wanted.keys():
                lefts = [ceiling.left(unit) for ceiling in self._above(name) if unit in ceiling.limit]
                if lefts:
                    wanted[unit] = max(1, min(lefts))
        return wanted

    def _above(self, name: str) -> Iterator[Ceiling]:
        """Yield the ceilings that hold for a node, the innermost first."""
        if self._ceilings:
            for owner in _owners(self._execution, name):
                if owner in self._ceilings:
                    yield self._ceilings[owner]

    def take(self, task: Waiting) -> None:
        """Set aside what it may use, and note what it writes."""
        self._begins(task.node, self._globs(task))
        if self._execution.nodes[task.node].spec.kind is Kind.AGENT:
            wanted = self._wanted(task.node)
            self.reserved[task.node] = wanted
            for ceiling in self._above(task.node):
                ceiling.reserve(wanted)


def _ceilings(execution: Execution) -> dict[str, Ceiling]:
    """Return all ceilings there are with what was spent and is reserved below them; "" is the run's own."""
    found = {"": Ceiling(run_ceiling(execution.bundle.workflow, execution.settings.get("max_cost_usd")))}
    for frame in execution.frames:
        node = frame.parent
        if node is not None and frame.section == "tasks":
            found[node.id] = Ceiling(inner_ceiling(node.spec), node.id)
    found = {owner: ceiling for owner, ceiling in found.items() if ceiling.limit}
    if found:
        _look_up(execution, found)
    return found


def _look_up(execution: Execution, ceilings: Mapping[str, Ceiling]) -> None:
    for row in execution.book.tasks.values():
        if row.attempts and (row.spent or row.reserved):  # without an attempt it was taken from an earlier run
            spent, reserved = budget.amounts(row.spent), budget.amounts(row.reserved)
            for owner in _owners(execution, row.id):
                if owner in ceilings:
                    ceilings[owner].charge(spent)
                    ceilings[owner].reserve(reserved)


def _owners(execution: Execution, name: str) -> Iterator[str]:
    parent = execution.book.tasks[name].parent
    while parent is not None:
        yield parent
        parent = execution.book.tasks[parent].parent
    yield ""


def touched(execution: Execution, node: Node) -> tuple[str, ...]:
    """Return the globs of what a node may write, evaluated; raises what its expressions raise."""
    globs = node.spec.touches
    if not any("${{" in glob for glob in globs):
        return globs
    found = execution.house.expressions.value(list(globs), scope_of(execution, node.frame, node))
    assert isinstance(found, list)
    values = [value for one in found for value in (one if isinstance(one, list | tuple) else [one])]
    return tuple(text for value in values if (text := text_of(value)))


def outside_touches(execution: Execution, node: Node, files: Iterable[str]) -> tuple[str, ...]:
    """Return, as flags, what a task changed that its `touches` do not say: `outside its touches: docs/a.md`."""
    globs = touched(execution, node)
    found = touches.strays(globs, files) if globs else ()
    more = (f"outside its touches: {len(found) - MOST_FLAGS} more files",) if len(found) > MOST_FLAGS else ()
    return (*(f"outside its touches: {path}" for path in found[:MOST_FLAGS]), *more)
