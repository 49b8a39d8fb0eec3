"""Who would do a task, from which file, at which cost at most, and what is missing for it."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.coordination.caching import agent_of
from fusion_kit.coordination.forecasting.foretold import Forecast
from fusion_kit.coordination.forecasting.world import Missing
from fusion_kit.core.workflow import AgentSpec, Kind, TaskSpec

_BEGINS = frozenset({"run", "unknown"})


def attempt_line(
    node: str,
    spec: TaskSpec,
    said: tuple[str, str, str | None],
    agents: Mapping[str, AgentSpec],
    missing: Missing,
    most: int | None = 1,
) -> Forecast:
    """Return what is said (verdict, reason, until) of a task that is attempted, at most `most` times over."""
    verdict, reason, until = said
    agent = agent_of(spec, agents)
    shell = "shell" if spec.kind is Kind.RUN else None
    begins = verdict in _BEGINS
    return Forecast(
        node,
        verdict,
        reason,
        until,
        agent=agent.name if agent is not None else shell,
        model=agent.model if agent is not None else None,
        provider=agent.provider if agent is not None else shell,
        origin=agent.source if agent is not None else None,
        missing=missing(spec, agent) if begins else (),
        cost_bound=_bound(spec, agent, most) if begins else None,
    )


def _bound(spec: TaskSpec, agent: AgentSpec | None, most: int | None) -> float | None:
    """Return the cap of a task, else of its agent, for all its attempts."""
    caps = (spec.limits.cost_usd, agent.limits.cost_usd if agent is not None else None)
    cap = next((cap for cap in caps if cap is not None), None)
    return cap * (1 + spec.retry.max) * most if cap is not None and most is not None else None
