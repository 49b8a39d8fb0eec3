"""The live state of one run in its owner's hands; everything durable is in the book."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from fusion_kit.coordination.attempt_folder import AttemptFolder, attempt_folder
from fusion_kit.coordination.book import Book
from fusion_kit.coordination.frames import Frame, Node
from fusion_kit.coordination.house import House
from fusion_kit.coordination.lookout import Lookout
from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.code import Repository
from fusion_kit.core.errors import NotFound
from fusion_kit.core.plan import Waiting
from fusion_kit.core.process import Liveness
from fusion_kit.core.workflow import AgentSpec, Kind, WorkspaceMode

SHELL = "shell"


class Stopping(Enum):
    """Why nothing more is started."""

    NOT = "not"
    INTERRUPT = "interrupt"  # a person at this terminal; `resume` goes on
    KILL = "kill"  # the same, at once
    CANCEL = "cancel"  # a person, for good


@dataclass(eq=False, slots=True)
class Work:
    """One attempt: who does what, where, from which commit."""

    node: Node
    attempt: str
    number: int
    agent: AgentSpec
    mode: WorkspaceMode
    folder: AttemptFolder
    instance: str | None = None
    base: str | None = None
    branch: str | None = None
    found: Liveness = Liveness.NEVER  # what an earlier owner left of it
    workspace: str | None = None  # the folder it works in: its instance's own, or the run's shared one
    is_stopped: bool = False  # by a person or a sibling, perhaps before anything of it began
    slot: int = 0  # its place among those running now; ports are dealt by it


@dataclass(eq=False, slots=True)
class Execution:
    """What one owner holds while a run is alive."""

    house: House
    book: Book
    bundle: Bundle
    repository: Repository | None
    secrets: Mapping[str, str]
    inbox: asyncio.Queue[object] = field(default_factory=asyncio.Queue)
    frames: list[Frame] = field(default_factory=list)
    fresh: deque[Frame] = field(default_factory=deque)  # frames in which a node may have become ready
    nodes: dict[str, Node] = field(default_factory=dict)
    queue: list[Waiting] = field(default_factory=list)  # sorted by rank
    bases: dict[str, str | None] = field(default_factory=dict)
    unsettled: list[Node] = field(default_factory=list)  # queued, the commit they start from not yet found
    found: dict[str, Liveness] = field(default_factory=dict)  # attempts an earlier owner began, and what became of them
    left: list[Node] = field(default_factory=list)  # whose attempts an earlier owner began
    running: dict[str, Work] = field(default_factory=dict)
    asking: dict[str, str] = field(default_factory=dict)  # nodes that wait for an answer -> the approval's id
    errands: set[asyncio.Task[None]] = field(default_factory=set)  # of the engine's own, such as the landing
    lookout: Lookout | None = None
    foreseen: set[frozenset[str]] = field(default_factory=set)  # pairs of tasks of whose conflict was told
    foreseeing: asyncio.Lock = field(default_factory=asyncio.Lock)
    jobs: set[str] = field(default_factory=set)  # attempts of jobs that are no task's, such as the gate's
    resting: set[str] = field(default_factory=set)  # nodes that wait for the delay of a retry
    background: set[asyncio.Task[None]] = field(default_factory=set)
    stopping: Stopping = Stopping.NOT
    is_paused: bool = False  # by a person; everything of it stands still
    waits: bool = False  # for people, when nothing else is left to do
    question: str = ""  # why the run stops and asks a person to look
    shared: tuple[str, str] | None = None  # when the run's shared workspace was last left, and at which commit
    branch: str | None = None  # the branch that took the run's work
    ending: Frame | None = None  # the frame of `finally`
    landed: str | None = None  # the commit of the run's result
    failure: Mapping[str, object] | None = None  # of the run as a whole, such as a merge that failed
    queued: int = 0

    @property
    def settings(self) -> Mapping[str, object]:
        """What was chosen when the run began: `max_parallel`, `keep_going`, `env`."""
        return self.book.run.settings

    @property
    def keep_going(self) -> bool:
        """Whether what does not depend on a failure is still started."""
        return bool(self.settings.get("keep_going"))

    @property
    def max_parallel(self) -> int:
        """How many attempts may be alive at once."""
        wanted = self.settings.get("max_parallel") or self.bundle.workflow.max_parallel
        return int(str(wanted)) if wanted else self.house.max_parallel

    def in_background(self, doing: Coroutine[object, object, None], name: str | None = None) -> None:
        """Do something while the run lives; what is not done when it ends is given up."""
        task = asyncio.create_task(doing, name=name)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def tell(self, attempt: str, word: str) -> None:
        """Have the executor `pause`, `resume`, `kill` or `cancel` an attempt; one that has not begun hears nothing."""
        executor = self.house.executor
        with suppress(NotFound):
            await (executor.cancel(attempt) if word == "cancel" else executor.signal(attempt, word))

    def add(self, frame: Frame) -> None:
        """Take a new frame in."""
        self.frames.append(frame)
        self.fresh.append(frame)
        for node in frame.nodes.values():
            self.nodes[node.id] = node

    def folder(self, node: str, number: int) -> AttemptFolder:
        """Return the folder of an attempt."""
        return attempt_folder(self.house.archive.folder(self.book.run.id), node, number)

    def mode(self, node: Node) -> WorkspaceMode:
        """Return where a node works: what it says, else a worktree of its own where there is a repository."""
        agent = self.bundle.agents.get(node.spec.agent or "")
        if self.repository is None or (agent is not None and agent.isolation == "none"):
            return WorkspaceMode.NONE
        return node.spec.workspace or WorkspaceMode.OWN

    def agent_spec(self, name: str) -> AgentSpec:
        """Return an agent's definition; `shell` is built in and does every `run:` task."""
        if name == SHELL:
            return AgentSpec(name=SHELL, provider=SHELL, max_parallel=self.max_parallel)
        return self.bundle.agents[name]

    def waiting(self, node: Node) -> Waiting:
        """Return a node as the plan sees it, at the end of the queue."""
        self.queued += 1
        spec, mode = node.spec, self.mode(node)
        is_shell = spec.kind is Kind.RUN
        lane = "workspace:run" if mode is WorkspaceMode.RUN else node.lane
        return Waiting(
            node.id,
            priority=spec.priority,
            age=self.queued,
            agent=SHELL if is_shell else spec.agent,
            capabilities=spec.capabilities,
            needs_agent=not is_shell or mode is WorkspaceMode.OWN,
            lane=lane,
        )
