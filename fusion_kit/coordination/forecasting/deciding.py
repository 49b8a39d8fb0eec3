"""The table of skips and joins for needs that may end in more than one way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fusion_kit.coordination.forecasting.belief import DONE, FAILED, SKIPPED, UPSTREAM, Belief, End
from fusion_kit.coordination.forecasting.known import NotKnown
from fusion_kit.core.errors import FusionError
from fusion_kit.core.join import Verdict, asks_status, join
from fusion_kit.core.states import Outcome
from fusion_kit.core.task import Task

Holds = Callable[[Sequence[Task]], bool]  # the needs as they ended -> whether the `if:` holds

_END_OF = {None: DONE, Outcome.SKIPPED: SKIPPED, Outcome.UPSTREAM_FAILED: UPSTREAM}


@dataclass(frozen=True, slots=True)
class Decision:
    """`ends` has one member where it is certain: DONE means that the node runs."""

    ends: tuple[End, ...]
    reason: str
    until: str | None = None

    @property
    def runs(self) -> bool:
        """Whether it runs for certain."""
        return self.ends == (DONE,)


@dataclass(slots=True)
class _Found:
    ends: dict[End, str] = field(default_factory=dict)  # -> the reason
    gap: NotKnown | None = None  # what the `if:` asks for and is not known


def decide(needs: Sequence[Belief], condition: str | None, holds: Holds) -> Decision:
    """Return what becomes of a node, by every combination of its needs' ends that makes a difference."""
    found = _Found()
    for rows in scenarios(needs):
        _look(found, rows, condition, holds)
    if len(found.ends) == 1 and found.gap is None:
        end, reason = next(iter(found.ends.items()))
        return Decision((end,), _why_run(needs, condition) if end == DONE else _softened(end, condition, reason))
    until = found.gap.until if found.gap else next((need.until for need in needs if need.until), None)
    return Decision(tuple(found.ends), _why_unknown(needs, condition, found), until)


def _look(found: _Found, rows: Sequence[Task], condition: str | None, holds: Holds) -> None:
    try:
        verdict: Verdict = join(rows, condition, lambda: holds(rows))
    except NotKnown as gap:
        found.gap = found.gap or gap
        found.ends |= {end: found.ends.get(end, "") for end in (DONE, SKIPPED)}
    except FusionError as broken:
        found.ends.setdefault(FAILED, str(broken))
    else:
        found.ends.setdefault(_END_OF[verdict.outcome], verdict.reason)


def scenarios(needs: Iterable[Belief]) -> list[tuple[Task, ...]]:
    """Return rows for every set of ways in which needs may end; which need ended how makes no difference."""
    found: dict[frozenset[End], tuple[Task, ...]] = {frozenset(): ()}
    for need in needs:
        found = {
            kinds | {end}: (*rows, end.row(need.node)) for kinds, rows in reversed(found.items()) for end in need.ends
        }
    return list(found.values())


def _why_run(needs: Sequence[Belief], condition: str | None) -> str:
    if condition is not None:
        return f"its `if: {condition}` is true"
    return f"after {', '.join(need.node for need in needs)}" if needs else "it needs nothing"


def _softened(end: End, condition: str | None, reason: str) -> str:
    """A task for the case of failure is skipped because nothing is expected to fail."""
    is_for_failures = end == SKIPPED and condition is not None and asks_status(condition)
    return f"unless something before it fails: `if: {condition}`" if is_for_failures else reason


def _why_unknown(needs: Sequence[Belief], condition: str | None, found: _Found) -> str:
    if found.gap is not None:
        return f"its `if: {condition}` is decided then"
    open_ones = [need.node for need in needs if len(need.ends) > 1]
    return f"it depends on what becomes of {', '.join(open_ones)}"
