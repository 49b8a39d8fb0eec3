"""When to try again, if at all."""

from __future__ import annotations

from fusion_kit.core.states import Outcome
from fusion_kit.core.workflow import Retry, RetryOn

_CLASS = {
    Outcome.TIMEOUT: RetryOn.TIMEOUT,
    Outcome.STALLED: RetryOn.TIMEOUT,
    Outcome.QUOTA: RetryOn.RATE_LIMIT,
}
_NEVER = frozenset({Outcome.AUTH, Outcome.BUDGET, Outcome.CONFLICT, Outcome.CANCELLED})
MOST_LOST = 3  # attempts that may vanish before a task is given up


def delay_s(retry: Retry, outcome: Outcome, counted: int) -> float | None:
    """Return the seconds to wait before another attempt, or None for no other.

    `counted` is how many attempts have used up a retry before this one.
    """
    if outcome in _NEVER or counted >= retry.max or _CLASS.get(outcome, RetryOn.FAILED) not in retry.when:
        return None
    return float(retry.delay_s * retry.backoff**counted)


def may_replace_lost(attempts: int, counted: int) -> bool:
    """Return whether an attempt that vanished may be begun anew without using up a retry."""
    return attempts - counted <= MOST_LOST
