"""A job for an executor, and what can be known of it: no pid and no path of a worker's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Liveness(StrEnum):
    """What the folder of an attempt says."""

    NEVER = "never"  # nothing of it was started
    RUNNING = "running"  # its lock is held
    DONE = "done"  # its exit is recorded
    LOST = "lost"  # it was started, nobody holds its lock, and no exit is recorded


class Ended(StrEnum):
    """Why an attempt's process ended."""

    EXIT = "exit"  # by itself
    TIMEOUT = "timeout"  # its total time was up
    STALLED = "stalled"  # no first output, or silent for too long with an idle tree
    LINGERED = "lingered"  # gave its result and did not leave
    STOPPED = "stopped"  # cancelled by its owner
    LOG_LIMIT = "log_limit"  # printed more than it may
    LOST = "lost"  # nobody knows
    NOT_STARTED = "not_started"  # its program could not be executed


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds; None means no limit."""

    first_output_s: float | None = None
    idle_s: float | None = None
    total_s: float | None = None
    grace_s: float = 5.0  # between interrupt, terminate and kill


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """What the operating system enforces on every process of the attempt; None leaves it as it is."""

    cpu_s: int | None = None
    memory_bytes: int | None = None
    open_files: int | None = None
    processes: int | None = None
    file_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Something to execute once: `attempt` is the idempotency key, `folder` is outside every workspace."""

    attempt: str
    folder: Path
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    secret_env: Mapping[str, str] = field(default_factory=dict)  # reaches the child, never a file
    stdin: Path | None = None  # never inherited: nothing means /dev/null
    shell: bool = False  # a `run:` task: the light wrapper instead of the shim
    timeouts: Timeouts = Timeouts()
    limits: ResourceLimits = ResourceLimits()
    log_limit_bytes: int = 1 << 30
    result_marker: str | None = None  # a text in a line of output that says the result was given


@dataclass(frozen=True, slots=True)
class Exit:
    """How a job ended; `code` is negative for a signal and None where none is known; times are UTC seconds."""

    reason: Ended
    code: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    leftovers: int = 0  # processes that had to be killed after the main one ended
    message: str = ""
