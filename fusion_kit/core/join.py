"""What becomes of a task once everything it needs has ended: the table of skips and joins."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task

_TEXT = re.compile(r"'(?:[^']|'')*'")
_STATUS = re.compile(r"\b(success|failure|always|cancelled)\s*\(")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` is None for a task that runs; else why it does not."""

    outcome: Outcome | None
    reason: str = ""


RUNS = Verdict(None)


def asks_status(condition: str | None) -> bool:
    """Return whether an `if:` calls a status function, and so decides for itself what failures before it mean."""
    return condition is not None and bool(_STATUS.search(_TEXT.sub("''", condition)))


def is_blocking(need: Task) -> bool:
    """Return whether a need's end keeps tasks without a status function from running."""
    return need.state in {TaskState.FAILED, TaskState.CANCELLED} or need.outcome is Outcome.UPSTREAM_FAILED


def join(needs: Sequence[Task], condition: str | None, holds: Callable[[], bool]) -> Verdict:
    """Decide from ended `needs` and an `if:`; `holds` evaluates it and is asked only when that matters."""
    if asks_status(condition):
        return RUNS if holds() else Verdict(Outcome.SKIPPED, f"its `if: {condition}` is false")
    blocking = next((need for need in needs if is_blocking(need)), None)
    if blocking is not None:
        return Verdict(Outcome.UPSTREAM_FAILED, f"{blocking.id} ended as {blocking.outcome or blocking.state}")
    if needs and all(need.state is TaskState.SKIPPED for need in needs):
        return Verdict(Outcome.SKIPPED, "everything it needs was skipped")
    if condition is not None and not holds():
        return Verdict(Outcome.SKIPPED, f"its `if: {condition}` is false")
    return RUNS
