"""What is on show: a run, its tasks and its agents, kept up to date by the events of its owner."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from fusion_kit.cli.nesting import nested
from fusion_kit.cli.project import Views
from fusion_kit.cli.why import Command, Picture, Why, why_held
from fusion_kit.core.errors import FusionError
from fusion_kit.core.events import Event
from fusion_kit.core.fold import World
from fusion_kit.core.run import Run
from fusion_kit.core.states import TaskState
from fusion_kit.core.task import Task


def typed(*words: str) -> str:
    """Return a command as a person types it in the project's folder."""
    return shlex.join(["fusion-kit", *words])


def _is_for_people(task: Task) -> bool:
    return task.answer is None and (task.waits or {}).get("reason") in {"approval", "budget"}


class Scene:
    """The rows of one run; `note` is a line for the person who watches."""

    def __init__(self, views: Views, run: str | None = None, command: Command = typed) -> None:
        """Begin with nothing, or with a run that is there already; `command` tells what a person can type."""
        self.views = views
        self.command = command
        self.world = World()
        self.note = ""
        if run:
            self._look(run)

    @property
    def run(self) -> Run | None:
        """The run on show; None until its first event."""
        return next(iter(self.world.runs.values()), None)

    @property
    def tasks(self) -> list[Task]:
        """Its tasks, in the order in which they were created."""
        return list(self.world.tasks.values())

    def apply(self, event: Event) -> None:
        """Take in one event; an event that does not fit what is on show makes us look again."""
        try:
            self.world.apply(event)
        except FusionError:
            if event.run:
                self._look(event.run)

    def why(self, task: Task) -> Why | None:
        """Return why a task is held or paused; None where it is neither."""
        return why_held(task, Picture(self.run, (), self.command)) if self.run else None

    def asking(self) -> list[Task]:
        """Return the tasks that wait for what a person says or gives: an answer, or money."""
        return [task for task in self.tasks if task.state is TaskState.PAUSED and _is_for_people(task)]

    def model_of(self, task: Task) -> str:
        """Return the model of the agent that has or had the task, as far as one is known."""
        agent = self.world.agents.get(task.agent or "")
        return (agent.model or "") if agent else ""

    def counts(self) -> Counter[TaskState]:
        """Return how many tasks are in each state."""
        return Counter(task.state for task in self.tasks)

    def rows(self) -> Iterator[tuple[int, Task]]:
        """Return the tasks as a tree with their depth: those an expansion made stand below their parent."""
        return nested(self.tasks)

    def _look(self, run: str) -> None:
        self.world.runs = {run: self.views.run(run)}
        self.world.tasks = {(run, task.id): task for task in self.views.tasks(run)}
        self.world.agents = {agent.id: agent for agent in self.views.agents()}
