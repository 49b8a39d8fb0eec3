"""A run: one execution of a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion_kit.core.states import RunState


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a run; times are UTC text with milliseconds."""

    id: str
    workflow: str
    state: RunState = RunState.QUEUED
    digest: str = ""
    source: str = ""
    inputs: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    base: str | None = None
    target: str | None = None
    outputs: Mapping[str, object] = field(default_factory=dict)
    branch: str | None = None
    commit: str | None = None
    error: Mapping[str, object] | None = None
    reason: str | None = None
    cancel_requested: bool = False
    pause_requested: bool = False
    resumes: int = 0
    created_at: str = ""
    started_at: str | None = None
    finished_at: str | None = None
