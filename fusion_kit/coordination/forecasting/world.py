"""What a forecast may ask of the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.coordination.caching import Hit, Recipe
from fusion_kit.coordination.ports import Expressions
from fusion_kit.coordination.seeding import Seeds
from fusion_kit.core.workflow import AgentSpec, TaskSpec

Missing = Callable[[TaskSpec, AgentSpec | None], tuple[str, ...]]  # programs and secrets


Remembered = Callable[[Recipe], Hit | None]  # the result that would be taken; may raise `NotKnown`


def nothing_remembered(_recipe: Recipe) -> None:
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
