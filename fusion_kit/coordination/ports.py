"""What the engine needs of the world, in its own words; the columns fit these without importing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.agent import Agent
from fusion_kit.core.code import Desk, DeskOrder, KeepOrder, Kept, Landing, Marked, Outside, OutsideChange, Repository
from fusion_kit.core.events import Draft, Event
from fusion_kit.core.process import Exit, Job, Liveness
from fusion_kit.core.run import Run
from fusion_kit.core.scope import Scope
from fusion_kit.core.task import Task
from fusion_kit.core.work import Invocation, Order, Report, Transcript
from fusion_kit.core.workflow import AgentSpec


class Clock(Protocol):
    """Time is asked for, never taken."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class Ids(Protocol):
    """Chance is asked for, never taken."""

    def chance(self, length: int) -> str:
        """Return `length` random characters of lower-case base32."""
        ...


class Ledger(Protocol):
    """The one door through which state changes."""

    async def append(self, drafts: Sequence[Draft]) -> list[Event]:
        """Write all of `drafts` durably, or none, and return them as events.

        Raises `IllegalMove` if the rows they are about do not allow them (another process was quicker),
        `LedgerFull` when the disk is, `LedgerDamaged` when the log cannot be trusted.
        """
        ...

    def news(self) -> list[Event]:
        """Return what was written since the last call, by this process and by others, in order."""
        ...


class Views(Protocol):
    """The one place to ask."""

    def run(self, run: str) -> Run:
        """Return the run; raises `NotFound`."""
        ...

    def runs(self, *, workflow: str | None = None, limit: int = 100) -> list[Run]:
        """Return runs, newest first."""
        ...

    def tasks(self, run: str) -> list[Task]:
        """Return the nodes of a run in the order in which they were created."""
        ...

    def agents(self, name: str | None = None) -> list[Agent]:
        """Return all instances, or those of one definition, by id."""
        ...

    def made_from(self, cache_key: str) -> Task | None:
        """Return the latest task that was done with this cache key; None where there is none."""
        ...


class Workspaces(Protocol):
    """Places to work, and the code that moves between them."""

    async def repository(self) -> Repository | None:
        """Return what is true of the person's repository now; None where there is none."""
        ...

    async def combine(self, parents: Mapping[str, str]) -> str:
        """Return one commit that holds all parents' (task -> commit) work; raises `CommitConflict`."""
        ...

    async def prepare(self, order: DeskOrder) -> Desk:
        """Make the agent's workspace stand clean at a commit; what lay there and no branch holds is salvaged first."""
        ...

    async def keep(self, order: KeepOrder) -> Kept:
        """Commit what an ended attempt left; called again for the same attempt it answers the same.

        Raises `PolicyRefusal`.
        """
        ...

    async def freeze(self) -> None:
        """Take over the person's filters and identity, before any agent of a run can touch them."""
        ...

    async def tip(self, branch: str) -> str | None:
        """Return the commit a branch stands at; None where there is no such branch."""
        ...

    async def assemble(self, landing: Landing) -> str:
        """Return the commit that the landing would bring its branch to, without moving the branch.

        The same landing always gives the same commit. Raises `CommitConflict`.
        """
        ...

    async def publish(self, landing: Landing, commit: str) -> None:
        """Move the branch from `landing.expected` to `commit`, by compare-and-swap; done before, it does nothing.

        Raises `RefMoved` where the branch stands elsewhere, and `TargetBusy` where it is checked out and that
        checkout cannot be moved forward.
        """
        ...

    async def mark_conflicts(self, parents: Mapping[str, str]) -> Marked:
        """Return one commit with all parents' (task -> commit) work in which conflicts stand between Git's markers."""
        ...

    async def unresolved(self, commit: str, files: Sequence[str]) -> tuple[str, ...]:
        """Return those of `files` that still hold conflict markers in a commit."""
        ...

    async def clashes(self, commit: str, desk: Desk) -> tuple[str, ...]:
        """Return the files in which a commit and what lies in a workspace now would not merge."""
        ...

    async def digest(self, commit: str | None, patterns: Sequence[str]) -> str:
        """Return a hash of the files that match, in a commit, or with None in the project's folder as it lies there."""
        ...

    async def outside(self) -> Outside:
        """Return what the person's checkout and the shared Git folder look like now."""
        ...

    async def keep_patch(self, change: OutsideChange, into: Path) -> None:
        """Write the text of what changed outside of all workspaces to a file."""
        ...


class Executor(Protocol):
    """Whoever runs jobs: here by local processes, elsewhere perhaps not."""

    async def submit(self, job: Job) -> None:
        """Start the job, unless its attempt was ever started; raises nothing for a program that cannot be executed."""
        ...

    async def wait(self, attempt: str) -> Exit:
        """Return how a submitted or reattached job ended, once it has."""
        ...

    async def signal(self, attempt: str, name: str) -> None:
        """`pause` (its clocks stand still), `resume`, `interrupt` or `kill` the whole tree of a job."""
        ...

    async def cancel(self, attempt: str) -> None:
        """Interrupt, terminate, kill, each with the job's grace, until nothing of it is alive."""
        ...

    async def reattach(self, folders: Mapping[str, Path]) -> dict[str, Liveness]:
        """Say what became of attempts (id -> folder) that an earlier owner began; living ones are adopted."""
        ...


class Provider(Protocol):
    """Somebody who can do an agent's work: it names a program and reads what that printed."""

    def invocation(self, order: Order) -> Invocation:
        """Return the program to run; raises `ProviderUnavailable` if it is not there."""
        ...

    def report(self, order: Order, transcript: Transcript) -> Report:
        """Return what an ended attempt said of itself."""
        ...


class Providers(Protocol):
    """The registry of providers."""

    def provider(self, agent: AgentSpec) -> Provider:
        """Return the one an agent names; raises `NotFound`."""
        ...


class Expressions(Protocol):
    """The `${{ }}` language."""

    def value(self, template: object, scope: Scope) -> object:
        """Return `template` with every `${{ }}` in it replaced; a lone one keeps its type."""
        ...

    def holds(self, condition: str, scope: Scope) -> bool:
        """Return whether an `if:` holds; one without a status function means `success() && ...`."""
        ...


class Archive(Protocol):
    """The frozen copies of what runs execute, and their folders."""

    def freeze(self, run: str, bundle: Bundle) -> None:
        """Keep the exact bytes of everything the run executes, durably."""
        ...

    def thaw(self, run: str) -> tuple[Bundle, tuple[str, ...]]:
        """Return the frozen bundle, and the paths whose files have changed since."""
        ...

    def folder(self, run: str) -> Path:
        """Return the folder of a run; it need not exist yet."""
        ...


class Artifacts(Protocol):
    """Files that leave a workspace."""

    def collect(self, root: Path, patterns: Sequence[str], into: Path) -> list[dict[str, object]]:
        """Copy what matches out of a workspace: `{path, sha256, bytes}` each, by path; links are not followed out."""
        ...

    def offer(self, source: Path, into: Path) -> None:
        """Copy a task's artifacts to where a dependant finds them."""
        ...


class Owners(Protocol):
    """A run has one owner at a time: whoever holds its lock."""

    def acquire(self, run: str) -> AbstractContextManager[None]:
        """Own the run while the block lasts; raises `RunOwned` if somebody living does."""
        ...

    def acquire_group(self, group: str, run: str) -> AbstractContextManager[None]:
        """Be the one run of a concurrency group while the block lasts; raises `GroupBusy`, which names the run."""
        ...

    def is_owned(self, run: str) -> bool:
        """Return whether somebody living owns the run."""
        ...

    def beat(self) -> None:
        """Leave a sign of life, for people to read, with every run this process owns."""
        ...
