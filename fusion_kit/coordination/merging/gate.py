"""The gate: a command that must succeed on combined work before any branch moves. One commit is gated once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.coordination import shell_job
from fusion_kit.coordination.book import Book
from fusion_kit.coordination.contexts import text_of
from fusion_kit.coordination.house import House
from fusion_kit.coordination.shell_job import ShellJob
from fusion_kit.core import events as e
from fusion_kit.core.code import DeskOrder, Stamp
from fusion_kit.core.process import Ended, Liveness
from fusion_kit.core.run import Run
from fusion_kit.core.scope import Scope
from fusion_kit.core.workflow import WorkflowSpec

TIMEOUT_S = 3600.0  # of one run of a gate


class Stopped(Exception):
    """A person stopped the run while its work was being merged; `resume` goes on from what is there."""


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gate said of a commit; `log` is the file with what it printed."""

    passed: bool
    log: str


@dataclass(frozen=True, slots=True)
class _Trial:
    """`<run>/merge/<number>`: one run of the gate, on one commit."""

    path: Path
    commit: str
    turn: int

    @property
    def told(self) -> Path:
        return self.path / "told"

    @property
    def log(self) -> str:
        return str(self.path / "out.log")


@dataclass(eq=False, slots=True)
class Gate:
    """Runs `command` on commits in a private workspace; what an earlier owner began is found, not run again.

    `turn` counts the merges of a run: what failed in an earlier one is tried again, what passed is not.
    """

    house: House
    book: Book
    command: str
    folder: Path
    env: Mapping[str, str]
    turn: int = 1
    jobs: set[str] = field(default_factory=set)  # where whoever stops the run finds what is alive
    is_stopped: Callable[[], bool] = lambda: False

    async def judge(self, commit: str, tasks: tuple[str, ...]) -> Gated:
        """Return whether the command succeeds on a commit; raises `Stopped`, `SetupFailed`."""
        known = [trial for trial in _trials(self.folder) if trial.commit == commit]
        for trial in reversed(known):
            found = await self._found(trial)
            if found is not None and (found.passed or trial.turn == self.turn):
                return await self._told(trial, tasks, found)
        return await self._tried(commit, tasks)

    async def _found(self, trial: _Trial) -> Gated | None:
        """Return what an earlier owner's trial came to, waiting for it if it is alive; None where it says nothing."""
        attempt = _attempt(self.book.run.id, trial)
        found = await self.house.executor.reattach({attempt: trial.path})
        if found[attempt] not in (Liveness.RUNNING, Liveness.DONE):
            return None
        if found[attempt] is Liveness.RUNNING:  # perhaps its earlier owner was killed while everything stood still
            await self.house.executor.signal(attempt, "resume")
        return await self._ended(attempt, trial)

    async def _tried(self, commit: str, tasks: tuple[str, ...]) -> Gated:
        if self.is_stopped():
            raise Stopped
        trial = self._new(commit)
        attempt, run = _attempt(self.book.run.id, trial), self.book.run.id
        name = f"merge-{run[-15:]}"
        desk = await self.house.workspaces.prepare(
            DeskOrder(name, commit, stamp=Stamp(run, "merge", attempt, name), keeps=False)
        )
        # one file with everything, in the order in which it was printed
        env = {**self.env, "FUSION_TASK_ID": "merge", "FUSION_ATTEMPT": trial.path.name}
        job = ShellJob(attempt, trial.path, f"exec 2>&1\n{self.command}", desk.path, env, TIMEOUT_S)
        await shell_job.begin(self.house, job)
        found = await self._ended(attempt, trial)
        if found is None:
            return await self._tried(commit, tasks)
        return await self._told(trial, tasks, found)

    async def _ended(self, attempt: str, trial: _Trial) -> Gated | None:
        """Wait for it; None where it vanished or was stopped, which says nothing of the work."""
        self.jobs.add(attempt)
        try:
            if self.is_stopped():  # before anybody could find it among the jobs
                await self.house.executor.cancel(attempt)
            ended = await self.house.executor.wait(attempt)
        finally:
            self.jobs.discard(attempt)
        if self.is_stopped():
            raise Stopped
        if ended.reason in (Ended.STOPPED, Ended.LOST):
            return None
        return Gated(ended.reason is Ended.EXIT and ended.code == 0, trial.log)

    async def _told(self, trial: _Trial, tasks: tuple[str, ...], found: Gated) -> Gated:
        """Tell the ledger, once."""
        if not trial.told.exists():
            self.book.note(e.MergeGated(trial.commit, tasks, found.passed, found.log))
            await self.book.flush()
            trial.told.touch()
        return found

    def _new(self, commit: str) -> _Trial:
        number = 1 + max((int(trial.path.name) for trial in _trials(self.folder)), default=0)
        path = self.folder / str(number)
        path.mkdir(mode=0o700, parents=True)
        (path / "gate.json").write_text(
            json.dumps({"commit": commit, "turn": self.turn, "command": self.command}), encoding="utf-8"
        )
        return _Trial(path, commit, self.turn)


def _trials(folder: Path) -> list[_Trial]:
    """Return the trials there are, in order; one whose owner was killed while it wrote down what for is none."""
    trials = []
    for path in folder.glob("[0-9]*"):
        try:
            facts = json.loads((path / "gate.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            facts = {"commit": "", "turn": 0}
        trials.append(_Trial(path, facts["commit"], facts["turn"]))
    return sorted(trials, key=lambda trial: int(trial.path.name))


def trials(folder: Path, run: str) -> dict[str, Path]:
    """Return the runs of a gate that there ever were (attempt -> its folder); any of them may be alive."""
    return {_attempt(run, trial): trial.path for trial in _trials(folder)}


def _attempt(run: str, trial: _Trial) -> str:
    return f"{run}-merge-{trial.path.name}"


def open_environment(house: House, run: Run, workflow: WorkflowSpec) -> dict[str, str]:
    """Return what a command of the run as a whole may know: everything but secrets."""
    facts = {"id": run.id, "workflow": run.workflow, "base": run.base, "target": run.target}
    scope = Scope(inputs=run.inputs, env=house.base_env, run=facts)
    env = dict(house.base_env)
    for name, template in workflow.env.items():
        if "secrets." not in template:
            env[name] = text_of(house.expressions.value(template, scope))
    if isinstance(chosen := run.settings.get("env"), Mapping):
        env.update({str(name): str(value) for name, value in chosen.items()})
    env.update({"INPUT_" + name.upper().replace("-", "_"): text_of(value) for name, value in run.inputs.items()})
    return {**env, "FUSION_PROJECT_ROOT": str(house.root), "FUSION_RUN_ID": run.id}
