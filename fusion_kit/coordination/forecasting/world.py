"""What a forecast may ask of the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.coordination.ports import Expressions
from fusion_kit.coordination.seeding import Seeds
from fusion_kit.core.scope import Scope
from fusion_kit.core.task import Task
from fusion_kit.core.workflow import AgentSpec, TaskSpec

Missing = Callable[[TaskSpec, AgentSpec | None], tuple[str, ...]]  # programs and secrets


@dataclass(frozen=True, slots=True)
class Cacheable:
    """A task with a `cache` that is about to be attempted: everything its key is made of."""

    spec: TaskSpec
    agent: AgentSpec | None
    scope: Scope
    env: Mapping[str, str]  # of its workflow, as it is written
    base: str | None  # commit; None where there is no Git


Remembered = Callable[[Cacheable], Task | None]  # the task whose result would be taken; may raise `NotKnown`


def nothing_remembered(_asked: Cacheable) -> None:
    """Remember nothing: every task with a cache would run."""


@dataclass(frozen=True, slots=True)
class World:
    """The ports of a forecast; `base` is the commit that the run would start from."""

    expressions: Expressions
    missing: Missing
    remembered: Remembered = nothing_remembered
    taken: Seeds = field(default_factory=Seeds)  # with `--only`: what comes from an earlier run
    root: Path | None = None
    base: str | None = None
