"""The play itself: every task of a workflow in order, with what it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fusion_kit.coordination.caching import Hit, Recipe, agent_of
from fusion_kit.coordination.forecasting import expanding
from fusion_kit.coordination.forecasting.belief import (
    CACHED,
    CANCELLED,
    DONE,
    FAILED,
    Belief,
    End,
    ended_facts,
    passed_on,
    running_facts,
    skipped,
    unsure,
)
from fusion_kit.coordination.forecasting.crew import attempt_line
from fusion_kit.coordination.forecasting.deciding import Decision, decide
from fusion_kit.coordination.forecasting.foretold import Forecast
from fusion_kit.coordination.forecasting.known import NotKnown
from fusion_kit.coordination.forecasting.place import Place
from fusion_kit.coordination.forecasting.stand import Stand, Told, ends_of, refusable
from fusion_kit.coordination.forecasting.taken import Taken
from fusion_kit.coordination.forecasting.world import World
from fusion_kit.coordination.requests import Bundle, RunRequest
from fusion_kit.core import ids
from fusion_kit.core.errors import FusionError
from fusion_kit.core.graph import Graph, ancestors
from fusion_kit.core.join import asks_status
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task
from fusion_kit.core.workflow import Kind, TaskSpec, WorkspaceMode


class Play:
    """A run in thought, in which everything that runs succeeds."""

    def __init__(self, request: RunRequest, bundle: Bundle, world: World) -> None:
        """Play `bundle`, the part of the request's that was asked for."""
        self.world = world
        self.bundle = bundle
        self.keep_going = request.keep_going
        self.given = request.env
        self.taken = Taken(world.taken)
        self.run: dict[str, object] = {"workflow": bundle.workflow.name}
        if world.base is not None:
            self.run["base"] = world.base
        if bundle.workflow.merge.into is None:
            self.run["target"] = None

    def play(self, place: Place) -> list[Forecast]:
        """Return what becomes of every task of a place and of what is inside of them, in the order of the graph."""
        specs = {spec.id: spec for spec in place.specs}
        needs = {name: spec.needs for name, spec in specs.items()}
        told = {}
        for name in Graph(needs).order():
            found = self._task(specs[name], place)
            place.believe(name, found.belief)
            told[name] = found.lines
        if place.main is None and not self.keep_going and place.worst is not None and place.worst.will_fail:
            told |= self._held_back(place, place.worst, needs)
        return [line for lines in told.values() for line in lines]

    def _held_back(
        self, place: Place, failing: Belief, needs: Mapping[str, tuple[str, ...]]
    ) -> dict[str, list[Forecast]]:
        """Nothing new is started after a failure: what is under way by then, only a run tells."""
        broken = next(name for name, belief in place.beliefs.items() if belief is failing)
        sure = ancestors(needs, broken) | {broken}
        found = {}
        for spec in place.specs:
            belief = place.beliefs[spec.id]
            if spec.id in sure or asks_status(spec.condition) or DONE not in belief.ends:
                continue
            said = ("unknown", f"it is not started any more once {failing.node} has failed", failing.node)
            found[spec.id] = [self.line(belief.node, spec, said)]
            place.believe(spec.id, unsure(belief.node, (*belief.ends, CANCELLED), failing.node))
        return found

    def _task(self, spec: TaskSpec, place: Place) -> Told:
        node = ids.inner(place.prefix, spec.id)
        needs = tuple(place.beliefs[need] for need in spec.needs)
        if node in self.taken.rows:
            return self.taken.told(node, passed_on(needs))
        condition = _condition(spec, place)
        decision = decide(needs, condition, lambda rows: self._holds(condition, place, rows))
        if decision.runs:
            is_last = place.main is not None and not needs and condition is None
            reason = "once everything else has ended" if is_last else decision.reason
            return self.become(Stand(node, spec, place, reason, needs))
        return self._not_run(node, spec, needs, decision)

    def _not_run(self, node: str, spec: TaskSpec, needs: tuple[Belief, ...], decision: Decision) -> Told:
        if len(decision.ends) > 1:
            ends = dict.fromkeys((*decision.ends, *(ends_of(spec) if DONE in decision.ends else ())))
            line = self.line(node, spec, ("unknown", decision.reason, decision.until))
            return Told(unsure(node, ends, decision.until), [line])
        if decision.ends == (FAILED,):
            return self.broken(node, spec, decision.reason)
        belief = skipped(node, decision.ends[0], passed_on(needs))
        return Told(belief, [self.line(node, spec, ("skip", decision.reason, None))])

    def _holds(self, condition: str | None, place: Place, needs: Sequence[Task]) -> bool:
        failed = any(row.state is TaskState.FAILED or row.outcome is Outcome.UPSTREAM_FAILED for row in needs)
        cancelled = any(row.state is TaskState.CANCELLED for row in needs)
        seen = replace(place.scope(self.run), cancelled=cancelled, root=self.world.root)
        worst = place.main.worst if place.main is not None else None
        ways = {failed} if worst is None else {True} if worst.will_fail else {failed, True}
        found = {self.world.expressions.holds(condition or "true", replace(seen, failed=way)) for way in ways}
        if len(found) > 1:
            raise NotKnown(until=worst.until if worst else None)
        return found.pop()

    def become(self, stand: Stand) -> Told:
        """Return what becomes of a node that runs."""
        if stand.spec.matrix is not None and stand.matrix is None:
            return expanding.items(self, stand)
        if stand.spec.repeat is not None and stand.repeat is None:
            return expanding.turns(self, stand)
        if stand.spec.uses is not None:
            return expanding.inside(self, stand)
        return self._asked(stand) if stand.spec.kind is Kind.APPROVAL else self._attempted(stand)

    def _asked(self, stand: Stand) -> Told:
        ends = ends_of(stand.spec)
        belief = Belief(stand.node, ends, stand.node, running_facts(stand.node, ends), stand.code)
        line = Forecast(stand.node, "pause", f"{stand.reason}; it waits for `approve` or `reject`")
        return Told(belief, [line])

    def _attempted(self, stand: Stand) -> Told:
        """A task is attempted, unless it is remembered that it was done before with the same."""
        said: tuple[str, str, str | None] = ("run", stand.reason, None)
        ends: tuple[End, ...] = (DONE,)
        hit: Hit | None = None
        if stand.spec.cache is not None:
            try:
                hit = self.world.remembered(self._recipe(stand))
            except NotKnown as gap:
                reason = "it is taken from the cache if nothing that it depends on has changed"
                said, ends = ("unknown", reason, gap.until), (DONE, CACHED)
            except FusionError:
                hit = None  # what cannot be evaluated is found by the attempt
            if hit is not None:
                return self._remembered(stand, hit)
        belief = Belief(stand.node, ends, None, running_facts(stand.node, ends))
        return Told(belief, [self.line(stand.node, stand.spec, said)])

    def _remembered(self, stand: Stand, hit: Hit) -> Told:
        facts = ended_facts(CACHED, outputs=hit.row.outputs, commit=hit.commit)
        code = {stand.node: hit.commit} if hit.commit is not None else stand.code
        line = self.line(stand.node, stand.spec, ("cached", f"nothing has changed since {hit.row.run}", None))
        return Told(Belief(stand.node, (CACHED,), None, facts, code, hit.row.artifacts), [line])

    def _recipe(self, stand: Stand) -> Recipe:
        code, agent = stand.code, agent_of(stand.spec, self.bundle.agents)
        bases = set(code.values()) if code is not None else set()
        if code is None or len(bases) > 1:
            raise stand.blur()
        no_git = stand.spec.workspace is WorkspaceMode.NONE or (agent is not None and agent.isolation == "none")
        return Recipe(
            spec=stand.spec,
            agent=agent,
            scope=replace(stand.scope(self.run), root=self.world.root),
            env=stand.place.env,
            base=None if no_git or self.world.base is None else next(iter(bases), self.world.base),
            given=self.given,
            fed={need.node: need.artifacts for need in stand.needs if need.artifacts},
        )

    def broken(self, node: str, spec: TaskSpec, reason: str) -> Told:
        """Return what is told of a node that cannot even be attempted."""
        belief = Belief(node, (FAILED,), None, ended_facts(FAILED), {})
        return Told(belief, [self.line(node, spec, ("fail", reason, None))])

    def line(self, node: str, spec: TaskSpec, said: tuple[str, str, str | None], most: int | None = 1) -> Forecast:
        """Return what is said (verdict, reason, until) of a node; `most` bounds how many tasks it stands for."""
        stands_for_others = spec.uses is not None or (spec.matrix is not None and "@" not in node)
        if stands_for_others or refusable(spec):
            return Forecast(node, *said)
        return attempt_line(node, spec, said, self.bundle.agents, self.world.missing, most)

    def value(self, template: object, stand: Stand) -> object:
        """Return an expression's value; raises `NotKnown`, or what is wrong with it."""
        return self.world.expressions.value(template, replace(stand.scope(self.run), root=self.world.root))


def _condition(spec: TaskSpec, place: Place) -> str | None:
    """A `finally` runs whatever happened before it."""
    if place.main is not None and spec.condition is not None and not asks_status(spec.condition):
        return f"always() && ({spec.condition})"
    return spec.condition
