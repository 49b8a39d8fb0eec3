"""A hash of the files that match some patterns, equal for equal files whether they are committed or just lie there."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.core.globs import matches
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.names import commit_name
from fusion_kit.workspaces.repository import gitdir_of, own_index
from fusion_kit.workspaces.trusted import Trusted

_OURS = (".fusion/state/", "workspaces/")  # they do not count unless Git holds them


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: Git's six octal digits, the id of its content, and its path in the repository."""

    mode: str
    blob: str
    path: str
    settled: bool = True  # no merge left it in the index two or three times


@dataclass(frozen=True, slots=True)
class Digester:
    """Hashes files by the ids Git gives their content; paths and patterns begin at the project's folder."""

    git: Git
    trusted: Trusted
    top: Path
    common_dir: Path

    def digest(self, commit: str | None, patterns: Sequence[str]) -> str:
        """Return SHA-256, in hex, over path, mode and content of the files of a commit, or of the project's folder."""
        entries = self._lying(patterns) if commit is None else self._committed(commit_name(commit), patterns)
        total = hashlib.sha256()
        for entry in sorted(entries, key=lambda entry: entry.path):
            total.update(f"{entry.mode} {entry.blob}\t{entry.path}\0".encode("utf-8", "surrogateescape"))
        return total.hexdigest()

    def _committed(self, commit: str, patterns: Sequence[str]) -> list[Entry]:
        listed = self.git.run(self.trusted.place(), "ls-tree", "-r", "-z", "--end-of-options", commit).fields
        split = (line.partition("\t") for line in listed)
        entries = (Entry(facts.split(" ")[0], facts.split(" ")[2], path) for facts, _, path in split)
        prefix = self._prefix()
        return [entry for entry in entries if _is_wanted(entry.path, prefix, patterns)]

    def _prefix(self) -> str:
        """Return where the project lies in its checkout: empty, or `folder/`."""
        inside = self.top.relative_to(self._checkout()).as_posix()
        return "" if inside == "." else f"{inside}/"

    def _checkout(self) -> Path:
        return next((folder for folder in (self.top, *self.top.parents) if (folder / ".git").exists()), self.top)

    def _lying(self, patterns: Sequence[str]) -> list[Entry]:
        """Files that lie as they were staged keep the id they have there; only the others are read."""
        checkout = self._checkout()
        gitdir = gitdir_of(checkout, self.common_dir)
        head = self.git.run(Place(gitdir), "rev-parse", "--verify", "-q", "HEAD^{commit}", allowed=(0, 1)).text or None
        with own_index(self.git, self.trusted, checkout, gitdir, head) as place:
            self.git.run(place, "update-index", "-q", "--refresh", allowed=(0, 1))
            staged = _staged(self.git.run(place, "ls-files", "-z", "-s").fields)
            changed = {entry.path for entry in staged if not entry.settled}
            changed |= set(self.git.run(place, "ls-files", "-z", "-m").fields)
            new = self.git.run(place, "ls-files", "-z", "-o", "--exclude-standard").fields
            prefix = self._prefix()
            ours = tuple(prefix + folder for folder in _OURS)
            fresh = {path for path in new if not f"{path}/".startswith(ours)}
            read = [path for path in sorted(changed | fresh) if _is_wanted(path, prefix, patterns)]
            same = [entry for entry in staged if entry.path not in changed and _is_wanted(entry.path, prefix, patterns)]
            return same + self._read(place, read)

    def _read(self, place: Place, paths: Sequence[str]) -> list[Entry]:
        """Let Git add them to the copy of the index, so that filters and modes are those of a commit."""
        checkout = place.work_tree or self.top
        there = {path for path in paths if _is_content(checkout / path)}
        if not there:
            return []
        stdin = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in sorted(there))
        with self.trusted.quarantine() as quarantined:
            here = replace(place, objects=quarantined.objects)
            self.git.run(here, "-c", "core.fsync=none", "update-index", "--add", "-z", "--stdin", stdin=stdin)
            return [
                entry for entry in _staged(self.git.run(here, "ls-files", "-z", "-s").fields) if entry.path in there
            ]


def _is_wanted(path: str, prefix: str, patterns: Sequence[str]) -> bool:
    return path.startswith(prefix) and matches(path.removeprefix(prefix), patterns)


def _staged(fields: Iterable[str]) -> list[Entry]:
    split = (line.partition("\t") for line in fields)
    facts = ((*facts.split(" "), path) for facts, _, path in split)
    return [Entry(mode, blob, path, settled=stage == "0") for mode, blob, stage, path in facts]


def _is_content(path: Path) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)
