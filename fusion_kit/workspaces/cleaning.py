"""Removing what a plan says may go: salvaged first, renamed away whole, and deleted last."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.core.errors import FusionError
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.desks import Desks
from fusion_kit.workspaces.disk import is_there, private_folder, sync_folder
from fusion_kit.workspaces.keeping import next_name
from fusion_kit.workspaces.leftovers import DISCARDED, Relic
from fusion_kit.workspaces.lock import held
from fusion_kit.workspaces.names import commit_name, pin_ref, ref_name, salvage_prefix
from fusion_kit.workspaces.refs import Move
from fusion_kit.workspaces.salvage import UNREADABLE
from fusion_kit.workspaces.sweeping import disk_bytes, open_up, wipe


class Unreadable(FusionError):
    """{subject} cannot be read whole, so it stays: {why}."""

    hint = "Look at it, move what you need out of it, and clean again."


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies in a workspace: whether work that no ref holds, and why it could not be read."""

    salvages: bool = False
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Acts on relics; every step can be done again by whoever finds what a killed one left."""

    git: Git
    desks: Desks

    def scan(self, agent: str) -> Scan:
        """Look at a workspace as salvage would, without keeping anything."""
        desks, folders = self.desks, self.desks.layout.folders(agent)
        note = folders.note()
        if not is_there(folders.checkout) or (note is not None and not note.ready):
            return Scan()
        if note is None or folders.checkout.is_symlink() or not folders.checkout.is_dir():
            return Scan(broken="nothing is known of the commit it began from")
        try:
            with desks.trusted.quarantine() as quarantined:
                tree = desks.salvage.snapshots.tree(folders, quarantined, note.base)
            base = self.git.run(desks.trusted.place(), "rev-parse", "-q", f"{note.base}^{{tree}}").text
        except UNREADABLE as trouble:
            return Scan(broken=str(trouble))
        finally:
            (folders.desk / "index.work").unlink(missing_ok=True)
        return Scan(salvages=tree not in (note.held, base))

    def salvage(self, agent: str) -> tuple[str, ...]:
        """Return the refs that hold what lies in a workspace; raises `Unreadable`. Its age stays what it was."""
        desks, folders = self.desks, self.desks.layout.folders(agent)
        note, written = folders.note(), folders.desk / "note.json"
        if not is_there(folders.checkout) or (note is not None and not note.ready):
            return ()
        if note is None:
            raise Unreadable(subject=agent, why="nothing is known of the commit it began from")
        times = written.stat()
        try:
            left = desks.salvage.files(folders, note, note.base)
            head = (
                desks.layout.common / "worktrees" / note.admin if note.admin else folders.checkout / ".git"
            ) / "HEAD"
            committed = desks.salvage.commits(folders.note() or note, head, note.base)
        except UNREADABLE as trouble:
            raise Unreadable(subject=agent, why=trouble) from trouble
        os.utime(written, ns=(times.st_atime_ns, times.st_mtime_ns))
        return tuple(ref for ref in (left, committed) if ref is not None)

    def keep(self, relic: Relic) -> str:
        """Put a commit that no ref would hold any more under a salvage ref, and return that."""
        ref = next_name(salvage_prefix(relic.run or "unknown", relic.node), self.desks.refs)
        self.desks.refs.move([Move(ref, relic.commit)], "fusion-kit: salvage")
        return ref

    def tear_down(self, agent: str) -> None:
        """Run the person's tear-down command; raises `SetupFailed`."""
        self.desks.furnisher.tear_down(self.desks.layout.folders(agent))

    def discard(self, relic: Relic) -> Path | None:
        """Take it out of its place, whole, by renaming; a ref is deleted if it still stands where it was seen."""
        if relic.ref:
            self._delete(relic.ref, relic.commit)
            return None
        if relic.kind == "unfinished":
            return relic.paths[0]
        if relic.kind == "workspace":
            self._delete(pin_ref(relic.subject), "")
        shelf = self._shelf(relic)
        with held(self.desks.layout.state / "worktrees.lock"):
            for path in relic.paths:
                if is_there(path):
                    open_up(path)  # a folder that may not be written cannot be renamed into another
                    shutil.move(path, shelf / f"{path.parent.name}-{path.name}")
                    sync_folder(path.parent)
        return shelf

    def destroy(self, shelf: Path | None) -> int:
        """Delete what was discarded, and return how many bytes that freed; raises `OSError`."""
        if shelf is None:
            return 0
        size_bytes = disk_bytes(*shelf.iterdir()) if shelf.is_dir() and not shelf.is_symlink() else disk_bytes(shelf)
        wipe(shelf)
        return size_bytes

    def _shelf(self, relic: Relic) -> Path:
        folder = self.desks.layout.state / DISCARDED
        private_folder(folder)
        return Path(tempfile.mkdtemp(dir=folder, prefix=f"{relic.kind}-{relic.subject[:60]}-"))

    def _delete(self, ref: str, commit: str) -> None:
        stdin = f"delete {ref_name(ref)}\0{commit and commit_name(commit)}\0".encode()
        place = Place(self.desks.layout.common)
        self.git.run(place, "update-ref", "-m", "fusion-kit: clean", "--stdin", "-z", stdin=stdin)
