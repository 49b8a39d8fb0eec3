"""How a run under way is stopped: what waits is given up or kept, what runs is told."""

from __future__ import annotations

from fusion_kit.coordination.arrivals import drop
from fusion_kit.coordination.execution import Execution, Stopping


def stop(execution: Execution, how: Stopping) -> None:
    """Start nothing more and stop what runs; a stop for good is never taken back."""
    if execution.stopping is Stopping.CANCEL or execution.stopping is how:
        return
    execution.stopping = how
    execution.is_paused = False
    if how is Stopping.CANCEL:
        _give_up_waiting(execution, "the run was cancelled")
    for work in execution.running.values():
        work.is_stopped = True
    # a kill is one signal; else the whole ladder, because a program may miss one signal, or ignore it
    word = "kill" if how is Stopping.KILL else "cancel"
    for attempt in [*(work.attempt for work in execution.running.values()), *execution.jobs]:
        execution.in_background(execution.tell(attempt, word))


def is_interrupted(execution: Execution) -> bool:
    """Return whether nothing new starts and the run is to be gone on with later."""
    return execution.stopping in (Stopping.INTERRUPT, Stopping.KILL)


def _give_up_waiting(execution: Execution, reason: str) -> None:
    """Take everything that waits in the queue, for a retry's delay or for a person out for good."""
    waiting = [waiting.node for waiting in execution.queue] + sorted(execution.resting)
    paused = [row.id for row in execution.book.tasks.values() if row.state == "paused" and row.may_be_dropped]
    for name in dict.fromkeys([*waiting, *paused]):
        node = execution.nodes.get(name)
        if node is not None and node.frame.section != "finally":
            drop(execution, node, reason)
