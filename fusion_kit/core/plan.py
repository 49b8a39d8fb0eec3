"""What may start now: ready tasks, idle agents, capabilities, priorities and limits in; starts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued task: it names an agent, or capabilities, or needs no agent at all."""

    node: str
    priority: int = 0
    age: int = 0  # its place in the order of queueing
    agent: str | None = None
    capabilities: frozenset[str] = frozenset()
    needs_agent: bool = True
    lane: str | None = None  # of tasks that share one limit, such as the items of a matrix

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key: the most urgent first, then the oldest."""
        return (-self.priority, self.age)


@dataclass(frozen=True, slots=True)
class Idle:
    """An instance that has nothing to do."""

    id: str
    name: str
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spawnable:
    """A definition of which `room` more instances may be made."""

    name: str
    capabilities: frozenset[str]
    room: int


@dataclass(frozen=True, slots=True)
class Start:
    """Give the task to an idle instance, or to a new one of `spawn`, or (neither) to no agent."""

    node: str
    agent: str | None = None
    spawn: str | None = None


def starts(
    queue: Iterable[Waiting],
    idle: Sequence[Idle],
    spawnable: Sequence[Spawnable],
    room: int,
    lanes: Mapping[str, int] | None = None,
) -> list[Start]:
    """Return what may start now, in the order of `queue`, which is sorted by `rank`.

    `room` is how many tasks more may run at all, `lanes` how many more of each lane (absent: no limit).
    A task gets the least gifted agent that has all it asks for, an idle one before a new one.
    """
    pool = _Pool(idle, spawnable)
    left = dict(lanes or {})
    chosen: list[Start] = []
    for task in queue:
        if len(chosen) >= room:
            break
        if task.lane is not None and left.get(task.lane, 1) <= 0:
            continue
        start = pool.take(task) if task.needs_agent else Start(task.node)
        if start is None:
            continue
        chosen.append(start)
        if task.lane in left:
            left[task.lane] -= 1
    return chosen


class _Pool:
    """Agents not yet given away in this plan."""

    def __init__(self, idle: Sequence[Idle], spawnable: Sequence[Spawnable]) -> None:
        self._idle = sorted(idle, key=lambda agent: (len(agent.capabilities), agent.id))
        self._spawnable = sorted(spawnable, key=lambda agent: (len(agent.capabilities), agent.name))
        self._room = {agent.name: agent.room for agent in spawnable}

    def take(self, task: Waiting) -> Start | None:
        for agent in self._idle:
            if _fits(task, agent.name, agent.capabilities):
                self._idle.remove(agent)
                return Start(task.node, agent=agent.id)
        for kind in self._spawnable:
            if self._room[kind.name] > 0 and _fits(task, kind.name, kind.capabilities):
                self._room[kind.name] -= 1
                return Start(task.node, spawn=kind.name)
        return None


def _fits(task: Waiting, name: str, capabilities: frozenset[str]) -> bool:
    return task.agent == name if task.agent is not None else task.capabilities <= capabilities
