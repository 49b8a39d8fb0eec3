"""The output of a run's tasks on stdout: as it is now, or as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fusion_kit.cli.attempt_logs import Follower, LogLine, folder_of, last_lines
from fusion_kit.cli.nesting import nested
from fusion_kit.cli.project import Project
from fusion_kit.cli.reports import hide_secrets
from fusion_kit.cli.session import Session
from fusion_kit.cli.steering import known_task
from fusion_kit.cli.style import cyan, last_overwrite, yellow
from fusion_kit.clock import SystemClock
from fusion_kit.core.secrets import Mask
from fusion_kit.core.states import FINAL_RUNS, RunState
from fusion_kit.core.task import Task

_TICK_S = 0.1
_BATCH = 500


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What to print: of one task or all, whole or only its last lines, made harmless or raw."""

    run: str
    task: str | None = None
    tail: int | None = None
    raw: bool = False


def print_logs(session: Session, project: Project, request: LogRequest) -> None:
    """Print what is there now; raises `NotFound` or `NoSuchTask`."""
    tasks = chosen_tasks(project, request)
    hide_secrets(session, project, request.run, {})
    if request.raw:
        for task in tasks:
            folder = folder_of(project, task)
            for chunk in _follower(session, task, folder).new_bytes(at_end=True) if folder else ():
                session.show.raw(chunk)
        return
    lines = (line for task in tasks for line in _lines_of(project, task, request.tail))
    if session.show.is_for_programs:
        session.show.listing([line.as_dict() for line in lines], ())
    elif not print_lines(session, lines, request):
        session.show.say("Nothing was printed yet.")


def follow_logs(session: Session, project: Project, request: LogRequest) -> None:
    """Print what is there and what comes, until the tasks have ended or nobody reads any more; raises `NoDocument`."""
    session.refuse_document()
    chosen_tasks(project, request)
    hide_secrets(session, project, request.run, {})
    asyncio.run(_follow(session, project, request))


def chosen_tasks(project: Project, request: LogRequest) -> list[Task]:
    """Return the tasks meant: all, one, or all items of a matrix; raises `NotFound` or `NoSuchTask`."""
    run = project.views.run(request.run)
    tasks = [task for _, task in nested(project.views.tasks(run.id))]
    if request.task is None:
        return tasks
    name = request.task
    found = [task for task in tasks if task.id == name] or [
        task for task in tasks if task.id.startswith((f"{name}@", f"{name}."))
    ]
    if not found:
        known_task(run.id, tasks, name)
    return [*found, *_inside(found, tasks)]


def text_of(line: LogLine, *, is_one: bool) -> str:
    """Return a line for people: with its task before it unless there is only one, errors marked."""
    text = last_overwrite(line.text)
    marked = f"{yellow('!')} {text}" if line.stream == "stderr" else text
    return marked if is_one else f"{cyan(line.task)} | {marked}"


def _inside(found: Sequence[Task], tasks: Sequence[Task]) -> list[Task]:
    """What an expansion made of a task printed in its place."""
    names = {task.id for task in found}
    inside: list[Task] = []
    for task in tasks:
        if task.parent in names and task.id not in names:
            names.add(task.id)
            inside.append(task)
    return inside


def _lines_of(project: Project, task: Task, tail: int | None) -> Iterable[LogLine]:
    folder = folder_of(project, task)
    if folder is None:
        return []
    if tail is not None:
        return last_lines(task.id, task.attempts, folder, tail)
    return Follower(task.id, task.attempts, folder).new_lines(at_end=True)


async def _follow(session: Session, project: Project, request: LogRequest) -> None:
    """Whether it is over is asked first, so that what was printed by then is still read."""
    clock = SystemClock()
    followers: dict[tuple[str, int], Follower] = {}
    while not session.show.reader_gone:
        tasks = chosen_tasks(project, request)
        is_over = _is_over(project, request, tasks)
        for task in tasks:
            folder = folder_of(project, task)
            if folder and (task.id, task.attempts) not in followers:
                followers[task.id, task.attempts] = _begun(session, _follower(session, task, folder), request)
        for follower in followers.values():
            _print_new(session, follower, request, at_end=is_over)
        if is_over:
            return
        await clock.sleep(_TICK_S)


def _follower(session: Session, task: Task, folder: Path) -> Follower:
    return Follower(task.id, task.attempts, folder, Mask(session.show.hidden))


def _begun(session: Session, follower: Follower, request: LogRequest) -> Follower:
    if request.tail is not None and not request.raw:
        print_lines(session, follower.last_lines(request.tail), request)
    return follower


def _print_new(session: Session, follower: Follower, request: LogRequest, *, at_end: bool) -> None:
    if request.raw:
        for chunk in follower.new_bytes(at_end=at_end):
            session.show.raw(chunk)
    else:
        print_lines(session, follower.new_lines(at_end=at_end), request)


def print_lines(session: Session, lines: Iterable[LogLine], request: LogRequest) -> int:
    """Print lines some hundred at a time, as long as anybody reads them, and return how many there were."""
    count, rest = 0, iter(lines)
    while (batch := list(islice(rest, _BATCH))) and not session.show.reader_gone:
        count += len(batch)
        if session.show.is_for_programs:
            for line in batch:
                session.show.record(line.as_dict())
        else:
            session.show.text(text_of(line, is_one=line.task == request.task) for line in batch)
    return count


def _is_over(project: Project, request: LogRequest, tasks: Sequence[Task]) -> bool:
    run = project.views.run(request.run)
    if run.state in FINAL_RUNS or (run.state is RunState.PAUSED and not project.is_owned(run.id)):
        return True
    return request.task is not None and bool(tasks) and all(task.is_final for task in tasks)
