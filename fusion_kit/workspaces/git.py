"""The room's face: everything is Git code that blocks, handed to a thread so that the engine never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from fusion_kit.core.code import Desk, DeskOrder, KeepOrder, Kept, Landing, Marked, Outside, OutsideChange, Repository
from fusion_kit.workspaces.assembling import Assembler
from fusion_kit.workspaces.checkouts import Checkouts
from fusion_kit.workspaces.clashing import Foreseer
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.desks import Desks
from fusion_kit.workspaces.diffing import Diff, Differ
from fusion_kit.workspaces.digesting import Digester
from fusion_kit.workspaces.forwarding import Forwarder, Intent
from fusion_kit.workspaces.furnishing import Furnisher
from fusion_kit.workspaces.keeping import Keeper, Now
from fusion_kit.workspaces.landing import Lander
from fusion_kit.workspaces.layout import Layout
from fusion_kit.workspaces.marking import Marker
from fusion_kit.workspaces.merging import Merger
from fusion_kit.workspaces.outside import Outskirts
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
        forwarder = Forwarder(git, trusted, common, Intent(state / "landing.note"))
        salvage = Salvage(git, layout, trusted, refs, snapshots)
        self._layout = layout
        self._trusted = trusted
        self._looker = Looker(git, trusted, top, common)
        self._merger = merger
        self._keeper = Keeper(git, trusted, refs, snapshots, now)
        self._marker = Marker(git, trusted, merger)
        self._foreseer = Foreseer(git, trusted, merger, settings)
        self._digester = Digester(git, trusted, top, common)
        self._differ = Differ(git, trusted)
        self._assembler = Assembler(git, trusted, refs, merger)
        self._refs = refs
        self._lander = Lander(git, refs, forwarder, state, common)
        self._outskirts = Outskirts(git, trusted, layout)
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

    async def tip(self, branch: str) -> str | None:
        """Return the commit a branch stands at; None where there is no such branch."""
        return await asyncio.to_thread(self._refs.tip, branch)

    async def assemble(self, landing: Landing) -> str:
        """Return the commit that the landing would bring its branch to; the same landing gives the same commit.

        Raises `CommitConflict`, `NoSuchCommit`.
        """
        return await asyncio.to_thread(self._assembler.assemble, landing)

    async def publish(self, landing: Landing, commit: str) -> None:
        """Move the branch from `landing.expected` to `commit`, and clean checkouts of it along; raises as `Lander`."""
        await asyncio.to_thread(self._lander.publish, landing, commit)

    async def mark_conflicts(self, parents: Mapping[str, str]) -> Marked:
        """Return one commit with all parents' (task -> commit) work in which conflicts stand between Git's markers."""
        return await asyncio.to_thread(self._marker.mark, dict(parents))

    async def unresolved(self, commit: str, files: Sequence[str]) -> tuple[str, ...]:
        """Return those of `files` that still hold conflict markers in a commit."""
        return await asyncio.to_thread(self._marker.unresolved, commit, files)

    async def clashes(self, commit: str, desk: Desk) -> tuple[str, ...]:
        """Return the files in which a commit and what lies in a workspace now would not merge; () if it cannot tell."""
        return await asyncio.to_thread(self._foreseer.clashes, commit, desk, self._layout.folders(desk.agent))

    async def digest(self, commit: str | None, patterns: Sequence[str]) -> str:
        """Return a hash of the files that match, in a commit, or with None in the project's folder as it lies there."""
        return await asyncio.to_thread(self._digester.digest, commit, patterns)

    async def diff(self, old: str, new: str, paths: Sequence[str] = ()) -> Diff:
        """Return what differs between two commits, everywhere or in some files and folders."""
        return await asyncio.to_thread(self._differ.diff, old, new, tuple(paths))

    async def retire(self, agent: str) -> tuple[str, ...]:
        """Salvage an agent's work, run the tear-down command and put its workspace away; return the salvage refs."""
        return await asyncio.to_thread(self._desks.retire, agent)

    async def outside(self) -> Outside:
        """Return what the person's checkout and the shared Git folder look like now; nothing of them is written."""
        return await asyncio.to_thread(self._outskirts.outside)

    async def keep_patch(self, change: OutsideChange, into: Path) -> None:
        """Write the text of what changed outside of all workspaces to a file."""
        await asyncio.to_thread(self._outskirts.keep_patch, change, into)
