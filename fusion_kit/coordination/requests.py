"""What a caller asks of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fusion_kit.core.workflow import AgentSpec, WorkflowSpec


@dataclass(frozen=True, slots=True)
class Bundle:
    """A workflow with every agent and sub-workflow it reaches; `files` are the exact bytes, by project path."""

    workflow: WorkflowSpec
    agents: Mapping[str, AgentSpec]
    files: Mapping[str, bytes]
    digest: str  # SHA-256 over the files, hex


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run to begin: everything a person chose on the command line, already checked against the definitions."""

    bundle: Bundle
    inputs: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)  # never recorded
    max_parallel: int | None = None
    until: str | None = None
    only: str | None = None
    keep_going: bool = False
    max_cost_usd: float | None = None
    waits: bool = False  # for people, when nothing else is left to do; else the run pauses


@dataclass(frozen=True, slots=True)
class Again:
    """What of an ended run is done once more: `from_task` with what comes after it, or `only` it; else what failed."""

    from_task: str | None = None
    only: str | None = None
    by: str = ""


class StopSignal:
    """How a person at the terminal stops a run: once gently, twice at once; `resume` goes on from either."""

    def __init__(self) -> None:
        """Begin with nobody having asked for anything."""
        self.requested = False
        self.killed = False
        self._wake: list[Callable[[], object]] = []

    def request(self) -> None:
        """Start nothing more, and ask what runs to stop."""
        self.requested = True
        self._tell()

    def kill(self) -> None:
        """Stop what runs at once."""
        self.requested = self.killed = True
        self._tell()

    def when_asked(self, wake: Callable[[], object]) -> None:
        """Call `wake` at every request."""
        self._wake.append(wake)

    def _tell(self) -> None:
        for wake in self._wake:
            wake()
