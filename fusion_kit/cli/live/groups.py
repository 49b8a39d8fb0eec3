"""A run as GitHub Actions shows it: a line for each event, and what a task printed as one group once it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from fusion_kit.cli.attempt_logs import STREAMS
from fusion_kit.cli.excerpt import excerpt
from fusion_kit.cli.github.grammar import command, fenced, title
from fusion_kit.cli.live.lines import line_of
from fusion_kit.cli.live.scene import Scene
from fusion_kit.cli.output import Output
from fusion_kit.cli.project import Project
from fusion_kit.core import events as e

_ENDINGS = (e.TaskCompleted, e.TaskFailed, e.TaskCancelled, e.TaskRetried)

Attempt = tuple[str, str, int]  # run, task, number


class Groups:
    """Tasks run at once, and groups of lines cannot: a task's output waits in its files until the attempt is over."""

    def __init__(self, show: Output, project: Project) -> None:
        """Print with `show`."""
        self.show = show
        self.project = project
        self.open: dict[str, Attempt] = {}

    def event(self, event: e.Event, scene: Scene) -> None:
        """Print what an attempt printed if it is over, and what the event means."""
        if isinstance(event.fact, e.TaskStarted) and event.run and event.task:
            self.open[event.task] = (event.run, event.task, event.fact.number)
        if isinstance(event.fact, e.TaskAdopted) and event.run and event.task:
            self.open[event.task] = (event.run, event.task, _attempts(scene, event.run, event.task))
        if isinstance(event.fact, _ENDINGS) and event.task in self.open:
            self._print(self.open.pop(event.task))
        line = line_of(event)
        if line:
            self.show.say(line)

    def tick(self, scene: Scene) -> None:
        """Print what a signal made us say."""
        if scene.note:
            self.show.say(scene.note)
            scene.note = ""

    def close(self, scene: Scene) -> None:
        """Print what was printed by those that have not ended."""
        self.tick(scene)
        for attempt in self.open.values():
            self._print(attempt)
        self.open.clear()

    def _print(self, attempt: Attempt) -> None:
        run, task, number = attempt
        folder = self.project.attempt_folder(run, task, number)
        left_out = partial(_left_out, f"`fusion-kit logs {run} {task}`")
        lines = [*_printed(folder, left_out, self.show.veiled)]
        if lines:
            name = f"{task}, attempt {number}" if number > 1 else task
            self.show.verbatim([command("group", title(name)), *fenced(lines), command("endgroup")])


def _left_out(command: str, count: int) -> str:
    return f"… {count} lines left out, {command}"


def _printed(folder: Path, left_out: Callable[[int], str], veiled: Callable[[str], str]) -> Iterator[str]:
    for stream, name in STREAMS.items():
        lines = excerpt(folder / name, left_out, veiled)
        if lines and stream == "stderr":
            yield "what it printed as errors:"
        yield from lines


def _attempts(scene: Scene, run: str, task: str) -> int:
    row = scene.world.tasks.get((run, task))
    return row.attempts if row else 1
