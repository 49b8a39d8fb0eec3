"""What may start now: ready tasks, idle agents, capabilities, priorities and limits in; starts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


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
    touches: tuple[str, ...] | None = None  # globs of what it may write; None: nobody has looked yet

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


@dataclass(frozen=True, slots=True)
class Hold:
    """A task that could start but for what others have taken: `reason` is `budget` or `lock`."""

    node: str
    reason: str
    message: str = ""


class Allowance(Protocol):
    """What is shared by all tasks and runs out: money, and the right to write somewhere."""

    def admits(self, task: Waiting) -> Hold | None:
        """Return why the task must wait; None if it may start now."""
        ...

    def take(self, task: Waiting) -> None:
        """Note that an admitted task starts: those asked for next see less."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What may start now, in order, and what the allowance alone holds back: no more of it than there was room for."""

    starts: list[Start] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)


def planned(
    queue: Iterable[Waiting],
    idle: Sequence[Idle],
    spawnable: Sequence[Spawnable],
    room: int,
    lanes: Mapping[str, int] | None = None,
    allowance: Allowance | None = None,
) -> Plan:
    """Return what may start now, in the order of `queue`, which is sorted by `rank`.

    `room` is how many tasks more may run at all, `lanes` how many more of each lane (absent: no limit).
    A task gets the least gifted agent that has all it asks for, an idle one before a new one; the allowance is asked
    about a task only when nothing else is in its way.
    """
    pool = _Pool(idle, spawnable)
    left = dict(lanes or {})
    plan = Plan()
    for task in queue:
        if len(plan.starts) >= room:
            break
        if task.lane is not None and left.get(task.lane, 1) <= 0:
            continue
        start = pool.found(task) if task.needs_agent else Start(task.node)
        if start is None:
            continue
        hold = allowance.admits(task) if allowance is not None else None
        if hold is not None:
            plan.held.append(hold)
            continue
        if allowance is not None:
            allowance.take(task)
        pool.give(start)
        plan.starts.append(start)
        if task.lane in left:
            left[task.lane] -= 1
    del plan.held[max(room, 0) :]
    return plan


class _Pool:
    """Agents not yet given away in this plan."""

    def __init__(self, idle: Sequence[Idle], spawnable: Sequence[Spawnable]) -> None:
        self._idle = {agent.id: agent for agent in sorted(idle, key=lambda agent: (len(agent.capabilities), agent.id))}
        self._spawnable = sorted(spawnable, key=lambda agent: (len(agent.capabilities), agent.name))
        self._room = {agent.name: agent.room for agent in spawnable}

    def found(self, task: Waiting) -> Start | None:
        for agent in self._idle.values():
            if _fits(task, agent.name, agent.capabilities):
                return Start(task.node, agent=agent.id)
        for kind in self._spawnable:
            if self._room[kind.name] > 0 and _fits(task, kind.name, kind.capabilities):
                return Start(task.node, spawn=kind.name)
        return None

    def give(self, start: Start) -> None:
        if start.agent is not None:
            del self._idle[start.agent]
        elif start.spawn is not None:
            self._room[start.spawn] -= 1


def _fits(task: Waiting, name: str, capabilities: frozenset[str]) -> bool:
    return task.agent == name if task.agent is not None else task.capabilities <= capabilities
