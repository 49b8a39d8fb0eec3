"""One project with everything wired: the only place that names concrete classes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fusion_kit.bootstrap.places import link_for_people
from fusion_kit.bootstrap.premises import Premises
from fusion_kit.clock import SystemClock
from fusion_kit.coordination.attempt_folder import attempt_folder
from fusion_kit.coordination.book import Watch
from fusion_kit.coordination.requests import Again, Bundle, RunRequest, StopSignal
from fusion_kit.core.errors import FusionError, UsageError
from fusion_kit.core.run import Run
from fusion_kit.core.secrets import SHORTEST
from fusion_kit.core.task import Task

if TYPE_CHECKING:
    from fusion_kit.bootstrap.care import Care
    from fusion_kit.bootstrap.findings import Finding
    from fusion_kit.bootstrap.secret_store import SecretStore
    from fusion_kit.coordination.forecast import Forecast
    from fusion_kit.coordination.fusion import Fusion
    from fusion_kit.coordination.merging.by_hand import MergedBy
    from fusion_kit.workspaces.diffing import Diff

PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TZ"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "VIRTUAL_ENV"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_INDEX_URL", "CI"),
)


class Project(Premises):
    """The premises, and everything that can be done there."""

    def load(self, workflow: str) -> Bundle:
        """Return a workflow, by name or path; raises `InvalidDefinitions`."""
        from fusion_kit.definitions import load_workflow

        loaded = load_workflow(workflow, self.root)
        return Bundle(loaded.workflow, loaded.agents, loaded.files, loaded.digest)

    def checked_inputs(self, bundle: Bundle, given: Mapping[str, object]) -> dict[str, object]:
        """Return the inputs with their defaults; raises `UsageError` with all that is wrong."""
        from fusion_kit.definitions import checked_inputs

        return checked_inputs(bundle.workflow, given)

    def check(self, request: RunRequest) -> None:
        """Raise the `UsageError` with which a run would be refused; writes nothing."""
        from fusion_kit.bootstrap.names import refuse_names
        from fusion_kit.bootstrap.secrets import resolved
        from fusion_kit.coordination.acceptance import accepted

        asked = accepted(request, self.views, has_commits=self.has_commits())
        refuse_names(self, asked.bundle, request)
        resolved(request.bundle, request.secrets, self.known_secrets())

    @property
    def secret_store(self) -> SecretStore:
        """The secrets that `secret set` stored."""
        from fusion_kit.bootstrap.secret_store import SecretStore

        return SecretStore(self.state, SystemClock().now)

    def known_secrets(self) -> dict[str, str]:
        """Return everything that can be a secret here: what is stored, and the environment, which wins."""
        return {**self.secret_store.values(), **{name: value for name, value in os.environ.items() if value}}

    def hidden(self, what: Bundle | str, given: Mapping[str, str]) -> list[str]:
        """Return every stored secret and those of a workflow, or of the run `what`, in all values they may have."""
        from fusion_kit.bootstrap.secrets import named, named_in

        names = named_in(self.state / "runs" / self.views.run(what).id) if isinstance(what, str) else named(what)
        found = {*given.values(), *self.secret_store.values().values(), *(os.environ.get(name, "") for name in names)}
        return sorted(value for value in found if len(value) >= SHORTEST)

    def watched(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the globs whose files `--watch` watches; none means every file that Git does not ignore."""
        from fusion_kit.bootstrap.watched import patterns_of

        return patterns_of(bundle.workflow)

    def worth_a_run(self, workflow: str, paths: Sequence[Path], last: Run | None, ended_at: datetime) -> list[str]:
        """Return those of the changed `paths` for which a workflow is to run again after its `last` run.

        All of them where it cannot be read for now: then the run says why.
        """
        from fusion_kit.bootstrap.watched import worth_a_run
        from fusion_kit.core.workflow import WorkflowSpec

        try:
            spec = self.load(workflow).workflow
        except UsageError:
            spec = WorkflowSpec(workflow, ())
        return worth_a_run(self, spec, paths, last, ended_at)

    def dry_run(self, request: RunRequest) -> list[Forecast]:
        """Say for each task what would become of it, and what it misses; changes nothing, refuses what a run would."""
        from fusion_kit.bootstrap.dry_run import Foresight

        return Foresight(self, self.known_secrets()).forecast(request)

    async def run(self, request: RunRequest, watch: Watch, stop: StopSignal) -> Run:
        """Execute a workflow; raises `UsageError` before anything was started."""
        from fusion_kit.bootstrap.secrets import resolved

        secrets = resolved(request.bundle, request.secrets, self.known_secrets())
        with self._fusion(secrets) as fusion:
            await fusion.house.workspaces.freeze()
            ended = await fusion.run(replace(request, secrets=secrets), watch, stop)
        self._retire()
        return ended

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
        """Go on with a run; its secrets are asked for anew, because they were never recorded."""
        row = self.views.run(run)
        found = self._secrets_of(row.id, secrets)
        with self._fusion(found) as fusion:
            return await fusion.resume(row.id, watch, stop, found, settings=settings, waits=waits)

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
        """Have an ended run go on: what did not end well is done once more, and what came after it."""
        row = self.views.run(run)
        found = self._secrets_of(row.id, secrets)
        with self._fusion(found) as fusion:
            await fusion.house.workspaces.freeze()
            return await fusion.retry(row.id, watch, stop, found, wanted=wanted, waits=waits)

    def _secrets_of(self, run: str, given: Mapping[str, str] | None) -> dict[str, str]:
        from fusion_kit.bootstrap.archive import RunFolders
        from fusion_kit.bootstrap.secrets import resolved

        bundle, _changes = RunFolders(self.root, self.state).thaw(run)
        return resolved(bundle, given or {}, self.known_secrets())

    def pause(self, run: str, by: str) -> None:
        """Let everything of a run stand still, until `resume`; raises `NotRunning` where nobody works on it."""
        from fusion_kit.coordination.steering import wishing

        with self._fusion({}) as fusion:
            asyncio.run(wishing.pause(fusion.house, run, by))

    def let_go_on(self, run: str, by: str, settings: Mapping[str, object]) -> bool:
        """Tell a run's living owner of new settings, and to go on if it was paused; False where nobody owns it."""
        from fusion_kit.coordination.steering import wishing

        with self._fusion({}) as fusion:
            return asyncio.run(wishing.let_go_on(fusion.house, run, by, settings))

    def approve(self, run: str, task: str, inputs: Mapping[str, object], by: str) -> Task:
        """Say yes to what a task asks; raises `NothingAsked`, `TooLate` or `BadAnswer`."""
        from fusion_kit.coordination.steering import wishing

        with self._fusion({}) as fusion:
            return asyncio.run(wishing.approve(fusion.house, run, task, inputs, by))

    def reject(self, run: str, task: str, message: str, by: str) -> Task:
        """Say no to what a task asks; raises `NothingAsked` or `TooLate`."""
        from fusion_kit.coordination.steering import wishing

        with self._fusion({}) as fusion:
            return asyncio.run(wishing.reject(fusion.house, run, task, message, by))

    def _retire(self) -> None:
        """Apply the configured retention; how the run ended stands whatever becomes of this."""
        if self.config.retention_s is None:
            return
        from fusion_kit.persistence.retention import retire

        with suppress(FusionError, OSError):
            retire(
                self.state,
                older_than=timedelta(seconds=self.config.retention_s),
                now=SystemClock().now,
                project=self.config.project or self.root.name,
                source=f"retention:{os.getpid()}",
            )

    async def merge(self, run: str, into: str | None, watch: Watch) -> MergedBy:
        """Bring a run's work into a branch, through its workflow's gate; raises what `merge_run` raises."""
        from fusion_kit.coordination.merging.by_hand import merge_run

        row = self.views.run(run)
        with self._fusion({}) as fusion:
            return await merge_run(fusion.house, row, into, watch)

    def diff(self, run: str, task: str | None) -> Diff:
        """Return what a run, or one of its tasks, changed; raises `NotFound` or `NothingKept`."""
        from fusion_kit.bootstrap.differences import difference

        return difference(self, run, task)

    def cancel(self, run: str, by: str) -> None:
        """Stop a run for good: its owner does it, or where there is none this process."""
        row = self.views.run(run)
        with self._fusion({}) as fusion:
            asyncio.run(fusion.cancel(row.id, by))

    def is_owned(self, run: str) -> bool:
        """Return whether a living process works on the run; true where that cannot be found out."""
        from fusion_kit.persistence.owners import Ownership

        try:
            return Ownership(self.state, SystemClock().now).is_owned(run)
        except OSError:  # a state that we may only read
            return True

    def run_folder(self, run: str) -> Path:
        """Return the folder of a run; the output of its gate lies in `merge/<n>/` there."""
        return self.state / "runs" / run

    def attempt_folder(self, run: str, task: str, number: int) -> Path:
        """Return the folder with `out.log` and `err.log` of one attempt."""
        return attempt_folder(self.state / "runs" / run, task, number).path

    def notices(self) -> list[str]:
        """Return what a person should know before a run."""
        from fusion_kit.bootstrap.findings import notices

        return notices(self)

    def care(self) -> Care:
        """Return what lists and gets back kept work, and removes what is of no use."""
        from fusion_kit.bootstrap.care import Care

        return Care(self)

    def doctor(self, repair: bool) -> list[Finding]:  # noqa: FBT001 - the command's own flag
        """Return what is sound and what is not; with `repair` mend what can be."""
        from fusion_kit.bootstrap.findings import examine

        return examine(self, repair=repair)

    @contextmanager
    def _fusion(self, secrets: Mapping[str, str]) -> Iterator[Fusion]:
        """Give the library's face, with the ledger open for writing."""
        from fusion_kit.bootstrap.wiring import wired

        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        link_for_people(self.root, self.state)
        base_env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        with wired(self, {**self.secret_store.values(), **secrets}, base_env) as fusion:
            yield fusion


def open_project(root: Path) -> Project:
    """Return the project at `root`."""
    return Project(root)
