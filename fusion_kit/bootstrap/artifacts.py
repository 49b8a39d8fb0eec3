"""Files that leave a workspace: copied by descriptors that follow no link, with their digests."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from fusion_kit.workspaces.contain import copy_out, matching


class CopiedArtifacts:
    """Fits the port `Artifacts`."""

    def collect(self, root: Path, patterns: Sequence[str], into: Path) -> list[dict[str, object]]:
        """Copy what matches: `{path, sha256, bytes}` each, by path; a copy an earlier owner made is made anew."""
        found = sorted({path for pattern in patterns for path in matching(root, pattern)})
        collected: list[dict[str, object]] = []
        for path in found:
            target = into / path
            target.unlink(missing_ok=True)
            digest = copy_out(root, path, target)
            collected.append({"path": path, "sha256": digest, "bytes": target.stat().st_size})
        return collected

    def offer(self, source: Path, into: Path) -> None:
        """Copy a task's artifacts to where a dependant finds them; they are the dependant's to change."""
        if source.is_dir():
            shutil.copytree(source, into, dirs_exist_ok=True)
