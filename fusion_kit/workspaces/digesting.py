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

_NOT_OURS = (".fusion/state/", "workspaces/")  # unless Git holds them


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: Git's six octal digits, the id of its content, and its path."""

    mode: str
    blob: str
    path: str


@dataclass(frozen=True, slots=True)
class Digester:
    """Hashes files by the ids Git gives their content."""

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
        return [entry for entry in entries if matches(entry.path, patterns)]

    def _lying(self, patterns: Sequence[str]) -> list[Entry]:
        """Files Git knows as they were staged keep the id they have there; only the others are read."""
        with own_index(self.git, self.trusted, self.top, gitdir_of(self.top, self.common_dir), None) as place:
            self.git.run(place, "update-index", "-q", "--refresh", allowed=(0, 1))
            staged = _staged(self.git.run(place, "ls-files", "-z", "-s").fields)
            changed = set(self.git.run(place, "ls-files", "-z", "-m").fields)
            new = self.git.run(place, "ls-files", "-z", "-o", "--exclude-standard").fields
            same = [entry for entry in staged if entry.path not in changed and matches(entry.path, patterns)]
            fresh = [path for path in new if not path.startswith(_NOT_OURS)]
            read = sorted(path for path in {*changed, *fresh} if matches(path, patterns))
            return same + self._read(place, read)

    def _read(self, place: Place, paths: Iterable[str]) -> list[Entry]:
        """Let Git add them to a copy of the index, so that its filters and modes are those of a commit."""
        there = [path for path in paths if _is_content(self.top / path)]
        if not there:
            return []
        stdin = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in there)
        with self.trusted.quarantine() as quarantined:
            here = replace(place, objects=quarantined.objects)
            self.git.run(
                here, "-c", "core.fsync=none", "update-index", "--add", "--remove", "-z", "--stdin", stdin=stdin
            )
            listed = _staged(self.git.run(here, "ls-files", "-z", "-s").fields)
        wanted = set(there)
        return [entry for entry in listed if entry.path in wanted]


def _staged(fields: Iterable[str]) -> list[Entry]:
    split = (line.partition("\t") for line in fields)
    return [Entry(facts.split(" ")[0], facts.split(" ")[1], path) for facts, _, path in split]


def _is_content(path: Path) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)
