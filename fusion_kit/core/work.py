"""What is asked of a provider, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.core.process import Exit
from fusion_kit.core.states import Outcome
from fusion_kit.core.workflow import AgentSpec


@dataclass(frozen=True, slots=True)
class Order:
    """One task for one agent, in one workspace, in one attempt."""

    agent: AgentSpec
    prompt: str
    workspace: Path
    folder: Path  # of the attempt; a provider may name files to be written into it
    outputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # name -> JSON Schema
    env: Mapping[str, str] = field(default_factory=dict)
    session: str | None = None  # of an earlier attempt, to go on from
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A program to run: nothing of it has been started."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)  # name in the attempt's folder -> content
    result_marker: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What an attempt used; None is unknown, never 0."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    turns: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """Where an ended attempt's output lies, and how it ended."""

    exit: Exit
    out: Path
    err: Path
    output_file: Path  # $FUSION_OUTPUT


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider read from what its program printed; the contract is judged elsewhere."""

    outcome: Outcome
    text: str = ""
    outputs: Mapping[str, object] | None = None  # a structured result of its own, if it has one
    usage: Usage | None = None
    session: str | None = None
    error_code: str = ""
    error_message: str = ""
    retry_after_s: float | None = None
