"""Runs of earlier days, some ended and some not, and a retention of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from fusion_kit.core.fold import World
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task
from fusion_kit.persistence.checkpoint import checkpoint_name, decoded, newest
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.doctor import Ill, verify
from fusion_kit.persistence.ledger import Ledger, Sizes
from fusion_kit.persistence.retention import Retired, retire
from tests.persistence.ground import NOON, Hasty, log_events
from tests.persistence.histories import Batch

DAY = timedelta(days=1)
OLD, PAUSED, RETRIED, NEW = (
    "old-20261101-aaaaaa",
    "paused-20261101-bbbbbb",
    "again-20261101-cccccc",
    "new-20261122-dddddd",
)
ONE_EACH = Sizes(segment_bytes=1, ballast_bytes=1)

Story = list[tuple[int, Batch]]  # on which day, what
STORY: Story = [
    (1, [Draft(e.RunQueued("flow"), run=OLD), Draft(e.TaskCreated("run"), run=OLD, task="plan")]),
    (1, [Draft(e.AgentSpawned("coder"), agent="coder-1"), Draft(e.AgentSpawned("coder"), agent="coder-2")]),
    (2, [Draft(e.RunQueued("flow", inputs={"x": ["é"]}), run=PAUSED), Draft(e.RunStarted(), run=PAUSED)]),
    (2, [Draft(e.TaskCreated("run", needs=("a", "b")), run=PAUSED, task="plan")]),
    (2, [Draft(e.RunPaused("asked"), run=PAUSED), Draft(e.AgentTerminated(), agent="coder-2")]),
    (3, [Draft(e.RunQueued("flow"), run=RETRIED), Draft(e.RunFailed({"code": "x"}), run=RETRIED)]),
    (3, [Draft(e.RunCancelled(), run=OLD)]),
    (20, [Draft(e.RunQueued("flow"), run=NEW)]),
    (21, [Draft(e.RunResumed(), run=RETRIED), Draft(e.RunCancelled(), run=NEW)]),
]


def on(day: int) -> Callable[[], datetime]:
    return lambda: NOON + day * DAY


def tell(state: Path, story: Story = STORY, sizes: Sizes = ONE_EACH) -> None:
    for day, batch in story:
        ledger = Ledger.open(state, project="demo", source="test", now=on(day), disk=Hasty(), sizes=sizes)
        ledger.commit(batch)
        ledger.close()


def clean(state: Path, days: float, *, today: int = 22, disk: Disk | None = None, sizes: Sizes = ONE_EACH) -> Retired:
    age = timedelta(days=days)
    return retire(
        state, older_than=age, now=on(today), project="demo", source="test", disk=disk or Hasty(), sizes=sizes
    )


def world_of(state: Path) -> World:
    """What the checkpoint and the log behind it fold to."""
    world, folder = World(), state / "log"
    first = newest(Disk(), folder)
    if first:
        checkpoint = decoded((folder / checkpoint_name(first)).read_bytes())
        assert checkpoint
        for entity in (held.entity for held in checkpoint.held):
            if isinstance(entity, Run):
                world.runs[entity.id] = entity
            elif isinstance(entity, Task):
                world.tasks[entity.run, entity.id] = entity
            else:
                world.agents[entity.id] = entity
    for event in log_events(state):
        if event.seq >= first:
            world.apply(event)
    return world


def everything(state: Path) -> dict[str, bytes]:
    return {path.relative_to(state).as_posix(): path.read_bytes() for path in state.rglob("*") if path.is_file()}


def ills(state: Path) -> list[Ill]:
    return [finding.ill for finding in verify(state)]
