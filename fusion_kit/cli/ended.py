"""What became of a run's tasks, as reports tell it: which count, which failed by themselves, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fusion_kit.cli.attempt_logs import folder_of, last_file_lines, last_lines
from fusion_kit.cli.project import Project
from fusion_kit.cli.style import harmless, last_overwrite
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task

_LINE_CHARACTERS = 1000

Words = Callable[[Task, int], list[str]]  # the last lines, at most so many, of what a task printed


def leaves(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that nothing was made of: the items of a matrix, and not the matrix."""
    parents = {task.parent for task in tasks}
    return [task for task in tasks if task.id not in parents]


def failures(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that failed by themselves, and those whose work broke the gate."""
    parents = {task.parent for task in tasks if task.state is TaskState.FAILED}
    return [task for task in tasks if is_failure(task) and task.id not in parents]


def is_failure(task: Task) -> bool:
    """Return whether the task is to blame: it failed, or its work broke the gate."""
    failed = task.state is TaskState.FAILED and task.outcome is not Outcome.UPSTREAM_FAILED
    return failed or task.refused is not None


def verdict(task: Task) -> str:
    """Return the word for how a task ended or where it stands."""
    if task.refused is not None:
        return "refused"
    if task.outcome is not None and task.outcome is not Outcome.SUCCESS:
        return task.outcome.value
    return task.state.value


def message(task: Task) -> str:
    """Return one harmless line that says why a task is where it is; empty where there is nothing to say."""
    if task.refused is not None:
        return "Its work broke the gate."
    text = (task.error or {}).get("message") or task.reason or ""
    if not text and task.exit_code:
        text = f"It ended with exit code {task.exit_code}."
    return " ".join(harmless(str(text)).split())


def words_of(project: Project, veiled: Callable[[str], str]) -> Words:
    """Return what reads the last words of a task's last attempt, or of the gate it broke, harmless and `veiled`."""

    def words(task: Task, count: int) -> list[str]:
        return [veiled(last_overwrite(line))[:_LINE_CHARACTERS] for line in printed(task, count)]

    def printed(task: Task, count: int) -> list[str]:
        if task.refused is not None:
            return last_file_lines(Path(str(task.refused.get("log"))), count)
        folder = folder_of(project, task)
        return [line.text for line in last_lines(task.id, task.attempts, folder, count)] if folder else []

    return words
