"""The world as a dry run sees it: everything may be asked, and nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from fusion_kit.bootstrap.archive import RunFolders
from fusion_kit.bootstrap.artifacts import CopiedArtifacts
from fusion_kit.bootstrap.findings import missing_for
from fusion_kit.bootstrap.names import refuse_names
from fusion_kit.clock import RandomIds, SystemClock
from fusion_kit.coordination.acceptance import accepted
from fusion_kit.coordination.caching import Hit, Recipe, would_hit
from fusion_kit.coordination.forecast import Forecast, World, play
from fusion_kit.coordination.house import House
from fusion_kit.core.errors import FusionError
from fusion_kit.definitions.expressions.evaluate import Expressions
from fusion_kit.definitions.patterns import matches
from fusion_kit.persistence.owners import Ownership
from fusion_kit.persistence.views import Views
from fusion_kit.processes.executor import LocalExecutor
from fusion_kit.providers.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fusion_kit.bootstrap.premises import Premises
    from fusion_kit.coordination.requests import RunRequest
    from fusion_kit.core.events import Draft, Event


class WritesNothing(FusionError):
    """A dry run was about to write."""


class ClosedLedger:
    """Fits `Ledger`; nothing can be appended."""

    async def append(self, drafts: Sequence[Draft]) -> list[Event]:
        """Raise `WritesNothing`."""
        raise WritesNothing(drafts=drafts)

    def news(self) -> list[Event]:
        """Return nothing."""
        return []


class UntouchedViews(Views):
    """Views whose index is in memory: opening the one on disk would leave a trace there."""

    def _may_share(self) -> bool:
        return False


class Foresight:
    """What a dry run of one project may ask."""

    def __init__(self, premises: Premises, known: Mapping[str, str]) -> None:
        """Take the secrets that are `known`: name -> value."""
        self._premises = premises
        self._known = known
        self._views = UntouchedViews(premises.state)

    def forecast(self, request: RunRequest) -> list[Forecast]:
        """Return what would become of every node; raises the `UsageError` with which a run would be refused."""
        premises = self._premises
        asked = accepted(request, self._views, has_commits=premises.has_commits())
        refuse_names(premises, asked.bundle, request)
        known = {**self._known, **request.secrets}
        world = World(
            Expressions(),
            missing_for(request.bundle.workflow, known),
            self._remembered,
            asked.taken,
            premises.root,
            self._head(),
        )
        return play(request, world)

    def _head(self) -> str | None:
        if not self._premises.is_in_git:
            return None
        from fusion_kit.workspaces.command import Git

        found = Git().as_person(self._premises.root, "rev-parse", "--verify", "-q", "HEAD", allowed=(0, 1))
        return found.text.strip() or None

    def _remembered(self, recipe: Recipe) -> Hit | None:
        return asyncio.run(would_hit(self._house, recipe))

    @cached_property
    def _house(self) -> House:
        premises, clock = self._premises, SystemClock()
        return House(
            clock=clock,
            ids=RandomIds(),
            ledger=ClosedLedger(),
            views=self._views,
            workspaces=premises.workspaces(),
            executor=LocalExecutor(clock),
            providers=Registry(),
            expressions=Expressions(),
            archive=RunFolders(premises.root, premises.state),
            artifacts=CopiedArtifacts(),
            owners=Ownership(premises.state, clock.now),
            root=premises.root,
            base_env={},
            matches=matches,
        )
