"""What is left of a run that nobody owns when a person cancels it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fusion_kit.coordination.attempt_folder import attempt_folder
from fusion_kit.core.agent import Agent
from fusion_kit.core.events import AgentIdle, Draft, TaskCancelled
from fusion_kit.core.states import AgentState
from fusion_kit.core.task import Task

REASON = "the run was cancelled"


def living(rows: Iterable[Task], run_folder: Path) -> dict[str, Path]:
    """Return the attempts (id -> folder) that may be alive."""
    running = (row for row in rows if row.may_live and row.attempt)
    return {str(row.attempt): attempt_folder(run_folder, row.id, row.attempts).path for row in running}


def last_facts(run: str, rows: Iterable[Task], agents: Iterable[Agent]) -> list[Draft]:
    """Return what ends every task that has not ended, and frees every agent the run holds."""
    ended = [Draft(TaskCancelled(REASON), run=run, task=row.id) for row in rows if not row.is_final]
    held = (agent for agent in agents if agent.run == run and agent.state in {AgentState.WORKING, AgentState.PAUSED})
    return ended + [Draft(AgentIdle(), run=run, agent=agent.id) for agent in held]
