"""What ended runs left behind in a real repository, and a look at it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fusion_kit.bootstrap.cleaning import Cleaning, Item, cleaning
from fusion_kit.bootstrap.premises import Premises
from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from fusion_kit.core.leftovers import Standing
from fusion_kit.persistence.ledger import Ledger
from tests.workspaces.project import Project

RUN = "run-1"
FAR = datetime(2100, 1, 1, tzinfo=UTC)  # everything is older
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@contextmanager
def ledger_of(project: Project) -> Iterator[Ledger]:
    """Open the log for writing, on a day long ago."""
    ledger = Ledger.open(project.state, project="shop", source="test", now=lambda: NOW)
    try:
        yield ledger
    finally:
        ledger.close()


def ended(project: Project, *, state: str = "completed", agents: tuple[str, ...] = ("coder-1",)) -> None:
    """Record a run of which nothing is going on any more."""
    (project.top / ".fusion").mkdir(exist_ok=True)
    begun = [Draft(e.RunQueued("flow"), run=RUN), Draft(e.RunStarted(), run=RUN)]
    for agent in agents:
        begun += [Draft(e.AgentSpawned("coder"), run=RUN, agent=agent), Draft(e.AgentIdle(), run=RUN, agent=agent)]
    ends: dict[str, e.RunCompleted | e.RunFailed | e.RunPaused]
    ends = {"completed": e.RunCompleted(), "failed": e.RunFailed({"code": "x"}), "paused": e.RunPaused("x")}
    with ledger_of(project) as ledger:
        ledger.commit([*begun, Draft(ends[state], run=RUN)])


def cleaning_of(project: Project) -> Cleaning:
    """Return what a new process would clean with."""
    return cleaning(Premises(project.top))


def swept(project: Project, before: datetime = FAR) -> list[Item]:
    """Clean, and return what became of each thing."""
    found = cleaning_of(project)
    try:
        return list(found.carry_out(found.plan(before), lambda _: None))
    finally:
        found.close()


def standings(items: list[Item]) -> dict[str, tuple[str, Standing, str]]:
    """Return kind, standing and reason of each thing by its name."""
    return {item.relic.subject: (item.relic.kind, item.judgement.standing, item.judgement.reason) for item in items}


@contextmanager
def living_in(folder: Path) -> Iterator[int]:
    """Have a process at home in a folder."""
    with subprocess.Popen(["/bin/cat"], cwd=folder, stdin=subprocess.PIPE) as child:
        yield child.pid
        if child.stdin is not None:
            child.stdin.close()


def kept_files(project: Project) -> dict[str, str]:
    """Return the files under the only salvage ref."""
    (ref,) = project.salvaged()
    return project.files(ref)
