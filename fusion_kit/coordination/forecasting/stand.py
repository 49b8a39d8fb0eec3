"""A node that runs for certain, before anybody looks at what it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fusion_kit.coordination.forecasting.belief import (
    ALLOWED,
    DONE,
    FAILED,
    REJECTED,
    Belief,
    End,
    passed_on,
    running_facts,
)
from fusion_kit.coordination.forecasting.foretold import Forecast
from fusion_kit.coordination.forecasting.known import NotKnown
from fusion_kit.coordination.forecasting.place import Place
from fusion_kit.core.scope import Scope
from fusion_kit.core.workflow import Kind, TaskSpec


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a node stands: after what, as which item, in which turn."""

    node: str
    spec: TaskSpec
    place: Place
    reason: str
    needs: tuple[Belief, ...] = ()
    matrix: Mapping[str, object] | None = None  # the values of an item
    repeat: Mapping[str, object] | None = None  # the context of a turn

    @property
    def code(self) -> Mapping[str, str] | None:
        """The commits it builds upon; None while nobody can know them."""
        return passed_on(self.needs) if self.needs else self.place.code

    def scope(self, run: Mapping[str, object]) -> Scope:
        """Return what its expressions see."""
        seen = self.place.scope(run)
        return Scope(
            inputs=seen.inputs,
            env=seen.env,
            tasks=seen.tasks,
            run=seen.run,
            matrix=self.matrix or {},
            repeat=self.repeat or {},
        )

    def blur(self) -> NotKnown:
        """Return why the code that it builds upon is not known."""
        return NotKnown(until=next((need.node for need in self.needs if need.code is None), None))


@dataclass(frozen=True, slots=True)
class Told:
    """A node, what is believed of it, and what is said of it and of what is inside of it."""

    belief: Belief
    lines: list[Forecast] = field(default_factory=list)


def refusable(spec: TaskSpec) -> bool:
    """Return whether a person is asked in it, and may say no."""
    if spec.uses is not None:
        return any(map(refusable, (*spec.uses.tasks, *spec.uses.finally_)))
    return spec.kind is Kind.APPROVAL


def ends_of(spec: TaskSpec) -> tuple[End, ...]:
    """Return how a task that runs may end, as long as nothing breaks."""
    return (DONE, REJECTED if not spec.continue_on_error else ALLOWED) if refusable(spec) else (DONE,)


def together(stand: Stand, inner: Sequence[Belief], **facts: object) -> Belief:
    """Return what is believed of a node that stands for others: it ends as the worst of them lets it."""
    sure = next((one for one in inner if one.will_fail), None)
    maybe = next((one for one in inner if one.may_fail), None)
    worst = ALLOWED if stand.spec.continue_on_error else FAILED
    ends = (worst,) if sure else (DONE, worst) if maybe else (DONE,)
    until = maybe.until or maybe.node if maybe and not sure else None
    seen = running_facts(stand.node, ends, branch=None, commit=None, text="", **facts)
    return Belief(stand.node, ends, until, seen, passed_on(inner) if inner else stand.code)


def line_of(belief: Belief, inner: Sequence[Belief], reason: str) -> Forecast:
    """Return what is said of a node that stands for others."""
    if belief.will_fail:
        broken = next((one.node for one in inner if one.will_fail), "it")
        return Forecast(belief.node, "fail", f"{broken} fails")
    if belief.may_fail:
        return Forecast(belief.node, "unknown", f"{reason}; it waits for {belief.until}", belief.until)
    return Forecast(belief.node, "run", reason)
