"""When to try again."""

from __future__ import annotations

from fusion_kit.core.retry import delay_s, may_replace_lost
from fusion_kit.core.states import Outcome
from fusion_kit.core.workflow import Retry, RetryOn


def test_each_delay_is_the_one_before_times_the_backoff() -> None:
    retry = Retry(max=3, delay_s=5, backoff=2)

    assert [delay_s(retry, Outcome.EXIT_CODE, counted) for counted in range(4)] == [5, 10, 20, None]


def test_only_the_named_kinds_of_failure_are_tried_again() -> None:
    retry = Retry(max=1, when=frozenset({RetryOn.RATE_LIMIT}))

    assert delay_s(retry, Outcome.QUOTA, 0) == 0
    assert delay_s(retry, Outcome.EXIT_CODE, 0) is None
    assert delay_s(retry, Outcome.STALLED, 0) is None


def test_a_refused_login_and_a_conflict_are_never_tried_again() -> None:
    retry = Retry(max=9, when=frozenset(RetryOn))

    assert [delay_s(retry, outcome, 0) for outcome in (Outcome.AUTH, Outcome.BUDGET, Outcome.CONFLICT)] == [None] * 3


def test_an_attempt_that_vanished_is_replaced_three_times_at_most() -> None:
    assert [may_replace_lost(attempts, 0) for attempts in (1, 2, 3, 4)] == [True, True, True, False]
    assert may_replace_lost(5, counted=3)
