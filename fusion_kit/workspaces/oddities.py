"""What lies in a workspace that `git add` would pass over without a word."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Oddities:
    """Paths relative to the workspace, which is how they are named to people."""

    specials: list[str] = field(default_factory=list)  # sockets, FIFOs, devices
    repositories: list[str] = field(default_factory=list)  # `.git` entries below the top
    too_deep: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """Every path found."""
        return [*self.specials, *self.repositories, *self.too_deep, *self.unreadable]


def oddities(workspace: Path) -> Oddities:
    """Walk the workspace by the kinds its folders name, without asking for the status of a single file."""
    found = Oddities()
    waiting = [""]
    while waiting:
        for entry, relative in _entries(workspace, waiting.pop(), found):
            if entry.name == ".git":
                if "/" in relative:
                    found.repositories.append(relative)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(relative)
            elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                found.specials.append(relative)
    return found


def _entries(workspace: Path, folder: str, found: Oddities) -> Iterator[tuple[os.DirEntry[str], str]]:
    try:
        with os.scandir(workspace / folder if folder else workspace) as entries:
            listed = list(entries)
    except OSError as error:
        (found.too_deep if error.errno == errno.ENAMETOOLONG else found.unreadable).append(folder)
        return
    prefix = f"{folder}/" if folder else ""
    for entry in listed:
        yield entry, prefix + entry.name
