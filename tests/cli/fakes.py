"""A project whose runs are plays: a real ledger and real views, and events that are told instead of caused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fusion_kit.bootstrap.secret_store import SecretStore
from fusion_kit.cli.asking import form_of
from fusion_kit.cli.project import Watch
from fusion_kit.coordination.requests import Again, Bundle, RunRequest, StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import Draft
from fusion_kit.core.forms import filled
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task
from fusion_kit.core.workflow import Kind, TaskSpec, WorkflowSpec
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.views import Views
from tests.cli.caring import Caring

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


@dataclass(frozen=True)
class MergedWork:
    """Where a run's work lies."""

    branch: str | None = None
    commit: str | None = None
    waiting: str | None = None


@dataclass(frozen=True)
class Changed:
    """One file that differs."""

    path: str
    status: str = "M"
    added: int | None = 1
    removed: int | None = 0
    renamed_from: str | None = None


@dataclass(frozen=True)
class Changes:
    """What a run changed."""

    files: Sequence[Changed] = ()
    patch: bytes = b""


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
        self.obeys = True
        self.asked: list[tuple[object, ...]] = []
        self.merged = MergedWork()
        self.changes = Changes()
        self.caring = Caring()
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

    @property
    def secret_store(self) -> SecretStore:
        return SecretStore(self.state, self.clock)

    def watched(self, bundle: Bundle) -> tuple[str, ...]:
        return ()

    def worth_a_run(self, workflow: str, paths: Sequence[Path], last: Run | None, ended_at: datetime) -> list[str]:
        return []

    def load(self, workflow: str) -> Bundle:
        if workflow != self.workflow.name:
            raise NoSuchWorkflow(name=workflow)
        return Bundle(self.workflow, {}, {}, "d1")

    def checked_inputs(self, bundle: Bundle, given: Mapping[str, object]) -> dict[str, object]:
        return dict(given)

    def check(self, request: RunRequest) -> None:
        """Nothing is refused here."""

    def hidden(self, what: Bundle | str, given: Mapping[str, str]) -> list[str]:
        return [*given.values()]

    def dry_run(self, request: RunRequest) -> Sequence[Prediction]:
        self.requests.append(request)
        return self.forecasts

    async def run(self, request: RunRequest, watch: Watch, stop: StopSignal) -> Run:
        self.requests.append(request)
        return await self._played(watch, stop)

    async def resume(
        self,
        run: str,
        watch: Watch,
        stop: StopSignal,
        secrets: Mapping[str, str] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
        waits: bool = False,
    ) -> Run:
        self.secrets = dict(secrets or {})
        self.asked.append(("resume", run, dict(settings or {}), waits))
        return await self._played(watch, stop)

    async def retry(
        self,
        run: str,
        watch: Watch,
        stop: StopSignal,
        secrets: Mapping[str, str] | None = None,
        *,
        wanted: Again,
        waits: bool = False,
    ) -> Run:
        self.secrets = dict(secrets or {})
        self.asked.append(("retry", run, wanted.from_task, wanted.only, waits))
        return await self._played(watch, stop)

    def pause(self, run: str, by: str) -> None:
        self.tell(Draft(e.RunPauseRequested(by=by), run=run))
        if self.obeys:
            self.tell(Draft(e.RunPaused(reason=f"paused by {by}"), run=run))

    def let_go_on(self, run: str, by: str, settings: Mapping[str, object]) -> bool:
        self.asked.append(("let_go_on", run, dict(settings)))
        return self.has_owner

    def approve(self, run: str, task: str, inputs: Mapping[str, object], by: str) -> Task:
        row = next(row for row in self.views.tasks(run) if row.id == task)
        values = filled(form_of(row.waits), inputs, "field", None).values
        self.tell(Draft(e.TaskApproved(approval="q1", by=by, inputs=values), run=run, task=task))
        return next(row for row in self.views.tasks(run) if row.id == task)

    def reject(self, run: str, task: str, message: str, by: str) -> Task:
        self.tell(Draft(e.TaskRejected(approval="q1", by=by, message=message), run=run, task=task))
        return next(row for row in self.views.tasks(run) if row.id == task)

    async def merge(self, run: str, into: str | None, watch: Watch) -> MergedWork:
        self.asked.append(("merge", run, into))
        self._watch = watch
        self.tell(Draft(e.MergeGated(commit="d" * 40, tasks=("plan", "build"), passed=True), run=run))
        self._watch = None
        return self.merged

    def diff(self, run: str, task: str | None) -> Changes:
        self.asked.append(("diff", run, task))
        return self.changes

    def run_folder(self, run: str) -> Path:
        return self.state / "runs" / run

    def cancel(self, run: str, by: str) -> None:
        self.tell(Draft(e.RunCancelRequested(by=by), run=run), Draft(e.RunCancelled(by=by), run=run))

    def is_owned(self, run: str) -> bool:
        return self.has_owner

    def attempt_folder(self, run: str, task: str, number: int) -> Path:
        return self.state / "runs" / run / "tasks" / task / str(number)

    def notices(self) -> list[str]:
        return self.warnings

    def care(self) -> Caring:
        return self.caring

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
