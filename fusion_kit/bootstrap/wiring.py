"""Every port and the class that fits it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fusion_kit.bootstrap.archive import RunFolders
from fusion_kit.bootstrap.artifacts import CopiedArtifacts
from fusion_kit.clock import RandomIds, SystemClock
from fusion_kit.coordination.fusion import Fusion
from fusion_kit.coordination.house import House
from fusion_kit.core.secrets import Mask
from fusion_kit.definitions.expressions.evaluate import Expressions
from fusion_kit.definitions.patterns import matches
from fusion_kit.persistence.group import GroupCommit
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.owners import Ownership
from fusion_kit.processes.executor import LocalExecutor
from fusion_kit.processes.hardening import harden
from fusion_kit.providers.registry import Registry

if TYPE_CHECKING:
    from fusion_kit.bootstrap.premises import Premises


@contextmanager
def wired(premises: Premises, secrets: Mapping[str, str], base_env: Mapping[str, str]) -> Iterator[Fusion]:
    """Give the library's face over the real world; the ledger is closed at the end, the agents live on."""
    harden()
    clock = SystemClock()
    ledger = GroupCommit(
        Ledger.open(
            premises.state,
            project=premises.config.project or premises.root.name,
            source=f"run:{os.getpid()}",
            now=clock.now,
            mask=Mask(secrets.values()),
        )
    )
    try:
        yield Fusion(
            House(
                clock=clock,
                ids=RandomIds(),
                ledger=ledger,
                views=premises.views,
                workspaces=premises.workspaces(secrets),
                executor=LocalExecutor(clock),
                providers=Registry(),
                expressions=Expressions(),
                archive=RunFolders(premises.root, premises.state),
                artifacts=CopiedArtifacts(),
                owners=Ownership(premises.state, clock.now),
                root=premises.root,
                base_env=base_env,
                matches=matches,
                max_parallel=premises.config.max_parallel or 4,
            )
        )
    finally:
        ledger.close()
