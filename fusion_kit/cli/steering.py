"""What the commands that steer a run have in common: who asks, which task is meant, and what is said afterwards."""

from __future__ import annotations

import difflib
import getpass
from collections.abc import Sequence

from fusion_kit.cli.documents import run_document
from fusion_kit.cli.exit_codes import SUCCESS
from fusion_kit.cli.project import Project
from fusion_kit.cli.session import Session
from fusion_kit.cli.style import dim
from fusion_kit.core.errors import UsageError
from fusion_kit.core.states import TaskState
from fusion_kit.core.task import Task


class NoSuchTask(UsageError):
    """Run {run} has no task {task!r}."""

    hint = "{advice}"


class NothingAsks(UsageError):
    """No task of run {run} waits for an answer."""

    hint = "`fusion-kit status {run}` says what each task waits for."


class SeveralAsk(UsageError):
    """{count} tasks of run {run} wait for an answer: {names}."""

    hint = "Name the one you mean: `fusion-kit {verb} {run} {first}`."


class AsksNothing(UsageError):
    """Task {task} of run {run} waits for no answer: it is {state}."""

    hint = "`fusion-kit status {run}` says what each task waits for."


def person() -> str:
    """Return who asks, as the log will name them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user of that id
        return "a person"


def known_task(run: str, tasks: Sequence[Task], name: str) -> Task:
    """Return the task of that name; raises `NoSuchTask` with the nearest one."""
    found = next((task for task in tasks if task.id == name), None)
    if found is None:
        close = difflib.get_close_matches(name, [task.id for task in tasks], n=1)
        lists = f"`fusion-kit status {run}` lists its tasks."
        raise NoSuchTask(run=run, task=name, advice=f"Did you mean {close[0]!r}?" if close else lists)
    return found


def is_asking(task: Task) -> bool:
    """Return whether a task waits for a yes or a no that nobody has given yet."""
    waits = task.waits or {}
    return task.state is TaskState.PAUSED and waits.get("reason") == "approval" and task.answer is None


def asking_task(run: str, tasks: Sequence[Task], name: str | None, verb: str) -> Task:
    """Return the task that is to be answered; without a name there must be exactly one that asks."""
    if name is not None:
        task = known_task(run, tasks, name)
        if not is_asking(task):
            raise AsksNothing(run=run, task=task.id, state="answered" if task.answer else task.state.value)
        return task
    asking = [task for task in tasks if is_asking(task)]
    if not asking:
        raise NothingAsks(run=run)
    if len(asking) > 1:
        names = ", ".join(task.id for task in asking)
        raise SeveralAsk(count=len(asking), run=run, names=names, verb=verb, first=asking[0].id)
    return asking[0]


def tell(session: Session, project: Project, run: str, line: str) -> None:
    """Print the run as it stands now, or one line for a person."""
    found = project.views.run(run)
    session.show.document(run_document(found, project.views.tasks(run), SUCCESS), [line])


def tell_answered(session: Session, project: Project, run: str, line: str) -> None:
    """Print that a question was answered, and how the run takes note of it where nobody works on it."""
    is_owned = project.is_owned(run)
    tell(session, project, run, line)
    if not is_owned:
        session.show.say(dim(f"next: {session.command('resume', run)}"))
