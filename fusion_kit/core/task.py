"""A task: one node of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion_kit.core.states import FINAL_TASKS, GOOD_OUTCOMES, Outcome, TaskState


@dataclass(frozen=True, slots=True)
class Task:
    """What is known of a task; `id` is its node in the run, `attempt` the last one begun."""

    run: str
    id: str
    kind: str
    state: TaskState = TaskState.WAITING
    outcome: Outcome | None = None
    waits: Mapping[str, object] | None = None  # why it is held or paused: `reason`, `message`, and what a question asks
    answer: Mapping[str, object] | None = None  # what a person said: `approved`, `by`, `inputs` or `message`
    name: str = ""
    section: str = "tasks"
    parent: str | None = None
    key: str | None = None
    needs: tuple[str, ...] = ()
    priority: int = 0
    capabilities: tuple[str, ...] = ()
    agent: str | None = None
    attempt: str | None = None
    attempts: int = 0
    counted: int = 0  # attempts that used up a retry
    base: str | None = None
    branch: str | None = None
    commit: str | None = None
    exit_code: int | None = None
    outputs: Mapping[str, object] = field(default_factory=dict)
    artifacts: tuple[Mapping[str, object], ...] = ()
    usage: Mapping[str, object] | None = None
    reserved: Mapping[str, float] = field(default_factory=dict)  # for the attempt under way, of the run's limits
    spent: Mapping[str, float] = field(default_factory=dict)  # by all attempts that have ended
    unmetered: int = 0  # attempts of an agent that did not say what they cost
    cache_key: str | None = None
    refused: Mapping[str, object] | None = None  # its work broke the gate: `gate`, `commit`, `log`
    error: Mapping[str, object] | None = None
    reason: str | None = None
    created_at: str = ""
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to it unless a person asks."""
        return self.state in FINAL_TASKS

    @property
    def reason_to_wait(self) -> str | None:
        """Why it is held or paused: `approval`, `budget`, `quota`, `lock`, `breaker` or `person`."""
        return str(self.waits["reason"]) if self.waits is not None else None

    @property
    def may_live(self) -> bool:
        """Whether an attempt of it may be alive: it runs, or a person paused it."""
        return self.state is TaskState.RUNNING or (self.state is TaskState.PAUSED and self.reason_to_wait == "person")

    @property
    def may_be_dropped(self) -> bool:
        """Whether nothing of it has begun or is alive: it is queued, or waits for an answer or a budget."""
        paused = self.state is TaskState.PAUSED and self.reason_to_wait != "person"
        return self.state is TaskState.QUEUED or paused

    @property
    def is_good(self) -> bool:
        """Whether those that need it may take it as done well."""
        return self.state is TaskState.COMPLETED and self.outcome in GOOD_OUTCOMES
