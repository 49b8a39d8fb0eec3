"""A red gate says only that something is wrong with the whole; the guilty are found by trying parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion_kit.coordination.merging.batch import Batch
from fusion_kit.coordination.merging.gate import Gate
from fusion_kit.core.bisect import sift


@dataclass(frozen=True, slots=True)
class Chosen:
    """What may go to the branch: `commit` holds the work of `tasks`."""

    commit: str
    tasks: tuple[str, ...]
    refused: Mapping[str, str] = field(default_factory=dict)  # guilty task -> the gate's log
    dragged: Mapping[str, str] = field(default_factory=dict)  # what builds on a guilty task -> that task
    red_base: str | None = None  # the log of a gate that fails without anybody's work


async def chosen(batch: Batch, gate: Gate, start: str | None, tasks: tuple[str, ...]) -> Chosen:
    """Return what passes the gate on top of `start`, leaving out as little as can be told.

    Raises `CommitConflict`, and `Stopped` where a person stopped the run.
    """
    trial = sift(tasks, batch.built_on)
    last_red, commit = "", start or batch.base
    logs: dict[tuple[str, ...], str] = {}
    try:
        asked = next(trial)
        while True:
            commit = await batch.assembled(start, asked)
            judged = await gate.judge(commit, asked)
            if not judged.passed:
                last_red = logs[asked] = judged.log
            asked = trial.send(judged.passed)
    except StopIteration as over:
        sifted = over.value
    if sifted.base_is_red:
        return Chosen(start or batch.base, (), red_base=last_red)
    refused = {task: _log_of(task, logs) for task in sifted.guilty}
    return Chosen(await batch.assembled(start, sifted.good), sifted.good, refused, sifted.dragged)


def _log_of(task: str, logs: Mapping[tuple[str, ...], str]) -> str:
    """Return the log of the smallest red trial that the task was the last of, which is the one that found it."""
    ending = [tasks for tasks in logs if tasks and tasks[-1] == task]
    return logs[min(ending, key=len)] if ending else ""
