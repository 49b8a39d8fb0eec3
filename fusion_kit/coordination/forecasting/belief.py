"""What is believed of a node that has not run: how it may end, and what expressions will see of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fusion_kit.coordination.forecasting.known import Partly, Unseen
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task

Context = Mapping[str, object]

MEMBERS = ("state", "outcome", "outputs", "branch", "commit", "text", "items")


@dataclass(frozen=True, slots=True)
class End:
    """One way in which a node may end."""

    state: TaskState
    outcome: Outcome

    def row(self, node: str) -> Task:
        """Return the node's row as it would be then."""
        return Task(run="", id=node, kind="", state=self.state, outcome=self.outcome)


DONE = End(TaskState.COMPLETED, Outcome.SUCCESS)
CACHED = End(TaskState.COMPLETED, Outcome.CACHED)
ALLOWED = End(TaskState.COMPLETED, Outcome.ALLOWED_FAILURE)
FAILED = End(TaskState.FAILED, Outcome.CONTRACT)
REJECTED = End(TaskState.FAILED, Outcome.REJECTED)
SKIPPED = End(TaskState.SKIPPED, Outcome.SKIPPED)
UPSTREAM = End(TaskState.SKIPPED, Outcome.UPSTREAM_FAILED)
CANCELLED = End(TaskState.CANCELLED, Outcome.CANCELLED)


@dataclass(frozen=True, slots=True)
class Belief:
    """`ends` are the ways it may end: one where that is certain, else `until` is the node whose end decides.

    `code` are the commits (task -> commit) that it passes on; None while nobody can know them, nor its artifacts.
    """

    node: str
    ends: tuple[End, ...]
    until: str | None = None
    facts: Context = field(default_factory=dict)
    code: Mapping[str, str] | None = None
    artifacts: tuple[Context, ...] = ()  # known where its code is

    @property
    def may_fail(self) -> bool:
        """Whether it may end as failed."""
        return any(end.state is TaskState.FAILED for end in self.ends)

    @property
    def will_fail(self) -> bool:
        """Whether it can only fail."""
        return all(end.state is TaskState.FAILED for end in self.ends)


def ended_facts(end: End, **more: object) -> dict[str, object]:
    """Return what expressions see of a node that was never attempted."""
    empty: dict[str, object] = {"outputs": {}, "branch": None, "commit": None, "text": "", "items": []}
    return {"state": end.state.value, "outcome": end.outcome.value, **empty, **more}


def running_facts(node: str, ends: Sequence[End], **more: object) -> Context:
    """Return what expressions see of a node that will be attempted; `more` is known all the same."""
    known: dict[str, object] = {}
    if len({end.state for end in ends}) == 1:
        known["state"] = ends[0].state.value
    if len(ends) == 1:
        known["outcome"] = ends[0].outcome.value
    known |= more
    return Partly(known, {name: node for name in MEMBERS if name not in known})


def unsure(node: str, ends: Iterable[End], until: str | None) -> Belief:
    """Return the belief about a node that may run or not."""
    return Belief(node, tuple(ends), until, Unseen(until or node))


def skipped(node: str, end: End, code: Mapping[str, str] | None) -> Belief:
    """Return the belief about a node that will not run."""
    return Belief(node, (end,), None, ended_facts(end), code)


def passed_on(needs: Iterable[Belief]) -> Mapping[str, str] | None:
    """Return the commits that some nodes pass on together; None where those of one are not known."""
    found: dict[str, str] = {}
    for need in needs:
        if need.code is None:
            return None
        found |= need.code
    return found
