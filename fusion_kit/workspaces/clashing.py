"""Whether work will merge, asked while an agent is still at it: a look at its files that leaves no trace."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.core.code import Desk
from fusion_kit.core.errors import FusionError
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.layout import Folders
from fusion_kit.workspaces.merging import Merger
from fusion_kit.workspaces.names import commit_name
from fusion_kit.workspaces.settings import WorkspaceSettings
from fusion_kit.workspaces.trusted import Trusted


@dataclass(frozen=True, slots=True)
class Foreseer:
    """Snapshots living workspaces into objects that are thrown away; the agent's own index is never touched."""

    git: Git
    trusted: Trusted
    merger: Merger
    settings: WorkspaceSettings

    def clashes(self, commit: str, desk: Desk, folders: Folders) -> tuple[str, ...]:
        """Return the files that would conflict; () also where the agent is in the middle of something."""
        try:
            with self.trusted.quarantine() as place, tempfile.TemporaryDirectory(prefix="fusion-kit-") as scratch:
                here = replace(place, work_tree=desk.path, index=Path(scratch) / "index", excludes=folders.excludes)
                snapshot = self._snapshot(here, folders, commit_name(desk.base))
                return self.merger.conflicts(place, commit_name(commit), snapshot)
        except (FusionError, OSError):
            return ()

    def _snapshot(self, place: Place, folders: Folders, base: str) -> str:
        """Return a commit on the base with what lies there now."""
        if place.index is not None and folders.index.is_file():
            shutil.copy2(folders.index, place.index)
        else:
            self.git.run(place, "read-tree", "--end-of-options", base)
        changed = self.git.run(place, "ls-files", "-z", "-m", "-o", "--exclude-standard").fields
        stdin = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in self._fit(place, changed))
        fast = ("-c", "core.fsync=none")
        self.git.run(place, *fast, "update-index", "--add", "--remove", "-z", "--stdin", stdin=stdin)
        tree = self.git.run(place, *fast, "write-tree").text
        return self.git.run(place, *fast, "commit-tree", "-p", base, "-m", "now", tree).text

    def _fit(self, place: Place, paths: list[str]) -> list[str]:
        """Leave out what `keep` would refuse: nested repositories and what is too large."""
        workspace, limit = place.work_tree or Path(), self.settings.file_limit_bytes
        return [path for path in dict.fromkeys(paths) if not path.endswith("/") and _size(workspace / path) <= limit]


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
