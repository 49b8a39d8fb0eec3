"""What every part of a project's wiring stands on: where it lies, its configuration, its views and its workspaces."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fusion_kit.bootstrap.places import state_folder
from fusion_kit.clock import SystemClock
from fusion_kit.persistence.views import Views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fusion_kit.config import Config
    from fusion_kit.coordination.ports import Workspaces


class Premises:
    """A folder with `.fusion/` in it; what a question does not need is neither opened nor imported."""

    def __init__(self, root: Path) -> None:
        """Open nothing yet."""
        self.root = root
        self.state = state_folder(root)
        self.views = Views(self.state)

    @cached_property
    def config(self) -> Config:
        """The configuration; raises `InvalidDefinitions`."""
        from fusion_kit.config import config_from
        from fusion_kit.definitions import load_config

        return config_from(load_config(self.root), os.environ)

    @property
    def is_in_git(self) -> bool:
        """Whether the project lies in a Git repository."""
        return self.state != self.root / ".fusion" / "state"

    def has_commits(self) -> bool:
        """Return whether work can start from a commit; true outside of Git, where nothing has to.

        Nothing is written, unlike by the workspaces. Raises `GitMissing`, `GitTooOld` or `GitFailed`.
        """
        if not self.is_in_git:
            return True
        from fusion_kit.workspaces.command import Git

        return Git().as_person(self.root, "rev-parse", "--verify", "-q", "HEAD", allowed=(0, 1)).code == 0

    def workspaces(self, secrets: Mapping[str, str] | None = None) -> Workspaces:
        """Return the places to work, Git's or none; values of `secrets` are never committed there."""
        if not self.is_in_git:
            from fusion_kit.bootstrap.plain import PlainFolder

            return PlainFolder(self.root)
        from fusion_kit.workspaces.git import GitWorkspaces
        from fusion_kit.workspaces.settings import WorkspaceSettings

        chosen = self.config.workspace
        settings = WorkspaceSettings(
            copy=chosen.copy,
            link=chosen.link,
            cache=chosen.cache,
            setup=" && ".join(chosen.setup) or None,
            teardown=" && ".join(chosen.teardown) or None,
            secrets=secrets or {},
        )
        return GitWorkspaces(self.root, self.state, settings, now=SystemClock().now)
