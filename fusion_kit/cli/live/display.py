"""Five ways to watch a run: a tree, lines, groups of lines, the events themselves, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from fusion_kit.cli.attempt_logs import Follower, folder_of, latest
from fusion_kit.cli.live.groups import Groups
from fusion_kit.cli.live.lines import line_of
from fusion_kit.cli.live.scene import Scene
from fusion_kit.cli.live.tree import Canvas, tree_lines
from fusion_kit.cli.output import Output
from fusion_kit.cli.project import Project
from fusion_kit.cli.settings import Mode
from fusion_kit.cli.style import last_overwrite, rendered
from fusion_kit.core.events import (
    Event,
    MergeForeseen,
    MergeGated,
    MergeRefused,
    MergeWaiting,
    RunQueued,
    TaskPaused,
    TaskStarted,
    WorkspaceEscaped,
)
from fusion_kit.core.states import TaskState
from fusion_kit.core.task import Task

Now = Callable[[], datetime]

TOLD = (
    MergeForeseen,
    MergeGated,
    MergeRefused,
    MergeWaiting,
    RunQueued,
    WorkspaceEscaped,
)  # what a tree of tasks has no place for


class Display(Protocol):
    """Shows a scene as it changes."""

    def event(self, event: Event, scene: Scene) -> None:
        """Something happened, and the scene already knows."""
        ...

    def tick(self, scene: Scene) -> None:
        """A little time has passed."""
        ...

    def close(self, scene: Scene) -> None:
        """The run is over, or we leave it."""
        ...


class Silence:
    """Shows nothing."""

    def event(self, event: Event, scene: Scene) -> None:
        """Keep still."""

    def tick(self, scene: Scene) -> None:
        """Keep still."""

    def close(self, scene: Scene) -> None:
        """Keep still."""


class Records(Silence):
    """Every event as it is in the ledger, one JSON object a line, on stdout."""

    def __init__(self, show: Output) -> None:
        """Print with `show`."""
        self.show = show

    def event(self, event: Event, scene: Scene) -> None:  # noqa: ARG002 - a display is handed both
        """Print the event."""
        self.show.record(event.as_dict())


class Lines:
    """One prefixed line for each event, and with `-v` for each line of output."""

    def __init__(self, show: Output, project: Project, *, with_output: bool) -> None:
        """Print with `show`."""
        self.show = show
        self.project = project
        self.with_output = with_output
        self.followers: dict[str, Follower] = {}

    def event(self, event: Event, scene: Scene) -> None:
        """Print what the event means and what to type about it, after what its task printed before it."""
        if event.task and event.task in self.followers:
            self._print(self.followers[event.task], at_end=True)
        line = line_of(event)
        if line:
            self.show.say(line)
        if isinstance(event.fact, TaskPaused):
            for text in _way_on(event, scene):
                self.show.say(f"{event.task} |   {text}")
        if self.with_output and isinstance(event.fact, TaskStarted) and event.run and event.task:
            folder = self.project.attempt_folder(event.run, event.task, event.fact.number)
            self.followers[event.task] = Follower(event.task, event.fact.number, folder)

    def tick(self, scene: Scene) -> None:
        """Print what running tasks printed, and what a signal made us say."""
        if scene.note:
            self.show.say(scene.note)
            scene.note = ""
        running = {task.id for task in scene.tasks if task.state is TaskState.RUNNING}
        for name in running & self.followers.keys():
            self._print(self.followers[name])

    def close(self, scene: Scene) -> None:  # noqa: ARG002 - a display is handed the scene
        """Print what is left of the output."""
        for follower in self.followers.values():
            self._print(follower, at_end=True)

    def _print(self, follower: Follower, *, at_end: bool = False) -> None:
        for line in follower.new_lines(at_end=at_end):
            self.show.say(f"{line.task} | {last_overwrite(line.text)}")


class Tree:
    """A live tree on stderr, drawn by rich; what remains of it at the end is plain text."""

    def __init__(self, show: Output, project: Project, now: Now) -> None:
        """Draw on the stderr of `show`."""
        from rich.console import Console
        from rich.live import Live

        self.show = show
        self.project = project
        self.now = now
        self.is_unicode = "utf" in (show.err.encoding or "").lower()
        self.console = Console(file=show.err, highlight=False, markup=False)
        self.live = Live(console=self.console, auto_refresh=False, transient=True, redirect_stdout=False)
        self.live.start()

    def event(self, event: Event, scene: Scene) -> None:  # noqa: ARG002 - a display is handed both
        """The next tick draws it: many events at once are one picture. What no picture shows is told above it."""
        if isinstance(event.fact, TOLD) and (line := line_of(event)):
            from rich.text import Text

            text = rendered(line, colour=self.show.has_colour(self.show.err))
            self.console.print(Text.from_ansi(text), soft_wrap=True)

    def tick(self, scene: Scene) -> None:
        """Draw the picture as it is now."""
        from rich.text import Text

        colour = self.show.has_colour(self.show.err)
        lines = tree_lines(scene, self._canvas(), self._last_line)
        text = Text.from_ansi("\n".join(rendered(line, colour=colour) for line in lines), no_wrap=True)
        self.live.update(text, refresh=True)

    def close(self, scene: Scene) -> None:
        """Take the live picture away and leave the last one in its place."""
        self.live.stop()
        for line in tree_lines(scene, self._canvas(), lambda _: ""):
            self.show.say(line)

    def _canvas(self) -> Canvas:
        size = self.console.size
        return Canvas(max(size.width - 1, 20), max(size.height - 1, 5), self.now(), self.is_unicode)

    def _last_line(self, task: Task) -> str:
        folder = folder_of(self.project, task)
        return self.show.veiled(latest(folder)) if folder else ""


def _way_on(event: Event, scene: Scene) -> list[str]:
    """What a task that was paused asks for, and what to type."""
    task = scene.world.tasks.get((event.run or "", event.task or ""))
    why = scene.why(task) if task else None
    return [*why.details, *([why.command] if why.command else [])] if why else []


def display_for(show: Output, project: Project, now: Now) -> Display:
    """Return the display that was asked for, or that fits where stderr goes."""
    if show.settings.output is Mode.JSONL:
        return Records(show)
    if show.is_silent or show.settings.output is Mode.JSON:
        return Silence()
    if show.settings.is_github:
        return Groups(show, project)
    if show.is_terminal:
        return Tree(show, project, now)
    return Lines(show, project, with_output=show.settings.verbose)
