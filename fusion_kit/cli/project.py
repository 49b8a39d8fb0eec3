"""What the commands need of the rest of fusion-kit, in their own words; it is loaded only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from fusion_kit.cli.answers import Diff, Finding, Forecast, Merged
    from fusion_kit.cli.care import Care
    from fusion_kit.cli.secret_keeping import Secrets
    from fusion_kit.coordination.requests import Again, Bundle, RunRequest, StopSignal
    from fusion_kit.core.agent import Agent
    from fusion_kit.core.events import Event, Severity
    from fusion_kit.core.run import Run
    from fusion_kit.core.states import RunState, TaskState
    from fusion_kit.core.task import Task

Watch = Callable[["Event"], None]  # told of every event of a run, as it happens


class Views(Protocol):
    """The one place to ask what is and what was."""

    def run(self, run: str) -> Run:
        """Return the run with this id or unique prefix; raises `NotFound`."""
        ...

    def runs(
        self,
        states: Collection[RunState] | None = None,
        workflow: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
        after: int | None = None,
    ) -> list[Run]:
        """Return runs, the newest first; `after` is the `cursor` of the last one seen."""
        ...

    def count_runs(
        self, states: Collection[RunState] | None = None, workflow: str | None = None, since: datetime | None = None
    ) -> int:
        """Return how many runs `runs` would hold without its limit."""
        ...

    def cursor(self, run: str) -> int:
        """Return where a list of runs goes on behind `run`."""
        ...

    def tasks(self, run: str) -> list[Task]:
        """Return the nodes of a run in the order in which they were created."""
        ...

    def counts(self, run: str) -> dict[TaskState, int]:
        """Return how many nodes of a run are in each state that any is in."""
        ...

    def agents(self, name: str | None = None) -> list[Agent]:
        """Return all instances of agents, by id."""
        ...

    def events(  # noqa: PLR0913 - one name for each thing a person may ask for
        self,
        after: int = 0,
        *,
        type: str | None = None,  # noqa: A002 - the field's own name
        run: str | None = None,
        task: str | None = None,
        agent: str | None = None,
        severity: Severity | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Event]:
        """Return the first `limit` events behind `after` for which everything given holds."""
        ...

    def last_seq(self) -> int:
        """Return the place of the last event."""
        ...


class Project(Protocol):
    """One project: a folder with `.fusion/` in it."""

    @property
    def root(self) -> Path:
        """The folder that holds `.fusion/`."""
        ...

    @property
    def views(self) -> Views:
        """The one place to ask."""
        ...

    @property
    def secret_store(self) -> Secrets:
        """The secrets that `secret set` stored."""
        ...

    def load(self, workflow: str) -> Bundle:
        """Return a workflow, by name or path; raises `InvalidDefinitions`."""
        ...

    def checked_inputs(self, bundle: Bundle, given: Mapping[str, object]) -> dict[str, object]:
        """Return the inputs with their defaults; raises `UsageError` with all that is wrong."""
        ...

    def check(self, request: RunRequest) -> None:
        """Raise the `UsageError` with which a run would be refused; writes nothing."""
        ...

    def hidden(self, what: Bundle | str, given: Mapping[str, str]) -> Sequence[str]:
        """Return every secret of a workflow, or of the run `what`, in the values they have now."""
        ...

    def watched(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the globs whose files `--watch` watches; none means every file that Git does not ignore."""
        ...

    def worth_a_run(self, workflow: str, paths: Sequence[Path], last: Run | None, ended_at: datetime) -> list[str]:
        """Return those of the changed `paths` for which a workflow is to run again after its `last` run."""
        ...

    def dry_run(self, request: RunRequest) -> Sequence[Forecast]:
        """Say for each task what would become of it; changes nothing, and refuses what a run would refuse."""
        ...

    async def run(self, request: RunRequest, watch: Watch, stop: StopSignal) -> Run:
        """Execute a workflow."""
        ...

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
        """Go on with a run; its secrets are given anew, because they were never recorded.

        `settings` take the place of those it had; `waits` says whether it may wait for a person.
        """
        ...

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
        """Have an ended run go on: what did not end well is done once more, and what comes after it."""
        ...

    def pause(self, run: str, by: str) -> None:
        """Have the run's living owner let everything of it stand still; raises `UsageError` where there is none."""
        ...

    def let_go_on(self, run: str, by: str, settings: Mapping[str, object]) -> bool:
        """Tell the run's living owner to go on, and of new settings; False where nobody owns it."""
        ...

    def approve(self, run: str, task: str, inputs: Mapping[str, object], by: str) -> Task:
        """Say yes to the question a task asks; raises `UsageError` with every complaint about the inputs."""
        ...

    def reject(self, run: str, task: str, message: str, by: str) -> Task:
        """Say no to the question a task asks."""
        ...

    async def merge(self, run: str, into: str | None, watch: Watch) -> Merged:
        """Bring the work of a run into a branch, its own target where none is named, through its gate."""
        ...

    def diff(self, run: str, task: str | None) -> Diff:
        """Return what a run, or one of its tasks, changed."""
        ...

    def cancel(self, run: str, by: str) -> None:
        """Stop a run for good."""
        ...

    def is_owned(self, run: str) -> bool:
        """Return whether a living process works on the run."""
        ...

    def run_folder(self, run: str) -> Path:
        """Return the folder of a run; the output of its gate lies in `merge/<n>/` there."""
        ...

    def attempt_folder(self, run: str, task: str, number: int) -> Path:
        """Return the folder with `out.log` and `err.log` of one attempt."""
        ...

    def notices(self) -> list[str]:
        """Return what a person should know before a run."""
        ...

    def care(self) -> Care:
        """Return what lists and gets back kept work, and removes what is of no use."""
        ...

    def doctor(self, repair: bool) -> Sequence[Finding]:
        """Return what is sound and what is not."""
        ...


class Projects(Protocol):
    """The way in."""

    def find(self, start: Path) -> Path:
        """Return the folder at or above `start` that holds `.fusion/`; raises `NoProject`."""
        ...

    def open(self, root: Path) -> Project:
        """Return the project at `root`."""
        ...


class Bootstrap:
    """The real way in."""

    def find(self, start: Path) -> Path:
        """Return the folder at or above `start` that holds `.fusion/`; raises `NoProject`."""
        from fusion_kit import bootstrap

        return bootstrap.find_project(start)

    def open(self, root: Path) -> Project:
        """Return the project at `root`."""
        from fusion_kit import bootstrap

        return bootstrap.open_project(root)
