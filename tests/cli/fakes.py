"""A project whose runs are plays: a real ledger and real views, and events that are told instead of caused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fusion_kit.cli.project import Watch
from fusion_kit.coordination.requests import Bundle, RunRequest, StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import Draft
from fusion_kit.core.run import Run
from fusion_kit.core.workflow import Kind, TaskSpec, WorkflowSpec
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.views import Views

RUN = "hello-20260131-abcdef"


class NoSuchWorkflow(UsageError):
    """There is no workflow {name!r}."""

    hint = "`fusion-kit list` lists them."


@dataclass(frozen=True)
class Prediction:
    """One line of a dry run."""

    node: str
    verdict: str = "run"
    until: str | None = None
    reason: str = ""
    agent: str | None = None
    model: str | None = None
    provider: str | None = None
    origin: str | None = None
    missing: tuple[str, ...] = ()
    cost_bound: float | None = None


@dataclass(frozen=True)
class Found:
    """One finding of the doctor."""

    level: str
    subject: str
    text: str
    hint: str = ""


class Clock:
    """A tenth of a second passes at every look."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(milliseconds=100)
        return self.time


Play = Callable[["FakeProject", StopSignal], Awaitable[None]]


class FakeProject:
    """Fits `cli.project.Project`; `play` tells what happens when a run is asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "state"
        self.views = Views(self.state)
        self.clock = Clock()
        self.play: Play | None = None
        self.forecasts: list[Prediction] = []
        self.findings: list[Found] = []
        self.warnings: list[str] = []
        self.requests: list[RunRequest] = []
        self.workflow = WorkflowSpec("hello", (TaskSpec("plan", Kind.RUN, run="true"),), inputs={})
        self.secrets: dict[str, str] = {}
        self.has_owner = True
        self._watch: Watch | None = None

    def tell(self, *drafts: Draft) -> None:
        """Write down what happened, all at once, and show it to whoever watches."""
        with self._ledger() as ledger:
            found = ledger.commit(list(drafts))
        for event in found:
            if self._watch:
                self._watch(event)

    def says(self, task: str, out: bytes = b"", err: bytes = b"", number: int = 1) -> None:
        """Write what a task printed."""
        folder = self.attempt_folder(RUN, task, number)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "out.log").write_bytes(out)
        (folder / "err.log").write_bytes(err)

    def load(self, workflow: str) -> Bundle:
        if workflow != self.workflow.name:
            raise NoSuchWorkflow(name=workflow)
        return Bundle(self.workflow, {}, {}, "d1")

    def checked_inputs(self, bundle: Bundle, given: Mapping[str, object]) -> dict[str, object]:
        return dict(given)

    def check(self, request: RunRequest) -> None:
        """Nothing is refused here."""

    def dry_run(self, request: RunRequest) -> Sequence[Prediction]:
        self.requests.append(request)
        return self.forecasts

    async def run(self, request: RunRequest, watch: Watch, stop: StopSignal) -> Run:
        self.requests.append(request)
        return await self._played(watch, stop)

    async def resume(self, run: str, watch: Watch, stop: StopSignal, secrets: Mapping[str, str] | None = None) -> Run:
        self.secrets = dict(secrets or {})
        return await self._played(watch, stop)

    def cancel(self, run: str, by: str) -> None:
        self.tell(Draft(e.RunCancelRequested(by=by), run=run), Draft(e.RunCancelled(by=by), run=run))

    def is_owned(self, run: str) -> bool:
        return self.has_owner

    def attempt_folder(self, run: str, task: str, number: int) -> Path:
        return self.state / "runs" / run / "tasks" / task / str(number)

    def notices(self) -> list[str]:
        return self.warnings

    def doctor(self, repair: bool) -> Sequence[Found]:
        return [*self.findings, Found("ok", "log", "repaired")] if repair else self.findings

    async def _played(self, watch: Watch, stop: StopSignal) -> Run:
        assert self.play is not None
        self._watch = watch
        try:
            await self.play(self, stop)
        finally:
            self._watch = None
        return self.views.run(RUN)

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        ledger = Ledger.open(self.state, project="demo", source="test", now=self.clock)
        try:
            yield ledger
        finally:
            ledger.close()


@dataclass
class FakeProjects:
    """Fits `cli.project.Projects`."""

    project: FakeProject

    def find(self, start: Path) -> Path:
        return self.project.root

    def open(self, root: Path) -> FakeProject:
        return self.project
