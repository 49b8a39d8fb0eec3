"""The Git side of a workspace: making it, telling whether it is still ours, and keeping the agent's own Git in step."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import is_there, put_away, write_whole
from fusion_kit.workspaces.errors import GitFailed
from fusion_kit.workspaces.layout import Folders, Layout
from fusion_kit.workspaces.lock import held
from fusion_kit.workspaces.trusted import Trusted

_TRIES = 3
_STAYS = frozenset({"HEAD", "commondir", "gitdir", "index", "logs", "refs", "config.worktree", "locked", "reftable"})


@dataclass(frozen=True, slots=True)
class Checkouts:
    """Makes checkouts without files; `files` fill them by our own Git directory."""

    git: Git
    layout: Layout
    trusted: Trusted

    def make(self, folders: Folders, base: str, isolation: str) -> str | None:
        """Make an empty checkout that stands detached at `base`; return its folder among the worktrees, if it has one.

        Git fails when several worktrees are added at once, so one lock per repository is held.
        """
        if isolation == "clone":
            self._clone(folders)
            return None
        with held(self.layout.state / "worktrees.lock"):
            self._add(folders.checkout, base)
        return _named_by(folders.checkout / ".git", self.layout.common)

    def intact(self, folders: Folders, admin: str | None) -> bool:
        """Return whether the checkout is the one we made, whatever an agent did to it meanwhile."""
        mark = folders.checkout / ".git"
        if folders.checkout.is_symlink() or not folders.checkout.is_dir() or mark.is_symlink():
            return False
        if admin is None:
            return mark.is_dir() and _text(mark / "objects" / "info" / "alternates") == self._borrowed()
        home = self.layout.common / "worktrees" / admin
        whole = home.is_dir() and not home.is_symlink() and _text(home / "gitdir").strip() == str(mark)
        return whole and _named_by(mark, self.layout.common) == admin

    def step(self, folders: Folders, admin: str | None, base: str) -> None:
        """Let the agent's own Git see a clean checkout at `base`: HEAD, index, and no operation half done."""
        home = folders.checkout / ".git" if admin is None else self.layout.common / "worktrees" / admin
        for entry in home.iterdir() if admin is not None else home.glob("*.lock"):
            if entry.name not in _STAYS:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        if (self.layout.common / "reftable").is_dir():
            self.git.run(Place(home), "update-ref", "--no-deref", "HEAD", base)
        else:
            write_whole(home / "HEAD", f"{base}\n", 0o644)
        shutil.copy2(folders.index, home / "index.fusion-kit")
        (home / "index.fusion-kit").replace(home / "index")

    def _add(self, checkout: Path, base: str) -> None:
        """`-f -f` takes a name back whose folder is gone, even one an agent had locked."""
        args = ("worktree", "add", "-f", "-f", "--detach", "--no-checkout", str(checkout), base)
        for left in reversed(range(_TRIES)):
            try:
                self.git.run(Place(self.layout.common), *args)
            except GitFailed:
                if left == 0:
                    raise
                if is_there(checkout):
                    put_away(checkout, self.layout.trash)
            else:
                return

    def _clone(self, folders: Folders) -> None:
        """What `git clone --shared --no-checkout` makes, without a remote and without reading any configuration."""
        checkout, common = folders.checkout, self.layout.common
        checkout.mkdir()
        form = self.git.run(self.trusted.place(), "rev-parse", "--show-object-format").text
        mark = Place(checkout / ".git", work_tree=checkout)
        self.git.run(mark, "init", "-q", "--template=", f"--object-format={form}", "-b", "main")
        write_whole(checkout / ".git" / "objects" / "info" / "alternates", self._borrowed(), 0o644)
        if (common / "shallow").is_file():
            shutil.copyfile(common / "shallow", checkout / ".git" / "shallow")

    def _borrowed(self) -> str:
        return f"{self.layout.common / 'objects'}\n"


def _named_by(mark: Path, common: Path) -> str | None:
    """Return the worktree that a `.git` file names, if it is one of this repository's."""
    kind, _, target = _text(mark).strip().partition(": ")
    path = Path(target)
    return path.name if kind == "gitdir" and path.parent == common / "worktrees" else None


def _text(path: Path) -> str:
    """Return a small plain file's text; a FIFO in its place would hang us, a huge one is not ours."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 16:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")
