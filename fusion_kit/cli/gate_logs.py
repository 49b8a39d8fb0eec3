"""What the gate of a run's merge printed, each time it was run."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fusion_kit.cli.attempt_logs import Follower
from fusion_kit.cli.live.lines import line_of
from fusion_kit.cli.log_reading import LogRequest, print_lines
from fusion_kit.cli.project import Project
from fusion_kit.cli.reports import hide_secrets
from fusion_kit.cli.session import Session
from fusion_kit.cli.style import dim
from fusion_kit.clock import SystemClock
from fusion_kit.core.events import MergeGated
from fusion_kit.core.secrets import Mask
from fusion_kit.core.states import FINAL_RUNS

GATE = "merge"

_TICK_S = 0.1


def is_gate(project: Project, request: LogRequest) -> bool:
    """Return whether the gate is meant: a task of that name goes before it. Raises `NotFound`."""
    run = project.views.run(request.run).id
    return request.task == GATE and all(task.id != GATE for task in project.views.tasks(run))


def print_gate(session: Session, project: Project, request: LogRequest, *, follow: bool) -> None:
    """Print what is there now, or as it grows until the run has ended; raises `NotFound` or `NoDocument`."""
    if follow:
        session.refuse_document()
    run = project.views.run(request.run).id
    hide_secrets(session, project, run, {})
    if not asyncio.run(_printed(session, project, LogRequest(run, GATE, request.tail, request.raw), follow=follow)):
        session.show.say("The gate was not run, or printed nothing yet.")


def gate_folders(run_folder: Path) -> list[Path]:
    """Return the folders of all times the gate was run, the first one first."""
    found = [path.parent for path in run_folder.glob("merge/*/out.log")]
    return sorted(found, key=_place)


def _place(folder: Path) -> tuple[int, int]:
    """By number where it has one, else by when it was begun."""
    return (int(folder.name), 0) if folder.name.isdecimal() else (0, folder.stat().st_mtime_ns)


async def _printed(session: Session, project: Project, request: LogRequest, *, follow: bool) -> int:
    clock, count = SystemClock(), 0
    followers: dict[Path, Follower] = {}
    while True:
        is_over = not follow or project.views.run(request.run).state in FINAL_RUNS
        for number, folder in enumerate(gate_folders(project.run_folder(request.run)), 1):
            if folder not in followers:
                followers[folder] = Follower(GATE, number, folder, Mask(session.show.hidden))
        for folder, follower in followers.items():
            heading = _heading(project, request.run, folder, follower.number) if len(followers) > 1 else ""
            count += _print_new(session, follower, request, heading, at_end=is_over)
        if is_over or session.show.reader_gone:
            return count
        await clock.sleep(_TICK_S)


def _heading(project: Project, run: str, folder: Path, number: int) -> str:
    """Say whose work the gate was run on and how it ended; while it runs only the how-manieth time it is."""
    for event in project.views.events(type=MergeGated.type, run=run, limit=1000):
        if isinstance(event.fact, MergeGated) and Path(event.fact.log).parent == folder:
            return line_of(event) or ""
    return f"the gate, run {number}:"


def _print_new(session: Session, follower: Follower, request: LogRequest, heading: str, *, at_end: bool) -> int:
    if request.raw:
        chunks = list(follower.new_bytes(at_end=at_end))
        for chunk in chunks:
            session.show.raw(chunk)
        return len(chunks)
    lines = list(follower.new_lines(at_end=at_end))
    kept = lines if request.tail is None else lines[max(len(lines) - request.tail, 0) :]
    if kept and heading:
        session.show.say(dim(heading))
    return print_lines(session, kept, request)
