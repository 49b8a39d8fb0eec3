"""What a run may use: refused before a start where it cannot be kept, and given way to where it is used up."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fusion_kit.coordination.arrivals import fail
from fusion_kit.coordination.budgets.purse import BUDGET, Purse, touched
from fusion_kit.coordination.budgets.reservations import inner_ceiling, reservation, run_ceiling
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.frames import Node
from fusion_kit.coordination.requests import Bundle, RunRequest
from fusion_kit.core import budget, ids
from fusion_kit.core import events as e
from fusion_kit.core.budget import Amounts, Shortage
from fusion_kit.core.errors import FusionError, UsageError
from fusion_kit.core.plan import Hold
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.workflow import AgentSpec, Kind, WorkflowSpec


class Uncapped(UsageError):
    """{whose} may use {limit} {unit} in all, which cannot be kept while these have no ceiling of their own: {tasks}."""

    hint = "Give each of them, or its agent, `limits: {{{key}: ...}}`: that much is set aside before it starts."


class NeverAffordable(UsageError):
    """Task {task!r} may use {wanted} {unit}, which is more than the {limit} that {whose} may use in all."""

    hint = "Lower its own `limits.{key}` or its agent's, or raise the ceiling{raising}."


class OverBudget(FusionError):
    """It {shortage}."""

    hint = "That ceiling is part of the workflow: raise it there, and begin another run."


@dataclass(frozen=True, slots=True)
class _Claimant:
    """An agent's task somewhere in a workflow, and what an attempt of it may use."""

    node: str
    agent: str
    wants: Amounts


def check_limits(bundle: Bundle, request: RunRequest) -> None:
    """Raise `Uncapped` or `NeverAffordable` where a ceiling could not be kept, before anything is started."""
    _check(bundle.workflow, run_ceiling(bundle.workflow, request.max_cost_usd), bundle.agents, "")


def _check(workflow: WorkflowSpec, limit: Amounts, agents: Mapping[str, AgentSpec], prefix: str) -> None:
    claimants = list(_claimants(workflow, agents, prefix))
    for unit, most in limit.items():
        _hold_against(unit, most, claimants, prefix)
    for spec in (*workflow.tasks, *workflow.finally_):
        if spec.uses is not None:
            _check(spec.uses, inner_ceiling(spec), agents, ids.inner(prefix, spec.id))


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
