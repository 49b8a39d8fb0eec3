"""The table of skips and joins."""

from __future__ import annotations

import pytest

from fusion_kit.core.join import asks_status, join
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task

GOOD = Task("r", "good", "run", TaskState.COMPLETED, Outcome.SUCCESS)
ALLOWED = Task("r", "allowed", "run", TaskState.COMPLETED, Outcome.ALLOWED_FAILURE)
CACHED = Task("r", "cached", "run", TaskState.COMPLETED, Outcome.CACHED)
SKIPPED = Task("r", "skipped", "run", TaskState.SKIPPED, Outcome.SKIPPED)
FAILED = Task("r", "failed", "run", TaskState.FAILED, Outcome.EXIT_CODE)
CANCELLED = Task("r", "cancelled", "run", TaskState.CANCELLED, Outcome.CANCELLED)
BEHIND = Task("r", "behind", "run", TaskState.SKIPPED, Outcome.UPSTREAM_FAILED)

RUNS, SKIPS, UPSTREAM = None, Outcome.SKIPPED, Outcome.UPSTREAM_FAILED


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ([], RUNS),
        ([GOOD], RUNS),
        ([ALLOWED], RUNS),
        ([CACHED], RUNS),
        ([SKIPPED], SKIPS),
        ([SKIPPED, SKIPPED], SKIPS),
        ([GOOD, SKIPPED], RUNS),
        ([FAILED], UPSTREAM),
        ([CANCELLED], UPSTREAM),
        ([BEHIND], UPSTREAM),
        ([GOOD, FAILED], UPSTREAM),
        ([SKIPPED, BEHIND], UPSTREAM),
        ([GOOD, CANCELLED], UPSTREAM),
    ],
)
def test_a_task_without_a_condition_follows_its_needs(needs: list[Task], expected: Outcome | None) -> None:
    assert join(needs, None, lambda: True).outcome == expected


@pytest.mark.parametrize(
    ("needs", "condition", "holds", "expected"),
    [
        ([GOOD], "inputs.go", True, RUNS),
        ([GOOD], "inputs.go", False, SKIPS),
        ([FAILED], "inputs.go", True, UPSTREAM),
        ([FAILED], "inputs.go", False, UPSTREAM),
        ([SKIPPED], "inputs.go", True, SKIPS),
        ([FAILED], "failure()", True, RUNS),
        ([GOOD], "failure()", False, SKIPS),
        ([BEHIND], "always()", True, RUNS),
        ([SKIPPED], "always()", True, RUNS),
        ([CANCELLED], "cancelled() && inputs.go", False, SKIPS),
    ],
)
def test_a_condition_decides_about_failures_only_if_it_asks_for_the_status(
    needs: list[Task], condition: str, holds: bool, expected: Outcome | None
) -> None:
    assert join(needs, condition, lambda: holds).outcome == expected


def test_what_is_not_done_says_which_task_was_the_reason() -> None:
    assert join([GOOD, FAILED], None, lambda: True).reason == "failed ended as exit_code"


def test_a_status_function_inside_a_text_is_only_text() -> None:
    assert asks_status("failure()")
    assert asks_status("inputs.x && always ( )")
    assert not asks_status("inputs.x == 'failure()'")
    assert not asks_status("inputs.x == 'it''s always()'")
    assert not asks_status(None)
