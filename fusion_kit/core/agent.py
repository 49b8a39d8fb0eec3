"""An instance of an agent: a workspace, and at most one task at a time."""

from __future__ import annotations

from dataclasses import dataclass

from fusion_kit.core.states import AgentState


@dataclass(frozen=True, slots=True)
class Agent:
    """What is known of an instance; `id` names its workspace, `name` its definition."""

    id: str
    name: str
    state: AgentState = AgentState.SPAWNING
    provider: str = ""
    model: str | None = None
    capabilities: tuple[str, ...] = ()
    workspace: str | None = None
    run: str | None = None
    task: str | None = None
    reason: str | None = None
    created_at: str = ""
    changed_at: str = ""
