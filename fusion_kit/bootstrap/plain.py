"""A project outside of Git: there are no workspaces, and every task works in the project's folder."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.core.code import Desk, DeskOrder, KeepOrder, Kept, Landing, Repository
from fusion_kit.core.errors import UsageError


class NoRepository(UsageError):
    """Only a Git repository has workspaces, and this project is not in one."""

    hint = "`git init && git add -A && git commit -m 'First commit'` makes it one."


class PlainFolder:
    """Fits the port `Workspaces` by having none."""

    async def repository(self) -> Repository | None:
        """Return None: there is no repository."""
        return None

    async def combine(self, parents: Mapping[str, str]) -> str:
        """Raise `NoRepository`."""
        raise NoRepository(parents=parents)

    async def prepare(self, order: DeskOrder) -> Desk:
        """Raise `NoRepository`."""
        raise NoRepository(order=order)

    async def keep(self, order: KeepOrder) -> Kept:
        """Raise `NoRepository`."""
        raise NoRepository(order=order)

    async def land(self, landing: Landing) -> str:
        """Raise `NoRepository`."""
        raise NoRepository(landing=landing)
