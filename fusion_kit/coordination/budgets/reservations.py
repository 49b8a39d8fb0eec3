"""What a task may use, and what all tasks of a run or of a sub-workflow may use together, as their files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fusion_kit.core import budget
from fusion_kit.core.work import Usage
from fusion_kit.core.workflow import AgentSpec, Kind, Limits, TaskSpec, WorkflowSpec


def reservation(spec: TaskSpec, agents: Mapping[str, AgentSpec]) -> dict[str, int]:
    """Return what an attempt of a task may use: its own limits, else its agent's; only agents use anything.

    Where several agents could get it, the most that one of them may use; what has no limit is left out.
    """
    if spec.kind is not Kind.AGENT:
        return {}
    able = [agent for agent in agents.values() if _can(agent, spec)]
    found: dict[str, int] = dict(ceiling_of(spec.limits))
    for unit in budget.UNITS.keys() - found.keys():
        theirs = [ceiling_of(agent.limits).get(unit) for agent in able]
        known = [limit for limit in theirs if limit is not None]
        if known and len(known) == len(theirs):
            found[unit] = max(known)
    return found


def _can(agent: AgentSpec, spec: TaskSpec) -> bool:
    return spec.agent == agent.name if spec.agent is not None else spec.capabilities <= agent.capabilities


def ceiling_of(limits: Limits) -> dict[str, int]:
    """Return limits as amounts; what has none is left out."""
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


def run_ceiling(workflow: WorkflowSpec, max_cost_usd: object) -> dict[str, int]:
    """Return what a run may use: what its workflow says, but for the cost that a person chose."""
    found = ceiling_of(workflow.limits)
    if isinstance(max_cost_usd, int | float):
        found |= budget.amounts({"cost_usd": float(max_cost_usd)})
    return found


def inner_ceiling(spec: TaskSpec) -> dict[str, int]:
    """Return what a sub-workflow may use: what its file says and what the task that uses it says, the lower of both."""
    if spec.uses is None:
        return {}
    found = ceiling_of(spec.uses.limits)
    for unit, most in ceiling_of(spec.limits).items():
        found[unit] = min(most, found.get(unit, most))
    return found


def over(agent: AgentSpec, usage: Usage | None) -> tuple[str, ...]:
    """Return what an attempt used beyond its own limits, as flags: `over its limit: 0.31 of 0.25 USD`."""
    found = budget.used(usage) if usage is not None else {}
    return tuple(
        f"over its limit: {budget.told(unit, found[unit])} of {budget.told(unit, most)} {budget.name_of(unit)}"
        for unit, most in ceiling_of(agent.limits).items()
        if found.get(unit, 0) > most
    )
