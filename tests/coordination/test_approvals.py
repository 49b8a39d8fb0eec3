"""Approvals: a person is asked, from any terminal, and no answer in time never passes."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.steering import wishing
from fusion_kit.core import events as e
from fusion_kit.core.errors import IllegalMove
from fusion_kit.core.states import RunState
from fusion_kit.testing import Sandbox

SHIP = """
    name: ship
    tasks:
      - {id: build, run: build}
      - id: ship
        needs: build
        approval:
          message: "Ship ${{ run.id }}?"
          timeout: 24h
          inputs: {channel: {type: string, required: true, enum: [beta, stable]}, notes: {type: string, default: none}}
      - {id: publish, needs: ship, run: publish, env: {CHANNEL: "${{ tasks.ship.outputs.channel }}"}}
"""


async def test_a_run_that_only_a_person_can_help_pauses_and_says_what_it_waits_for(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)

    run = await sandbox.run()

    assert (run.state, run.reason) == (RunState.PAUSED, "ship waits for an answer")
    waits = sandbox.rows["ship"].waits
    assert waits is not None
    assert waits["message"] == f"Ship {run.id}?"
    assert waits["until"] == "2026-01-02T00:00:01.000Z"


async def test_an_answer_given_while_nobody_owns_the_run_counts_at_the_next_resume(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    run = await sandbox.run()

    await wishing.approve(sandbox.fusion.house, run.id, "ship", {"channel": "beta"}, "ana")
    run = await sandbox.resume()

    assert run.state is RunState.COMPLETED
    assert sandbox.rows["ship"].outputs == {"channel": "beta", "notes": "none"}
    assert sandbox.troupe.environments["publish"]["CHANNEL"] == "beta"


async def test_an_answer_reaches_the_owner_that_waits_for_it(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    answering = sandbox.when(
        "ship paused: approval",
        lambda: wishing.approve(sandbox.fusion.house, sandbox.last.id, "ship", {"channel": "stable"}, "ana"),
    )

    run = await sandbox.run(waits=True)
    await answering

    assert run.state is RunState.COMPLETED
    assert sandbox.story()[-2:] == ["publish started", "publish completed"]
    assert sandbox.rows["ship"].answer is not None
    assert sandbox.rows["ship"].answer["by"] == "ana"


async def test_a_no_fails_the_task_and_says_who_and_why(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    sandbox.when(
        "ship paused: approval",
        lambda: wishing.reject(sandbox.fusion.house, sandbox.last.id, "ship", "not on a Friday", "ben"),
    )

    run = await sandbox.run(waits=True)

    assert run.state is RunState.FAILED
    assert sandbox.outcomes() == {"build": "success", "ship": "rejected", "publish": "upstream_failed"}
    assert sandbox.rows["ship"].error == {"code": "rejected", "message": "ben said no: not on a Friday", "hint": ""}


async def test_no_answer_in_time_fails_and_never_passes(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP.replace("24h", "20s"))

    run = await sandbox.run(waits=True)

    assert run.state is RunState.FAILED
    assert sandbox.outcomes() == {"build": "success", "ship": "timeout", "publish": "upstream_failed"}


async def test_the_time_for_an_answer_goes_on_while_nobody_owns_the_run(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    run = await sandbox.run()
    sandbox.clock.elapsed_s += 2 * 24 * 3600

    with pytest.raises(wishing.TooLate):
        await wishing.approve(sandbox.fusion.house, run.id, "ship", {"channel": "beta"}, "ana")
    await sandbox.resume(waits=True)

    assert sandbox.outcomes()["ship"] == "timeout"


async def test_only_the_first_of_two_answers_counts(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    run = await sandbox.run()
    await wishing.reject(sandbox.fusion.house, run.id, "ship", "no", "ben")

    with pytest.raises(wishing.NothingAsked, match="it was rejected by ben already"):
        await wishing.approve(sandbox.fusion.house, run.id, "ship", {"channel": "beta"}, "ana")


async def test_two_answers_in_one_moment_are_one(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    run = await sandbox.run()
    question = str((sandbox.rows["ship"].waits or {})["approval"])
    yes = e.Draft(e.TaskApproved(question, "ana", {"channel": "beta"}), run=run.id, task="ship")
    no = e.Draft(e.TaskRejected(question, "ben", "no"), run=run.id, task="ship")

    await sandbox.ledger.append([yes])
    with pytest.raises(IllegalMove, match="approval cannot go from answered to answered"):
        await sandbox.ledger.append([no])


async def test_an_answer_to_an_earlier_question_is_none_to_the_next(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP.replace("24h", "20s"))
    run = await sandbox.run(waits=True)
    first = next(event.fact for event in sandbox.ledger.events if isinstance(event.fact, e.TaskPaused))
    await sandbox.retry()

    stale = e.Draft(e.TaskApproved(str(first.approval), "ana", {"channel": "beta"}), run=run.id, task="ship")
    with pytest.raises(IllegalMove, match="cannot go from paused to answered"):
        await sandbox.ledger.append([stale])


async def test_everything_wrong_with_a_form_is_said_at_once(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    run = await sandbox.run()

    with pytest.raises(wishing.BadAnswer) as refusal:
        await wishing.approve(sandbox.fusion.house, run.id, "ship", {"channel": "gold", "note": "x"}, "ana")

    assert str(refusal.value) == (
        "The answer does not fit what task 'ship' asks: "
        'the field "channel" must be one of "beta", "stable", not "gold"; '
        'there is no field "note"; did you mean "notes"?'
    )


async def test_a_task_that_asks_nothing_cannot_be_answered(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    run = await sandbox.run()

    with pytest.raises(wishing.NothingAsked) as refusal:
        await wishing.approve(sandbox.fusion.house, run.id, "build", {}, "ana")
    with pytest.raises(wishing.NothingAsked) as unknown:
        await wishing.approve(sandbox.fusion.house, run.id, "shop", {}, "ana")

    assert refusal.value.facts["state"] == "it is completed"
    assert unknown.value.way_out == "These wait for an answer: ship."


async def test_other_tasks_go_on_while_one_waits_for_an_answer(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: both
        tasks:
          - {id: ask, approval: {message: "ok?", timeout: 1h}}
          - {id: work, run: work}
          - {id: more, needs: work, run: more}
          - {id: after, needs: ask, run: after}
    """)

    run = await sandbox.run()

    assert run.state is RunState.PAUSED
    assert sandbox.outcomes() == {"ask": "paused", "work": "success", "more": "success", "after": "waiting"}


async def test_a_failure_elsewhere_takes_the_question_back(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: both
        tasks:
          - {id: ask, approval: {message: "ok?", timeout: 1h}}
          - {id: work, run: work}
    """)
    sandbox.task("work").fails()

    run = await sandbox.run(waits=True)

    assert run.state is RunState.FAILED
    assert sandbox.outcomes() == {"ask": "cancelled", "work": "exit_code"}


async def test_a_cancelled_run_asks_nothing_any_more(sandbox: Sandbox) -> None:
    sandbox.workflow(SHIP)
    sandbox.when("ship paused: approval", lambda: sandbox.fusion.cancel(sandbox.last.id, "ana"))

    run = await sandbox.run(waits=True)

    assert run.state is RunState.CANCELLED
    assert sandbox.outcomes()["ship"] == "cancelled"


async def test_a_no_may_be_allowed(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: soft
        tasks:
          - {id: ask, approval: {message: "ok?", timeout: 1h}, continue_on_error: true}
          - {id: after, needs: ask, run: after}
    """)
    sandbox.when(
        "ask paused: approval", lambda: wishing.reject(sandbox.fusion.house, sandbox.last.id, "ask", "no", "ben")
    )

    run = await sandbox.run(waits=True)

    assert run.state is RunState.COMPLETED
    assert sandbox.outcomes() == {"ask": "allowed_failure", "after": "success"}
