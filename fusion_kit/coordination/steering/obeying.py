"""What people ask of a run under way, from any terminal."""

from __future__ import annotations

from collections.abc import Iterable

from fusion_kit.coordination.arrivals import settle_answer
from fusion_kit.coordination.asking import answered
from fusion_kit.coordination.budgets.allowance import try_again
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.steering.pausing import go_on, stand_still
from fusion_kit.coordination.steering.stopping import stop
from fusion_kit.core import events as e


def obey(execution: Execution, wishes: Iterable[e.Event]) -> None:
    """Do what was asked; the rows know of it already."""
    for wish in wishes:
        match wish.fact:
            case e.RunCancelRequested():
                stop(execution, Stopping.CANCEL)
            case e.RunPauseRequested(by=by):
                stand_still(execution, by)
            case e.RunResumeRequested():
                go_on(execution)
            case e.RunAdjusted():
                try_again(execution)
            case e.TaskApproved() | e.TaskRejected():
                node = execution.nodes[wish.task or ""]
                settle_answer(execution, node, answered(execution.book.tasks[node.id]))
