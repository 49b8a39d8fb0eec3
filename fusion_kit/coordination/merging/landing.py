"""What becomes of a run's work at its end: the commits nobody built upon go to its branch, through its gate."""

from __future__ import annotations

from fusion_kit.coordination.contexts import result_branch
from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.flow import tips_of, with_all_below
from fusion_kit.coordination.frames import Frame
from fusion_kit.coordination.merging.batch import Batch, batch_of
from fusion_kit.coordination.merging.gate import Stopped
from fusion_kit.coordination.merging.publishing import Landed, bring
from fusion_kit.coordination.merging.resolving import Play, Resolver, put_away
from fusion_kit.coordination.verdict import error_of
from fusion_kit.core import events as e
from fusion_kit.core.code import CommitConflict
from fusion_kit.core.errors import FusionError

__all__ = ["Landed", "land"]


async def land(execution: Execution, root: Frame, play: Play) -> Landed:
    """Merge the work of the run's last tasks; `play` brings a further frame of nodes to its end.

    Nothing of a run that changed nothing, and where a person stopped the run meanwhile: called again it goes on.
    """
    batch = _batch(execution, root)
    if batch is None:
        return Landed()
    try:
        landed = await bring(batch, Resolver(execution, root, play).settle)
    except Stopped:
        return Landed()
    except CommitConflict as conflict:
        execution.book.note(e.MergeFailed(*colliding(conflict)))
        return Landed(failure=error_of(conflict.code, str(conflict), conflict.way_out))
    except FusionError as refusal:
        return Landed(failure=error_of(refusal.code, str(refusal), refusal.way_out))
    put_away(execution)
    return landed


def _batch(execution: Execution, root: Frame) -> Batch | None:
    """Return the work that is to be merged; None where nothing changed."""
    book = execution.book
    run = book.run
    if run.base is None:
        return None
    commits = with_all_below(book, tips_of(book, root.graph.leaves()))
    if not commits:
        return None
    batch = batch_of(execution.house, book, execution.bundle.workflow, result_branch(execution), commits)
    if batch.gate is not None:
        batch.gate.jobs = execution.jobs
        batch.gate.is_stopped = lambda: execution.stopping is not Stopping.NOT
    return batch


def colliding(conflict: CommitConflict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tasks and the files of a conflict."""
    files = conflict.facts["files"]
    named = tuple(map(str, files)) if isinstance(files, tuple | list) else (str(files),)
    return (str(conflict.facts["left"]), str(conflict.facts["right"])), named
