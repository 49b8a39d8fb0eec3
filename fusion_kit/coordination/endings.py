"""From verdicts to facts: done, tried again, allowed to fail, failed, or given back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from fusion_kit.coordination.arrivals import ended
from fusion_kit.coordination.budgets.allowance import queue_up
from fusion_kit.coordination.budgets.reservations import over
from fusion_kit.coordination.caching import key_kept
from fusion_kit.coordination.execution import Execution, Stopping, Work
from fusion_kit.coordination.starts import AttemptEnded
from fusion_kit.coordination.verdict import Verdict
from fusion_kit.core import events as e
from fusion_kit.core.retry import delay_s, may_replace_lost
from fusion_kit.core.states import AgentState, Outcome

_AT_WORK = frozenset({AgentState.WORKING, AgentState.PAUSED})


@dataclass(frozen=True, slots=True)
class Due:
    """For the inbox: the delay of a retry has passed."""

    node: str


def settle(execution: Execution, message: AttemptEnded) -> None:
    """Record what an attempt came to, and free its agent in the same batch."""
    work, verdict = message.work, message.verdict
    node = work.node
    del execution.running[node.id]
    _free(execution, work)
    if verdict.outcome is Outcome.SUCCESS:
        _complete(execution, work, verdict, Outcome.SUCCESS)
    elif verdict.outcome is Outcome.CANCELLED or execution.stopping is not Stopping.NOT:
        _stopped(execution, work, verdict)
    else:
        _again_or_never(execution, work, verdict)


def _free(execution: Execution, work: Work) -> None:
    agent = execution.book.agents.get(work.instance or "")
    if agent is not None and agent.state in _AT_WORK and agent.run == execution.book.run.id:
        execution.book.note(e.AgentIdle(), task=work.node.id, attempt=work.attempt, agent=agent.id)


def _complete(execution: Execution, work: Work, verdict: Verdict, outcome: Outcome) -> None:
    fact = e.TaskCompleted(
        outcome=outcome,
        exit_code=verdict.exit_code,
        outputs=verdict.outputs,
        artifacts=verdict.artifacts,
        usage=_usage(verdict),
        branch=verdict.branch,
        commit=verdict.commit if outcome is Outcome.SUCCESS else None,  # what failed is kept, and nothing builds on it
        flags=(*verdict.flags, *over(work.agent, verdict.usage)),
        error=verdict.error,
        cache_key=key_kept(work) if outcome is Outcome.SUCCESS else None,
    )
    _note(execution, work, fact)
    ended(execution, work.node)


def _usage(verdict: Verdict) -> Mapping[str, object] | None:
    return asdict(verdict.usage) if verdict.usage is not None else None


def _note(execution: Execution, work: Work, fact: e.TaskFact) -> None:
    execution.book.note(fact, task=work.node.id, attempt=work.attempt, agent=work.instance)


def _stopped(execution: Execution, work: Work, verdict: Verdict) -> None:
    """A person stopped it: for good, or until `resume`, which begins it anew without using up a retry."""
    if execution.stopping is Stopping.CANCEL:
        _note(execution, work, _cancelled(verdict, "the run was cancelled"))
        ended(execution, work.node)
    elif execution.stopping is Stopping.NOT:  # a sibling failed fast
        _note(execution, work, _cancelled(verdict, f"stopped after {work.node.frame.halted_by} failed"))
        ended(execution, work.node)
    else:
        commit, usage = _made(verdict), _usage(verdict)
        fact = e.TaskRetried(Outcome.CANCELLED, None, verdict.exit_code, commit, counts=False, usage=usage)
        _note(execution, work, fact)


def _cancelled(verdict: Verdict, reason: str) -> e.TaskCancelled:
    return e.TaskCancelled(reason, _usage(verdict), _made(verdict))


def _made(verdict: Verdict) -> str | None:
    """Return what the attempt's branch holds of it; None where it changed nothing."""
    return verdict.commit if verdict.branch else None


def _again_or_never(execution: Execution, work: Work, verdict: Verdict) -> None:
    row = execution.book.tasks[work.node.id]
    counts = verdict.outcome is not Outcome.LOST or not may_replace_lost(row.attempts, row.counted)
    wait_s = delay_s(work.node.spec.retry, verdict.outcome, row.counted) if counts else 0.0
    if wait_s is not None:
        _again(execution, work, verdict, wait_s, counts=counts)
    elif work.node.spec.continue_on_error:
        _complete(execution, work, verdict, Outcome.ALLOWED_FAILURE)
    else:
        fact = e.TaskFailed(
            verdict.outcome,
            error=verdict.error,
            exit_code=verdict.exit_code,
            usage=_usage(verdict),
            branch=verdict.branch,
            commit=_made(verdict),
        )
        _note(execution, work, fact)
        ended(execution, work.node)


def _again(execution: Execution, work: Work, verdict: Verdict, wait_s: float, *, counts: bool) -> None:
    fact = e.TaskRetried(
        verdict.outcome,
        error=verdict.error,
        exit_code=verdict.exit_code,
        commit=_made(verdict),
        delay_s=wait_s,
        counts=counts,
        usage=_usage(verdict),
    )
    _note(execution, work, fact)
    if wait_s <= 0:
        queue_up(execution, work.node)
        return
    execution.resting.add(work.node.id)

    async def rest() -> None:
        await execution.house.clock.sleep(wait_s)
        execution.inbox.put_nowait(Due(work.node.id))

    execution.in_background(rest(), f"delay of {work.node.id}")


def wake(execution: Execution, message: Due) -> None:
    """Queue a task again whose delay has passed."""
    if message.node in execution.resting:
        execution.resting.discard(message.node)
        queue_up(execution, execution.nodes[message.node])
