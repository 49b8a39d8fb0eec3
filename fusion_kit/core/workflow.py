"""A workflow and its agents as the engine executes them: checked, defaulted, frozen.

Texts that may hold `${{ }}` stay templates; they are evaluated when their task is about to start.
Durations are seconds. `definitions` makes these from YAML; nobody else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fusion_kit.core.process import Timeouts

Schema = Mapping[str, object]  # a JSON Schema of one value


class Kind(StrEnum):
    """What a task is: exactly one of these."""

    RUN = "run"
    AGENT = "agent"
    USES = "uses"
    APPROVAL = "approval"


class WorkspaceMode(StrEnum):
    """Where a task works."""

    OWN = "own"  # a worktree and a branch of its own
    RUN = "run"  # the run's shared workspace, one user at a time
    NONE = "none"  # the project folder itself, no Git


class RetryOn(StrEnum):
    """A class of failure that may be retried."""

    FAILED = "failed"
    TIMEOUT = "timeout"
    RATE_LIMIT = "rate_limit"


@dataclass(frozen=True, slots=True)
class Retry:
    """`max` counts extra attempts; the n-th waits `delay_s * backoff ** (n - 1)`."""

    max: int = 0
    delay_s: float = 0.0
    backoff: float = 1.0
    when: frozenset[RetryOn] = frozenset({RetryOn.FAILED, RetryOn.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Matrix:
    """Axes name lists, or templates that become lists at run time; items are their product."""

    axes: Mapping[str, object]
    include: tuple[Mapping[str, object], ...] = ()
    exclude: tuple[Mapping[str, object], ...] = ()
    key: str | None = None  # template
    max_parallel: int | None = None
    fail_fast: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard ceilings; None means none."""

    cost_usd: float | None = None
    tokens: int | None = None
    turns: int | None = None
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """Repeat the task until `until` holds, at most `max` times (a number or a template)."""

    until: str
    max: int | str


@dataclass(frozen=True, slots=True)
class DoneWhen:
    """The contract of a task beyond its exit: changes demanded or not, and a command that must succeed."""

    changes: bool | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """Skip the task while these files are unchanged; `paths` are restored."""

    files: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's decision, with a typed form; no answer in time fails the task."""

    message: str
    timeout_s: float | None = None
    inputs: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merge:
    """What becomes of a run's work."""

    into: str | None = None  # template; None: `fk/<run>/result`
    strategy: str = "merge"  # merge | squash | rebase
    gate: str | None = None
    on_conflict: str = "fail"  # fail | agent


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Runs of one group never overlap."""

    group: str
    cancel_in_progress: bool = False


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task; which fields mean something depends on `kind`."""

    id: str
    kind: Kind
    needs: tuple[str, ...] = ()
    name: str = ""
    description: str = ""
    condition: str | None = None  # the `if:`
    priority: int = 0
    matrix: Matrix | None = None
    repeat: Repeat | None = None
    workspace: WorkspaceMode | None = None  # None: `own` in a Git repository, else `none`
    env: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Schema] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    timeout_s: float | None = None
    retry: Retry = Retry()
    continue_on_error: bool = False
    cache: Cache | None = None
    limits: Limits = Limits()
    touches: tuple[str, ...] = ()
    done_when: DoneWhen = DoneWhen()
    on_conflict: str = "fail"
    run: str | None = None
    shell: str | None = None  # None: bash -euo pipefail where there is one, else sh -eu
    agent: str | None = None
    capabilities: frozenset[str] = frozenset()
    prompt: str = ""
    uses: WorkflowSpec | None = None
    with_: Mapping[str, object] = field(default_factory=dict)
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class WorkflowSpec:
    """A whole workflow; `source` is its path below the project, for people."""

    name: str
    tasks: tuple[TaskSpec, ...]
    finally_: tuple[TaskSpec, ...] = ()
    source: str = ""
    description: str = ""
    inputs: Mapping[str, Schema] = field(default_factory=dict)  # with `required` and `default` inside
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    concurrency: Concurrency | None = None
    max_parallel: int | None = None
    merge: Merge = Merge()
    outputs: Mapping[str, object] = field(default_factory=dict)
    on: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent's definition; `options` is what only its provider understands."""

    name: str
    provider: str
    description: str = ""
    model: str | None = None
    capabilities: frozenset[str] = frozenset()
    instructions: str = ""
    max_parallel: int = 1
    permissions: str = "workspace-write"
    sandbox: str = "none"
    isolation: str = "worktree"
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    fallback: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    source: str = ""
