"""The Git side of `clean` and `rescue`, wired as the workspaces are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusion_kit.workspaces.checkouts import Checkouts
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.desks import Desks
from fusion_kit.workspaces.furnishing import Furnisher
from fusion_kit.workspaces.layout import Layout
from fusion_kit.workspaces.refs import Refs
from fusion_kit.workspaces.salvage import Salvage
from fusion_kit.workspaces.settings import WorkspaceSettings
from fusion_kit.workspaces.snapshot import Snapshots
from fusion_kit.workspaces.trusted import Trusted

if TYPE_CHECKING:
    from fusion_kit.bootstrap.premises import Premises


def desks_of(premises: Premises) -> tuple[Layout, Git, Desks]:
    """Return where everything lies, the program, and what reads and salvages workspaces; nothing is made yet."""
    chosen = premises.config.workspace
    settings = WorkspaceSettings(cache=chosen.cache, teardown=" && ".join(chosen.teardown) or None)
    common = premises.state.parent.resolve()
    layout, git = Layout(premises.root.resolve(), common / premises.state.name), Git(settings.git_timeout_s)
    trusted, refs = Trusted(git, layout.top, layout.state), Refs(git, common)
    snapshots = Snapshots(git, settings)
    salvage = Salvage(git, layout, trusted, refs, snapshots)
    checkouts, furnisher = Checkouts(git, layout, trusted), Furnisher(git, layout, settings)
    return layout, git, Desks(git, layout, settings, trusted, refs, checkouts, furnisher, salvage)
