"""What lies outside of all workspaces: a fingerprint to be compared, and the text of what changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.core.code import Outside, OutsideChange
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import write_whole
from fusion_kit.workspaces.executes import executing
from fusion_kit.workspaces.fingerprint import Entry, Fingerprints
from fusion_kit.workspaces.layout import Layout
from fusion_kit.workspaces.names import OWN
from fusion_kit.workspaces.repository import gitdir_of
from fusion_kit.workspaces.trusted import Trusted
from fusion_kit.workspaces.untouched import head_commit, untouched

_OURS = (f"{OWN}/", "refs/heads/fk/")
_PATCH_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Outskirts:
    """Watches the person's checkout and the Git directory that all worktrees share; nothing of it is written."""

    git: Git
    trusted: Trusted
    layout: Layout
    fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def outside(self) -> Outside:
        """Return what it looks like now; a file that was only touched looks as before."""
        checkout, common = self._checkout(), self.layout.common
        gitdir = gitdir_of(checkout, common) if checkout else common
        files = self._files(checkout, gitdir) if checkout else {}
        executes = executing(self.git, self.trusted.place(), common, gitdir, checkout or self.layout.top)
        return Outside(files, self._refs(gitdir), executes)

    def keep_patch(self, change: OutsideChange, into: Path) -> None:
        """Write how the changed paths differ from HEAD as a patch; what has no text in it is named above."""
        checkout = self._checkout()
        kept = [path for path in change.paths if checkout is not None and _is_for_patch(checkout / path)]
        named = [*change.refs, *change.executes]
        named += [f"{path} (not a file, or too large to be kept here)" for path in change.paths if path not in kept]
        head = "".join(f"# {_printable(line)}\n" for line in ("Differs from HEAD:", *named))
        write_whole(into, head + (self._patch(checkout, kept) if checkout is not None and kept else ""))

    def _checkout(self) -> Path | None:
        """The project may lie below the top of its checkout; a bare repository has none."""
        top = self.layout.top
        return next((folder for folder in (top, *top.parents) if (folder / ".git").exists()), None)

    def _refs(self, gitdir: Path) -> dict[str, str]:
        form = "--format=%(refname) %(objectname) %(symref)"
        lines = self.git.run(Place(self.layout.common), "for-each-ref", form).text.splitlines()
        pairs = (line.partition(" ") for line in lines)
        found = {name: value.strip() for name, _, value in pairs if not name.startswith(_OURS)}
        found["HEAD"] = self._head(gitdir)
        return found | {f"worktrees/{admin.name}/HEAD": self._head(admin) for admin in self._others(gitdir)}

    def _head(self, gitdir: Path) -> str:
        if not (self.layout.common / "reftable").is_dir():
            return _line_of(gitdir / "HEAD")
        symbolic = self.git.run(Place(gitdir), "symbolic-ref", "-q", "HEAD", allowed=(0, 1)).text
        return symbolic or head_commit(self.git, gitdir) or ""

    def _others(self, gitdir: Path) -> list[Path]:
        """The person's other worktrees, and those an agent added; ours belong to agents, and are watched otherwise."""
        folder, ours = self.layout.common / "worktrees", f"{self.layout.workspaces}{os.sep}"
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return [admin for admin in found if admin != gitdir and not _line_of(admin / "gitdir").startswith(ours)]

    def _files(self, checkout: Path, gitdir: Path) -> dict[str, str]:
        head = head_commit(self.git, gitdir)
        with untouched(self.git, self.trusted, self.layout.common, checkout, gitdir) as place:
            known = self._known(place)
            listed = self.git.run(place, "ls-files", "-t", "-m", "-d", "-o", "-z", "--exclude-standard").fields
            staged = self._staged(place, head, known)
        hidden = (path for path, entry in known.items() if entry.hidden and os.path.lexists(checkout / path))
        return self._differing(checkout, {line[2:] for line in listed}.union(hidden), known) | staged

    def _known(self, place: Place) -> dict[str, Entry]:
        """Return the index. An agent may have marked entries of it so that Git does not look at their files."""
        found = {}
        for line in self.git.run(place, "ls-files", "-s", "-v", "-z").fields:
            facts, path = line.split("\t", 1)
            tag, mode, oid, _stage = facts.split(" ")
            found[path] = Entry(mode, oid, hidden=tag.islower() or tag == "S")
        return found

    def _staged(self, place: Place, head: str | None, known: dict[str, Entry]) -> dict[str, str]:
        """Return what is in the index and not in HEAD, by what a file looks like that is just so."""
        if head is None:
            return {path: entry.fingerprint for path, entry in known.items()}
        args = ("diff-index", "--cached", "-z", "--name-only", "--no-renames", "--end-of-options", head)
        paths = self.git.run(place, *args).fields
        return {path: known[path].fingerprint if path in known else "" for path in paths}

    def _differing(self, checkout: Path, paths: Iterable[str], known: dict[str, Entry]) -> dict[str, str]:
        ours = self._our_folders(checkout)
        found = {}
        for path in sorted(paths):
            value = None if path.startswith(ours) else self.fingerprints.of(checkout, path, known.get(path))
            if value is not None:
                found[path] = value
        return found

    def _our_folders(self, checkout: Path) -> tuple[str, ...]:
        """What we made ourselves: the agents' folders, also among a person's own files, and the link to our state."""
        desks = self.layout.state / "desks"
        names = [entry.name for entry in desks.iterdir()] if desks.is_dir() else []
        top = self.layout.top
        paths = [*(top / "workspaces" / name for name in names), top / ".fusion" / "state"]
        return tuple(path.relative_to(checkout).as_posix() for path in paths)

    def _patch(self, checkout: Path, paths: Sequence[str]) -> str:
        gitdir = gitdir_of(checkout, self.layout.common)
        head = head_commit(self.git, gitdir)
        with untouched(self.git, self.trusted, self.layout.common, checkout, gitdir) as place:
            start = head or self.git.run(place, "mktree").text
            self.git.run(place, "read-tree", "--reset", "--end-of-options", start)
            stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
            self.git.run(place, "update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=stdin)
            args = ("diff-index", "--cached", "-p", "--binary", "--no-renames", "--no-ext-diff", "--no-textconv")
            return self.git.run(place, *args, "--end-of-options", start).out.decode("utf-8", "surrogateescape")


def _is_for_patch(path: Path) -> bool:
    """A path that is gone is part of a patch as well."""
    try:
        found = path.lstat()
    except OSError:
        return True
    return stat.S_ISLNK(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_size <= _PATCH_FILE_BYTES)


def _line_of(path: Path) -> str:
    """Return the one line of a small file; nothing where it is something else."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 12:
        return ""
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _printable(text: str) -> str:
    return text.encode("unicode_escape", "surrogateescape").decode("ascii")
