"""What a run would do, told without doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fusion_kit.coordination.ports import Expressions
from fusion_kit.coordination.requests import RunRequest
from fusion_kit.coordination.selection import selected
from fusion_kit.core import ids, matrix
from fusion_kit.core.errors import FusionError
from fusion_kit.core.graph import Graph
from fusion_kit.core.join import asks_status
from fusion_kit.core.scope import Scope
from fusion_kit.core.workflow import AgentSpec, Kind, TaskSpec, WorkflowSpec


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of one node: `verdict` is run, skip, or unknown until the task `until` has ended."""

    node: str
    verdict: str
    reason: str
    until: str | None = None
    agent: str | None = None
    model: str | None = None
    provider: str | None = None
    origin: str | None = None  # the file that chose the agent
    missing: tuple[str, ...] = ()
    cost_bound: float | None = None


Missing = Callable[[TaskSpec, AgentSpec | None], tuple[str, ...]]  # programs and secrets


def forecast(request: RunRequest, expressions: Expressions, missing: Missing) -> list[Forecast]:
    """Return what would become of every node, as far as it can be known now, in the order in which they would run."""
    bundle = selected(request.bundle, request.until or request.only)
    teller = _Teller(request, expressions, missing)
    return list(teller.workflow(bundle.workflow, request.inputs, ""))


class _Teller:
    def __init__(self, request: RunRequest, expressions: Expressions, missing: Missing) -> None:
        self._request = request
        self._expressions = expressions
        self._missing = missing

    def workflow(self, workflow: WorkflowSpec, inputs: Mapping[str, object], prefix: str) -> Iterator[Forecast]:
        scope = Scope(inputs=inputs, env=workflow.env, secrets=self._request.secrets)
        specs = {spec.id: spec for spec in workflow.tasks}
        told: dict[str, str] = {}
        for name in Graph({spec.id: spec.needs for spec in workflow.tasks}).order():
            for one in self._task(specs[name], scope, prefix, told):
                told.setdefault(name, one.verdict)
                yield one
        for spec in workflow.finally_:
            yield from self._task(spec, scope, prefix, {})

    def _task(self, spec: TaskSpec, scope: Scope, prefix: str, told: Mapping[str, str]) -> Iterator[Forecast]:
        node = ids.inner(prefix, spec.id)
        verdict, reason, until = self._verdict(spec, scope, told)
        if verdict == "run" and spec.matrix is not None:
            yield from self._items(spec, node, scope)
        elif verdict == "run" and spec.uses is not None:
            yield from self._inside(spec, node, scope)
        else:
            yield self._told(spec, node, verdict, reason, until)

    def _verdict(self, spec: TaskSpec, scope: Scope, told: Mapping[str, str]) -> tuple[str, str, str | None]:
        unknown = next((need for need in spec.needs if told.get(need) == "unknown"), None)
        if spec.needs and all(told.get(need) == "skip" for need in spec.needs) and not asks_status(spec.condition):
            return "skip", "everything it needs is skipped", None
        if spec.condition is None:
            if unknown is not None and len(spec.needs) == 1:
                return "unknown", f"it runs if {unknown} does", unknown
            return "run", f"after {', '.join(spec.needs)}" if spec.needs else "it needs nothing", None
        if asks_status(spec.condition) or "tasks." in spec.condition:
            until = spec.needs[-1] if spec.needs else None
            return "unknown", f"its `if: {spec.condition}` is decided then", until
        try:
            holds = self._expressions.holds(spec.condition, scope)
        except FusionError as broken:
            return "unknown", str(broken), None
        return ("run" if holds else "skip"), f"its `if: {spec.condition}` is {'true' if holds else 'false'}", None

    def _items(self, spec: TaskSpec, node: str, scope: Scope) -> Iterator[Forecast]:
        assert spec.matrix is not None
        try:
            axes = {name: self._expressions.value(axis, scope) for name, axis in spec.matrix.axes.items()}
            found = matrix.items(spec.matrix, axes)
        except FusionError:
            until = spec.needs[-1] if spec.needs else None
            yield self._told(spec, node, "unknown", "its items are a list known only then", until)
            return
        for item in found:
            yield self._told(spec, ids.item(node, item.key), "run", f"item {item.key} of {node}", None)

    def _inside(self, spec: TaskSpec, node: str, scope: Scope) -> Iterator[Forecast]:
        assert spec.uses is not None
        try:
            given = {name: self._expressions.value(value, scope) for name, value in spec.with_.items()}
        except FusionError:
            given = {}
        defaults = {name: schema.get("default") for name, schema in spec.uses.inputs.items()}
        yield from self.workflow(spec.uses, {**defaults, **given}, node)

    def _told(self, spec: TaskSpec, node: str, verdict: str, reason: str, until: str | None) -> Forecast:
        agent = self._agent(spec)
        return Forecast(
            node,
            verdict,
            reason,
            until,
            agent=agent.name if agent is not None else ("shell" if spec.kind is Kind.RUN else None),
            model=agent.model if agent is not None else None,
            provider=agent.provider if agent is not None else ("shell" if spec.kind is Kind.RUN else None),
            origin=agent.source if agent is not None else None,
            missing=self._missing(spec, agent),
            cost_bound=spec.limits.cost_usd or (agent.limits.cost_usd if agent is not None else None),
        )

    def _agent(self, spec: TaskSpec) -> AgentSpec | None:
        """Return who would do it: the agent named, or the least gifted one that has what it asks for."""
        if spec.kind is not Kind.AGENT:
            return None
        agents = self._request.bundle.agents
        if spec.agent is not None:
            return agents.get(spec.agent)
        able = [agent for agent in agents.values() if spec.capabilities <= agent.capabilities]
        return min(able, key=lambda agent: (len(agent.capabilities), agent.name), default=None)
