"""The one table of exit codes: what became of a run, or which error ended the command."""

from __future__ import annotations

from collections.abc import Iterable

from fusion_kit.core.errors import FusionError, MergeRefusal, UsageError
from fusion_kit.core.run import Run
from fusion_kit.core.states import Outcome, RunState, TaskState
from fusion_kit.core.task import Task

SUCCESS = 0
FAILED = 1
USAGE = 2
INTERNAL = 3
PAUSED = 4
CANCELLED = 5
TIMED_OUT = 124
INTERRUPTED = 130
TERMINATED = 143

MEANINGS: tuple[tuple[str, str], ...] = (
    ("0", "success, also with skipped, cached or allowed failures"),
    ("1", "the run failed, or `validate` or `doctor` found problems"),
    ("2", "usage error or invalid workflow; nothing was started"),
    ("3", "internal error"),
    ("4", "paused: waits for an approval, a quota or a budget"),
    ("5", "cancelled by a person"),
    ("124", "timed out"),
    ("130, 143", "stopped by a signal; `resume` goes on"),
)


class Interrupted(Exception):
    """Ctrl-C, where no run was there to be stopped gently."""


BY_ERROR: tuple[tuple[type[BaseException], int], ...] = (
    (UsageError, USAGE),
    (MergeRefusal, FAILED),
    (FusionError, INTERNAL),
    (Interrupted, INTERRUPTED),
    (KeyboardInterrupt, INTERRUPTED),
)

BY_RUN: dict[RunState, int] = {
    RunState.QUEUED: SUCCESS,  # seen only with --detach
    RunState.RUNNING: SUCCESS,
    RunState.COMPLETED: SUCCESS,
    RunState.FAILED: FAILED,
    RunState.PAUSED: PAUSED,
    RunState.CANCELLED: CANCELLED,
}

_OUT_OF_TIME = frozenset({Outcome.TIMEOUT, Outcome.STALLED})


def of_error(error: BaseException) -> int:
    """Return the code for an error that ended a command."""
    return next((code for kind, code in BY_ERROR if isinstance(error, kind)), INTERNAL)


def of_run(run: Run, tasks: Iterable[Task]) -> int:
    """Return the code for a run as it stands; a run that failed by time alone timed out."""
    if run.state is not RunState.FAILED:
        return BY_RUN[run.state]
    causes = {task.outcome for task in tasks if task.state is TaskState.FAILED} - {Outcome.UPSTREAM_FAILED}
    return TIMED_OUT if causes and causes <= _OUT_OF_TIME else FAILED
