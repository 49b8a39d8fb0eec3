"""The world as one run's engine sees it: every port, and the few facts that never change while it lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.coordination.ports import (
    Archive,
    Artifacts,
    Clock,
    Executor,
    Expressions,
    Ids,
    Ledger,
    Owners,
    Providers,
    Views,
    Workspaces,
)


@dataclass(frozen=True, slots=True)
class House:
    """Ports, the project's folder, and the environment (an allow-list) that every task inherits."""

    clock: Clock
    ids: Ids
    ledger: Ledger
    views: Views
    workspaces: Workspaces
    executor: Executor
    providers: Providers
    expressions: Expressions
    archive: Archive
    artifacts: Artifacts
    owners: Owners
    root: Path
    base_env: Mapping[str, str]
    matches: Callable[[str, str], bool]  # (pattern, text), on a linear engine
    max_parallel: int = 4
