"""The room's face: everything is Git code that blocks, handed to a thread so that the engine never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from fusion_kit.core.code import Desk, DeskOrder, KeepOrder, Kept, Landing, Repository
from fusion_kit.workspaces.checkouts import Checkouts
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.desks import Desks
from fusion_kit.workspaces.furnishing import Furnisher
from fusion_kit.workspaces.keeping import Keeper, Now
from fusion_kit.workspaces.landing import Lander
from fusion_kit.workspaces.layout import Layout
from fusion_kit.workspaces.merging import Merger
from fusion_kit.workspaces.refs import Refs
from fusion_kit.workspaces.repository import Facts, Looker
from fusion_kit.workspaces.salvage import Salvage
from fusion_kit.workspaces.settings import WorkspaceSettings
from fusion_kit.workspaces.snapshot import Snapshots
from fusion_kit.workspaces.trusted import Trusted


class GitWorkspaces:
    """Places to work in one repository, and the code that moves between them."""

    def __init__(
        self, root: Path, state: Path, settings: WorkspaceSettings, *, git: Git | None = None, now: Now | None = None
    ) -> None:
        """Take the project's top and `<git common dir>/fusion-kit`; nothing is read or made yet.

        `now` dates the commits of attempts; without it Git asks the machine.
        """
        top, common = root.resolve(), state.parent.resolve()
        state = common / state.name
        git = git or Git(settings.git_timeout_s)
        layout, trusted, refs = Layout(top, state), Trusted(git, top, state), Refs(git, common)
        snapshots, merger = Snapshots(git, settings), Merger(git, trusted)
        checkouts, furnisher = Checkouts(git, layout, trusted), Furnisher(git, layout, settings)
        salvage = Salvage(git, layout, trusted, refs, snapshots)
        self._layout = layout
        self._trusted = trusted
        self._looker = Looker(git, trusted, top, common)
        self._merger = merger
        self._keeper = Keeper(git, trusted, refs, snapshots, now)
        self._lander = Lander(git, trusted, refs, merger, common)
        self._desks = Desks(git, layout, settings, trusted, refs, checkouts, furnisher, salvage)

    async def freeze(self) -> None:
        """Take over the person's filters, identity and ignore patterns; call it as a run begins, before any agent."""
        await asyncio.to_thread(self._trusted.freeze)

    async def repository(self) -> Repository | None:
        """Return what is true of the person's repository now; None where there is none."""
        return await asyncio.to_thread(self._looker.repository)

    async def facts(self) -> Facts | None:
        """Return all that can be said of the repository; None where there is none."""
        return await asyncio.to_thread(self._looker.facts)

    async def combine(self, parents: Mapping[str, str]) -> str:
        """Return one commit that holds all parents' (task -> commit) work; raises `CommitConflict`, `NoSuchCommit`."""
        return await asyncio.to_thread(self._merger.combine, dict(parents))

    async def prepare(self, order: DeskOrder) -> Desk:
        """Make the agent's workspace stand clean at a commit; what lay there and no branch holds is salvaged first.

        Raises `NoCommits`, `NoSuchCommit`, `SetupFailed`.
        """
        return await asyncio.to_thread(self._desks.prepare, order)

    async def keep(self, order: KeepOrder) -> Kept:
        """Commit what an ended attempt left; called again for the same attempt it answers the same.

        The tree that lies in the workspace becomes one commit on the base; commits the agent made by itself are not
        its history. Where nothing changed there is no commit, and a branch that did not exist is not made.
        Raises `PolicyRefusal`, `RefMoved`.
        """
        return await asyncio.to_thread(self._keeper.keep, order, self._layout.folders(order.desk.agent))

    async def land(self, landing: Landing) -> str:
        """Merge the commits into the branch and return its tip; raises `CommitConflict`, `TargetBusy`, `RefMoved`."""
        return await asyncio.to_thread(self._lander.land, landing)

    async def retire(self, agent: str) -> tuple[str, ...]:
        """Salvage an agent's work, run the tear-down command and put its workspace away; return the salvage refs."""
        return await asyncio.to_thread(self._desks.retire, agent)
