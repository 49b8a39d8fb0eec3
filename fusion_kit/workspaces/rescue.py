"""What is kept of work that did not make it onto a branch of its own, and getting it back as plain files."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fusion_kit.core.errors import UsageError
from fusion_kit.core.moments import timestamp
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import RefMoved
from fusion_kit.workspaces.layout import Layout
from fusion_kit.workspaces.names import OWN, ref_name
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.sweeping import changed_at, disk_bytes, wipe
from fusion_kit.workspaces.trusted import Trusted

_SALVAGE = f"{OWN}/salvage/"
_BRANCHES = "refs/heads/fk/"


class NotEmpty(UsageError):
    """{path} is not an empty folder, and nothing that is there will be overwritten."""

    hint = "Name a folder that does not exist yet, or an empty one."


class BranchTaken(UsageError):
    """There is a branch {name} already."""

    hint = "Choose another name, or delete it first: git branch -D {name}"


class NoCommit(UsageError):
    """{name} is no commit, so no branch can begin there."""

    hint = "Get its files with --to DIR."


@dataclass(frozen=True, slots=True)
class Saved:
    """One thing that is kept: `name` is a ref, or the path of a folder or file; `date` is UTC."""

    kind: str  # salvage | branch | workspace | trash | patch
    name: str
    date: str
    run: str | None = None
    task: str | None = None
    number: int | None = None
    commit: str | None = None
    files: int | None = None
    bytes: int | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Rescuer:
    """Reads refs and folders of ours; writes only where a person said."""

    git: Git
    layout: Layout
    trusted: Trusted
    refs: Refs

    def saved(self) -> list[Saved]:
        """Return everything that is kept, the newest first; workspaces are not looked into."""
        return sorted([*self._refs(), *self._trash(), *self._patches()], key=lambda saved: saved.date, reverse=True)

    def workspace(self, agent: str) -> Saved:
        """Return what stands for the work that lies in an agent's workspace."""
        folders = self.layout.folders(agent)
        note, path = folders.note(), folders.checkout
        run, task = (note.run, note.node) if note else (None, None)
        return Saved("workspace", str(path), _day(changed_at(path)), run, task, bytes=disk_bytes(path), subject=agent)

    def restore(self, saved: Saved, to: Path) -> None:
        """Write its files to a folder that is new or empty, all or none; raises `NotEmpty`."""
        if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
            raise NotEmpty(path=to)
        to.parent.mkdir(parents=True, exist_ok=True)
        with _beside(to) as partial:
            if saved.commit is not None:
                self._write(saved.commit, partial)
            else:
                _copy(Path(saved.name), partial)
            partial.replace(to)

    def branch(self, saved: Saved, name: str) -> None:
        """Make a branch at its commit; raises `NoCommit`, `BranchTaken`, `BadName`."""
        if saved.commit is None:
            raise NoCommit(name=saved.name)
        try:
            self.refs.move([Move(ref_name(name), saved.commit)], "fusion-kit: rescue")
        except RefMoved as failure:
            raise BranchTaken(name=name) from failure

    def _refs(self) -> list[Saved]:
        if not (self.layout.common / "objects").is_dir():
            return []
        form = "--format=%(refname)%00%(objectname)%00%(committerdate:unix)%00%(contents:subject)"
        lines = self.git.run(Place(self.layout.common), "for-each-ref", form, _SALVAGE, _BRANCHES).out.splitlines()
        found = [_saved(*line.decode("utf-8", "replace").split("\0")) for line in lines]
        kept = [saved for saved in found if saved is not None]
        counts = self._file_counts([saved.commit for saved in kept if saved.commit])
        return [replace(saved, files=counts.get(saved.commit or "", 0)) for saved in kept]

    def _file_counts(self, commits: Sequence[str]) -> dict[str, int]:
        """Return how many files each commit changes, by one process for all."""
        stdin = "".join(f"{commit}\n" for commit in dict.fromkeys(commits)).encode()
        args = ("diff-tree", "--stdin", "-r", "--root", "-m", "--first-parent", "--name-only", "--no-renames")
        counts: dict[str, int] = {}
        current, known = "", set(commits)
        for line in self.git.run(self.trusted.place(), *args, stdin=stdin).text.splitlines() if commits else []:
            first = line.split(" ")[0]
            if first in known:
                current = first
                counts.setdefault(current, 0)
            elif line:
                counts[current] = counts.get(current, 0) + 1
        return counts

    def _trash(self) -> list[Saved]:
        folder = self.layout.trash
        shelves = sorted(folder.iterdir()) if folder.is_dir() else []
        return [
            Saved("trash", str(path), _day(changed_at(shelf)), bytes=disk_bytes(path), subject=path.name)
            for shelf in shelves
            if shelf.is_dir() and not shelf.is_symlink()
            for path in sorted(shelf.iterdir())
        ]

    def _patches(self) -> list[Saved]:
        found = sorted((self.layout.state / "runs").glob("*/outside/*.patch"))
        return [
            Saved("patch", str(path), _day(changed_at(path)), path.parts[-3], bytes=disk_bytes(path), subject=path.name)
            for path in found
        ]

    def _write(self, commit: str, to: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="fusion-kit-") as folder:
            place = replace(self.trusted.place(), work_tree=to, index=Path(folder) / "index")
            self.git.run(place, "read-tree", "--end-of-options", commit)
            self.git.run(place, "checkout-index", "-a", "-q")


def _saved(ref: str, commit: str, date: str, subject: str) -> Saved | None:
    parts = ref.split("/")
    if ref.startswith(_SALVAGE) and len(parts) == 6 and parts[5].isdigit():
        return Saved("salvage", ref, _day(date), parts[3], parts[4], int(parts[5]), commit, subject=subject)
    if ref.startswith(_BRANCHES) and len(parts) == 6 and parts[4] == "t":
        return Saved("branch", ref, _day(date), parts[3], parts[5], None, commit, subject=subject)
    return None


def _day(seconds: float | str) -> str:
    return timestamp(datetime.fromtimestamp(float(seconds or 0), UTC))


@contextmanager
def _beside(to: Path) -> Iterator[Path]:
    """Give a folder beside `to`, to be renamed to it; what is left of it at the end goes."""
    partial = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}-"))
    try:
        yield partial
    finally:
        if partial.exists():
            wipe(partial)


def _copy(source: Path, into: Path) -> None:
    """Copy a folder's content, or a file; a Git directory in it is renamed, for its configuration is an agent's."""
    if source.is_symlink() or not source.is_dir():
        shutil.copy2(source, into / source.name, follow_symlinks=False)
        return
    shutil.copytree(source, into, symlinks=True, ignore=_special, dirs_exist_ok=True)
    if (into / ".git").exists():
        (into / ".git").rename(into / "dot-git")


def _special(folder: str, names: list[str]) -> list[str]:
    """Sockets, FIFOs and devices hold nothing."""
    modes = {name: (Path(folder) / name).lstat().st_mode for name in names}
    return [
        name for name, mode in modes.items() if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
    ]
