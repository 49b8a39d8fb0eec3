"""After a crash: what the ledger says runs is held against what does run, before anything is started."""

from __future__ import annotations

from fusion_kit.coordination.endings import settle
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.starts import AttemptEnded, take_over
from fusion_kit.coordination.steering.pausing import wake
from fusion_kit.coordination.verdict import Verdict, error_of
from fusion_kit.core import events as e
from fusion_kit.core.process import Liveness
from fusion_kit.core.states import Outcome, TaskState


async def recover(execution: Execution) -> dict[str, Liveness]:
    """Return what became (attempt -> liveness) of all attempts that were under way; the living ones are adopted."""
    rows = [row for row in execution.book.tasks.values() if row.attempt and row.may_live]
    folders = {str(row.attempt): execution.folder(row.id, row.attempts).path for row in rows}
    return await execution.house.executor.reattach(folders) if folders else {}


def adopt(execution: Execution) -> list[str]:
    """Take over the attempts of nodes that have arrived; return those to go on with once that is durable."""
    left, execution.left = execution.left, []
    adopted: list[str] = []
    for node in left:
        attempt = execution.book.tasks[node.id].attempt or ""
        liveness = execution.found.get(attempt, Liveness.NEVER)
        work = take_over(execution, node, liveness)
        if liveness is Liveness.LOST:
            error = error_of("lost", "its process vanished without leaving an exit record")
            settle(execution, AttemptEnded(work, Verdict(Outcome.LOST, error=error)))
            continue
        if liveness is not Liveness.NEVER:
            fact = e.TaskAdopted(liveness.value)
            execution.book.note(fact, task=node.id, attempt=attempt, agent=work.instance)
            if liveness is Liveness.RUNNING or execution.book.tasks[node.id].state is TaskState.PAUSED:
                wake(execution, work)  # its earlier owner may have died between pausing it and saying so
        adopted.append(node.id)
    return adopted
