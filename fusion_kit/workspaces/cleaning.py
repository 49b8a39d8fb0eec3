"""Removing what a plan says may go: salvaged first, renamed away whole, and deleted last."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.core.errors import FusionError
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.desks import Desks
from fusion_kit.workspaces.disk import is_there, private_folder, sync_folder
from fusion_kit.workspaces.keeping import next_name
from fusion_kit.workspaces.layout import Folders, Note
from fusion_kit.workspaces.leftovers import DISCARDED, Relic
from fusion_kit.workspaces.lock import held
from fusion_kit.workspaces.names import pin_ref, salvage_prefix
from fusion_kit.workspaces.refs import Move
from fusion_kit.workspaces.salvage import UNREADABLE, detached
from fusion_kit.workspaces.sweeping import disk_bytes, open_up, wipe

_UNKNOWN = "nothing is known of the commit it began from"


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
        """Look at a workspace as salvage would; nothing is kept, and nothing of ours changes under a living owner."""
        folders = self.desks.layout.folders(agent)
        note = folders.note()
        if note is None or not note.ready:
            return Scan(broken=_UNKNOWN if note is None and is_there(folders.checkout) else "")
        try:
            trees = self._trees(folders, note)
        except UNREADABLE as trouble:
            return Scan(broken=str(trouble))
        return Scan(salvages=bool(trees))

    def _trees(self, folders: Folders, note: Note) -> list[str]:
        """Return the trees of a workspace's files, and of the commit an agent left, that nothing holds."""
        found = []
        with tempfile.TemporaryDirectory(prefix="fusion-kit-") as folder:
            aside = replace(folders, desk=Path(folder))
            for name in (folders.index, folders.excludes):
                if name.is_file():
                    shutil.copy2(name, aside.desk / name.name)
            if is_there(folders.checkout):
                with self.desks.trusted.quarantine() as quarantined:
                    found.append(self.desks.salvage.snapshots.tree(aside, quarantined, note.base))
        commit = detached(self._head(folders, note))
        place = self.desks.trusted.place()
        for each in filter(None, (commit, note.base)):
            args = ("rev-parse", "-q", "--verify", f"{each}^{{tree}}")
            found += [self.git.run(place, *args, allowed=(0, 1, 128)).text]
        *held_by_none, base = found
        return [tree for tree in held_by_none if tree not in ("", base, note.held)]

    def salvage(self, agent: str) -> tuple[str, ...]:
        """Return the refs that hold what lies in a workspace; raises `Unreadable`. Its age stays what it was."""
        desks, folders = self.desks, self.desks.layout.folders(agent)
        note, written = folders.note(), folders.desk / "note.json"
        if note is None and is_there(folders.checkout):
            raise Unreadable(subject=agent, why=_UNKNOWN)
        if note is None or not note.ready:
            return ()
        times = written.stat()
        try:
            left = desks.salvage.files(folders, note, note.base) if is_there(folders.checkout) else None
            committed = desks.salvage.commits(folders.note() or note, self._head(folders, note), note.base)
        except UNREADABLE as trouble:
            raise Unreadable(subject=agent, why=trouble) from trouble
        os.utime(written, ns=(times.st_atime_ns, times.st_mtime_ns))
        return tuple(ref for ref in (left, committed) if ref is not None)

    def _head(self, folders: Folders, note: Note) -> Path:
        admin = self.desks.layout.common / "worktrees" / note.admin if note.admin else folders.checkout / ".git"
        return admin / "HEAD"

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
        self.desks.refs.delete(ref, commit, "fusion-kit: clean")
