"""Keeping what no branch holds under a ref, before anything in a workspace is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.core.code import PolicyRefusal
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed
from fusion_kit.workspaces.keeping import next_name
from fusion_kit.workspaces.layout import Folders, Layout, Note
from fusion_kit.workspaces.names import salvage_prefix
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.snapshot import Snapshots
from fusion_kit.workspaces.trusted import Trusted


@dataclass(frozen=True, slots=True)
class Salvage:
    """Puts a workspace's files, and commits an agent made and left, under `refs/fusion-kit/salvage/`."""

    git: Git
    layout: Layout
    trusted: Trusted
    refs: Refs
    snapshots: Snapshots

    def files(self, folders: Folders, note: Note, base: str) -> str | None:
        """Return the ref that holds what lies in the checkout; None where a base, old or new, or its branch does.

        Raises `PolicyRefusal` or `GitFailed` if it cannot be read whole: then it is not clean, and must be put away.
        """
        with self.trusted.quarantine() as quarantined:
            tree = self.snapshots.tree(folders, quarantined, note.base)
            if tree == note.held or tree in self._trees_of(note.base, base):
                self.trusted.admit(quarantined)
                self.snapshots.settle(folders)
                return None
            commit = self._commit(quarantined, note, tree)
            self.trusted.check(quarantined)
            self.trusted.admit(quarantined)
        ref = self._point(note, commit, tree)
        self.snapshots.settle(folders)
        folders.write(replace(note, held=tree))
        return ref

    def commits(self, note: Note, head: Path, base: str) -> str | None:
        """Return the ref that holds the commit an agent's HEAD stood at, if it is sound and no other ref holds it."""
        commit = detached(head)
        if commit is None or commit in (note.base, base) or not self._is_sound(commit, note.base):
            return None
        tree, *known = self._trees_of(commit, note.base)
        return None if tree in (note.held, *known) else self._point(note, commit, tree)

    def _trees_of(self, *commits: str) -> list[str]:
        trees = [f"{commit}^{{tree}}" for commit in commits]
        return self.git.run(self.trusted.place(), "rev-parse", "-q", *trees).text.split()

    def _commit(self, quarantined: Place, note: Note, tree: str) -> str:
        message = f"Left in the workspace after {note.node}\n\nFusion-Run: {note.run}\nFusion-Task: {note.node}\n"
        args = ("commit-tree", "-p", note.base, "-F", "-", tree)
        return self.git.run(quarantined, *args, stdin=message.encode()).text

    def _point(self, note: Note, commit: str, tree: str) -> str:
        folder = salvage_prefix(note.run, note.node)
        for ref, (_, held) in self.refs.under(folder).items():
            if held == tree:
                return ref
        ref = next_name(folder, self.refs)
        self.refs.move([Move(ref, commit)], "fusion-kit: salvage")
        return ref

    def _is_sound(self, commit: str, base: str) -> bool:
        """A commit with objects missing would make the person's own `git gc` fail once a ref held it."""
        try:
            self.git.run(self.trusted.place(), "rev-list", "--objects", "--quiet", commit, f"^{base}")
        except GitFailed:
            return False
        return True


UNREADABLE = (PolicyRefusal, GitFailed)


def detached(head: Path) -> str | None:
    """Return the commit in a HEAD file; a HEAD on a branch needs no saving, a strange one cannot be read."""
    if head.is_symlink() or not head.is_file() or head.stat().st_size > 1 << 10:
        return None
    text = head.read_text(encoding="ascii", errors="replace").strip()
    return text if re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", text) else None
