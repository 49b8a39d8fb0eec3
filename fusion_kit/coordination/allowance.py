"""What tasks share and may run out of: the money of a run, files they write, the run's one workspace."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fusion_kit.coordination.arrivals import fail
from fusion_kit.coordination.contexts import scope_of, text_of
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.frames import Node
from fusion_kit.coordination.requests import Bundle, RunRequest
from fusion_kit.core import budget, ids, touches
from fusion_kit.core import events as e
from fusion_kit.core.budget import Amounts, Ceiling, Shortage
from fusion_kit.core.errors import FusionError, UsageError
from fusion_kit.core.plan import Hold, Waiting
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.work import Usage
from fusion_kit.core.workflow import AgentSpec, Kind, Limits, TaskSpec, WorkflowSpec, WorkspaceMode

SHARED = "workspace:run"  # the lane of those that work in the run's one workspace
BUDGET, LOCK = "budget", "lock"


class Uncapped(UsageError):
    """{whose} may use {limit} {unit} in all, which cannot be kept while these have no ceiling of their own: {tasks}."""

    hint = "Give each of them, or its agent, `limits: {{{key}: ...}}`: that much is set aside before it starts."


class NeverAffordable(UsageError):
    """Task {task!r} may use {wanted} {unit}, which is more than the {limit} that {whose} may use in all."""

    hint = "Lower its own `limits.{key}` or its agent's, or raise the ceiling{raising}."


class OverBudget(FusionError):
    """It {shortage}."""

    hint = "That ceiling is part of the workflow: raise it there, and begin another run."


def reservation(spec: TaskSpec, agents: Mapping[str, AgentSpec]) -> dict[str, int]:
    """Return what an attempt of a task may use: its own limits, else its agent's; only agents use anything.

    Where several agents could get it, the most that one of them may use; what has no limit is left out.
    """
    if spec.kind is not Kind.AGENT:
        return {}
    able = [agent for agent in agents.values() if _can(agent, spec)]
    found: dict[str, int] = dict(_ceiling(spec.limits))
    for unit in budget.UNITS.keys() - found.keys():
        theirs = [_ceiling(agent.limits).get(unit) for agent in able]
        known = [limit for limit in theirs if limit is not None]
        if known and len(known) == len(theirs):
            found[unit] = max(known)
    return found


def _can(agent: AgentSpec, spec: TaskSpec) -> bool:
    return spec.agent == agent.name if spec.agent is not None else spec.capabilities <= agent.capabilities


def _ceiling(limits: Limits) -> dict[str, int]:
    return budget.amounts({"cost_usd": limits.cost_usd, "tokens": limits.tokens})


def capped(spec: TaskSpec, agent: AgentSpec) -> AgentSpec:
    """Return the agent as the task limits it: what the task says wins."""
    own = spec.limits
    limits = replace(
        agent.limits,
        cost_usd=agent.limits.cost_usd if own.cost_usd is None else own.cost_usd,
        tokens=agent.limits.tokens if own.tokens is None else own.tokens,
        turns=agent.limits.turns if own.turns is None else own.turns,
    )
    return agent if limits == agent.limits else replace(agent, limits=limits)


@dataclass(frozen=True, slots=True)
class _Claimant:
    """An agent's task somewhere in a workflow, and what an attempt of it may use."""

    node: str
    agent: str
    wants: Amounts


def check_limits(bundle: Bundle, request: RunRequest) -> None:
    """Raise `Uncapped` or `NeverAffordable` where a ceiling could not be kept, before anything is started."""
    _check(bundle.workflow, _run_ceiling(bundle.workflow, request.max_cost_usd), bundle.agents, "")


def _run_ceiling(workflow: WorkflowSpec, max_cost_usd: object) -> dict[str, int]:
    found = _ceiling(workflow.limits)
    if isinstance(max_cost_usd, int | float):
        found |= budget.amounts({"cost_usd": float(max_cost_usd)})
    return found


def _check(workflow: WorkflowSpec, limit: Amounts, agents: Mapping[str, AgentSpec], prefix: str) -> None:
    claimants = list(_claimants(workflow, agents, prefix))
    for unit, most in limit.items():
        _hold_against(unit, most, claimants, prefix)
    for spec in (*workflow.tasks, *workflow.finally_):
        if spec.uses is not None:
            _check(spec.uses, _inner_ceiling(spec), agents, ids.inner(prefix, spec.id))


def _inner_ceiling(spec: TaskSpec) -> dict[str, int]:
    """Return what a sub-workflow may use: what its file says and what the task that uses it says, the lower of both."""
    if spec.uses is None:
        return {}
    found = _ceiling(spec.uses.limits)
    for unit, most in _ceiling(spec.limits).items():
        found[unit] = min(most, found.get(unit, most))
    return found


def _claimants(workflow: WorkflowSpec, agents: Mapping[str, AgentSpec], prefix: str) -> Iterator[_Claimant]:
    for spec in (*workflow.tasks, *workflow.finally_):
        node = ids.inner(prefix, spec.id)
        if spec.uses is not None:
            yield from _claimants(spec.uses, agents, node)
        elif spec.kind is Kind.AGENT:
            yield _Claimant(node, spec.agent or ", ".join(sorted(spec.capabilities)), reservation(spec, agents))


def _hold_against(unit: str, most: int, claimants: Iterable[_Claimant], prefix: str) -> None:
    whose = f"task {prefix}" if prefix else "the run"
    facts: dict[str, object] = {"unit": budget.name_of(unit), "limit": budget.told(unit, most), "key": unit}
    found = list(claimants)
    uncapped = [f"{one.node} (agent {one.agent})" for one in found if unit not in one.wants]
    if uncapped:
        raise Uncapped(whose=whose[0].upper() + whose[1:], tasks=", ".join(uncapped), **facts)
    for one in found:
        if one.wants[unit] > most:
            raising = "" if prefix or unit != "cost_usd" else " with --max-cost"
            wanted = budget.told(unit, one.wants[unit])
            raise NeverAffordable(task=one.node, wanted=wanted, whose=whose, raising=raising, **facts)


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
    found = {"": Ceiling(_run_ceiling(execution.bundle.workflow, execution.settings.get("max_cost_usd")))}
    for frame in execution.frames:
        node = frame.parent
        if node is not None and frame.section == "tasks":
            found[node.id] = Ceiling(_inner_ceiling(node.spec), node.id)
    found = {owner: ceiling for owner, ceiling in found.items() if ceiling.limit}
    if found:
        _look_up(execution, found)
    return found


def _look_up(execution: Execution, ceilings: Mapping[str, Ceiling]) -> None:
    for row in execution.book.tasks.values():
        if row.spent or row.reserved:
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


def queue_up(execution: Execution, node: Node) -> None:
    """Put a node whose base is known in the queue, by urgency and age; raises what its `touches` raise."""
    waiting = execution.waiting(node)
    if node.spec.touches:
        waiting = replace(waiting, touches=touched(execution, node))
    bisect.insort(execution.queue, waiting, key=lambda one: one.rank)


def note_holds(execution: Execution, holds: Iterable[Hold]) -> None:
    """Record why tasks wait that could start otherwise, each reason once."""
    for hold in holds:
        why = {"reason": hold.reason, "message": hold.message}
        if execution.book.tasks[hold.node].waits != why:
            execution.book.note(e.TaskHeld(hold.reason, hold.message), task=hold.node)


def give_way(execution: Execution) -> bool:
    """Where nothing runs or rests whose end could free money, pause what lacks it; return whether anything was.

    What lacks it below a ceiling that nobody can raise while the run lives fails.
    """
    if execution.running or execution.resting:
        return False
    purse = Purse(execution)
    short = {waiting.node: found for waiting in execution.queue if (found := purse.shortage(waiting.node))}
    execution.queue = [waiting for waiting in execution.queue if waiting.node not in short]
    for name, shortage in short.items():
        if execution.book.tasks[name].state is TaskState.QUEUED:  # not dropped after one before it failed here
            _pause(execution, execution.nodes[name], shortage)
    return bool(short)


def _pause(execution: Execution, node: Node, shortage: Shortage) -> None:
    if shortage.owner or shortage.unit != "cost_usd":
        fail(execution, node, Outcome.BUDGET, OverBudget(shortage=shortage))
        return
    needed = budget.told(shortage.unit, shortage.spent + shortage.wanted)
    way_out = f"fusion-kit resume {execution.book.run.id} --max-cost {needed}"
    execution.book.note(e.TaskPaused(BUDGET, f"{shortage}; {way_out}"), task=node.id)


def try_again(execution: Execution) -> bool:
    """Queue again what was paused for want of money; return whether anything was. Those still short pause anew."""
    paused = [row.id for row in execution.book.tasks.values() if row.state is TaskState.PAUSED and _is_short(row.waits)]
    known = [execution.nodes[name] for name in paused if name in execution.nodes]
    for node in known:
        execution.book.note(e.TaskQueued(), task=node.id)
        if node.id in execution.bases:
            queue_up(execution, node)
        else:
            execution.unsettled.append(node)
    return bool(known)


def _is_short(waits: Mapping[str, object] | None) -> bool:
    return waits is not None and waits.get("reason") == BUDGET


def over(agent: AgentSpec, usage: Usage | None) -> tuple[str, ...]:
    """Return what an attempt used beyond its own limits, as flags: `over its limit: 0.31 of 0.25 USD`."""
    found = budget.used(usage) if usage is not None else {}
    return tuple(
        f"over its limit: {budget.told(unit, found[unit])} of {budget.told(unit, most)} {budget.name_of(unit)}"
        for unit, most in _ceiling(agent.limits).items()
        if found.get(unit, 0) > most
    )
