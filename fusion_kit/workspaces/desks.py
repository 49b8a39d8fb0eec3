"""Making an agent's workspace stand clean at a commit, at the price of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.core.code import Desk, DeskOrder
from fusion_kit.workspaces.checkouts import Checkouts
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import is_there, put_away
from fusion_kit.workspaces.errors import GitFailed, NoCommits, NoSuchCommit, RefMoved
from fusion_kit.workspaces.furnishing import Furnisher
from fusion_kit.workspaces.layout import Folders, Layout, Note, stamped
from fusion_kit.workspaces.names import commit_name, pin_ref
from fusion_kit.workspaces.oddities import oddities
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.salvage import UNREADABLE, Salvage
from fusion_kit.workspaces.settings import WorkspaceSettings
from fusion_kit.workspaces.trusted import Trusted


@dataclass(frozen=True, slots=True)
class Desks:
    """Worktrees belong to agents and are reused; nothing is removed before a salvage ref, or the trash, holds it."""

    git: Git
    layout: Layout
    settings: WorkspaceSettings
    trusted: Trusted
    refs: Refs
    checkouts: Checkouts
    furnisher: Furnisher
    salvage: Salvage

    def prepare(self, order: DeskOrder) -> Desk:
        """Return the workspace, clean at the order's base; raises `NoCommits`, `NoSuchCommit`, `SetupFailed`."""
        if not order.base:
            raise NoCommits
        commit_name(order.base)
        folders = self.layout.make(order.agent)
        self.furnisher.patterns(folders)
        self._pin(order)
        salvaged, note = self._cleared(order, folders)
        before = note or self._made(order, folders)
        self.checkouts.step(folders, before.admin, order.base)
        note = self._furnished(folders, before, replace(before, base=order.base, held=None))
        folders.write(replace(stamped(note, order.stamp), ready=True))
        return Desk(order.agent, folders.checkout, order.base, tuple(salvaged))

    def retire(self, agent: str) -> tuple[str, ...]:
        """Salvage what lies there, run the tear-down command and put the workspace away; return the salvage refs."""
        folders, salvaged = self.layout.folders(agent), list[str]()
        if is_there(folders.checkout):
            if (note := folders.note()) is not None:
                self._salvaged(folders, note, note.base, salvaged)
            self.furnisher.tear_down(folders)
        for path in (folders.home, folders.desk):
            if is_there(path):
                put_away(path, self.layout.trash)
        return tuple(salvaged)

    def _pin(self, order: DeskOrder) -> None:
        """The base stays, whatever an agent does to its HEAD and then to `git gc`."""
        try:
            self.refs.move([Move(pin_ref(order.agent), order.base, forced=True)], "fusion-kit: base")
        except RefMoved as failure:
            if self.git.run(self.trusted.place(), "cat-file", "-t", order.base, allowed=(0, 128)).text != "commit":
                raise NoSuchCommit(commit=order.base) from failure
            raise

    def _cleared(self, order: DeskOrder, folders: Folders) -> tuple[list[str], Note | None]:
        """Move what is there to the new base; a workspace that is broken, or cannot be read whole, is put away."""
        salvaged: list[str] = []
        note = folders.note()
        if not is_there(folders.checkout):
            return salvaged, None
        if note is not None and not note.ready:
            put_away(folders.checkout, self.layout.trash)
            return salvaged, None
        known = note or Note(order.base)
        whole = not order.keeps or self._salvaged(folders, known, order.base, salvaged)
        sound = note is not None and note.isolation == order.isolation and self.checkouts.intact(folders, note.admin)
        if whole and note is not None and sound:
            try:
                self._move(folders, order.base)
            except GitFailed:
                pass
            else:
                return salvaged, note
        put_away(folders.checkout, self.layout.trash)
        return salvaged, None

    def _salvaged(self, folders: Folders, note: Note, base: str, salvaged: list[str]) -> bool:
        """Add the refs that hold what lies there; False where it could not be read whole."""
        if folders.checkout.is_symlink() or not folders.checkout.is_dir():
            return False
        try:
            left = self.salvage.files(folders, note, base)
            committed = self.salvage.commits(folders.note() or note, self._head(folders, note), base)
        except UNREADABLE:
            return False
        salvaged += [ref for ref in (left, committed) if ref is not None]
        return True

    def _head(self, folders: Folders, note: Note) -> Path:
        admin = self.layout.common / "worktrees" / note.admin if note.admin else folders.checkout / ".git"
        return admin / "HEAD"

    def _move(self, folders: Folders, base: str) -> None:
        """By difference: Git writes the files that differ and removes those that should not be there."""
        place = self._place(folders)
        for path in self._foreign(folders):
            put_away(folders.checkout / path, self.layout.trash)
        Path(f"{folders.index}.lock").unlink(missing_ok=True)
        self.git.run(place, "read-tree", "--reset", "-u", "--end-of-options", base)
        kept = [option for path in self.settings.cache for option in ("-e", f"/{path}")]
        self.git.run(place, "clean", "-ffdxq", *kept)

    def _foreign(self, folders: Folders) -> Sequence[str]:
        """What `git clean` passes over: repositories inside tracked folders, sockets, FIFOs."""
        odd = oddities(folders.checkout)
        return [path for path in (*odd.specials, *odd.repositories) if not self._is_cache(path)]

    def _is_cache(self, path: str) -> bool:
        return any(path == cached or path.startswith(f"{cached}/") for cached in self.settings.cache)

    def _made(self, order: DeskOrder, folders: Folders) -> Note:
        """A note that is not ready says: whatever you find here, no agent has seen it."""
        folders.write(Note(order.base, order.isolation))
        admin = self.checkouts.make(folders, order.base, order.isolation)
        folders.index.unlink(missing_ok=True)
        Path(f"{folders.index}.lock").unlink(missing_ok=True)
        self.git.run(self._place(folders), "read-tree", "--reset", "-u", "--end-of-options", order.base)
        return Note(order.base, order.isolation, admin)

    def _place(self, folders: Folders) -> Place:
        return replace(self.trusted.place(), work_tree=folders.checkout, index=folders.index, excludes=folders.excludes)

    def _furnished(self, folders: Folders, before: Note, note: Note) -> Note:
        """Set up a new workspace, and one whose set-up was cleaned away."""
        place = self._place(folders)
        self.furnisher.bring(folders, place)
        gone = any(not is_there(folders.checkout / path) for path in note.made)
        moved = self.settings.setup_on_new_base and before.base != note.base
        if note.set_up and not gone and not moved:
            return note
        folders.write(replace(note, set_up=False))
        return replace(note, made=self.furnisher.set_up(folders, place), set_up=True)
