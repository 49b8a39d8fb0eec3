"""What an expression can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Context = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Scope:
    """The eight contexts; `failed` and `cancelled` answer `failure()`, `cancelled()` and `success()`."""

    inputs: Context = field(default_factory=dict)
    env: Context = field(default_factory=dict)
    secrets: Context = field(default_factory=dict)
    tasks: Context = field(default_factory=dict)
    matrix: Context = field(default_factory=dict)
    repeat: Context = field(default_factory=dict)
    run: Context = field(default_factory=dict)
    outputs: Context = field(default_factory=dict)
    failed: bool = False
    cancelled: bool = False
    root: Path | None = None  # where `hashFiles` looks
