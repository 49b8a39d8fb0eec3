"""Where definition files are read from: a folder of the person's, or a frozen copy in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

LIMIT_BYTES = 16 << 20


class Source(Protocol):
    """Files by their path below the project, with `/` between the parts."""

    def read(self, path: str) -> bytes:
        """Return the content, at most one byte more than `LIMIT_BYTES`; raises `OSError`."""
        ...

    def list(self, folder: str) -> list[str]:
        """Return the paths of the YAML files right in a folder, sorted; none where there is no such folder."""
        ...


def is_yaml(path: str) -> bool:
    """Whether a file name is one of YAML's."""
    return path.endswith((".yaml", ".yml"))


@dataclass(frozen=True, slots=True)
class Disk:
    """The person's own checkout."""

    root: Path

    def read(self, path: str) -> bytes:
        """Return the content of a file below the root, or of an absolute path."""
        with (self.root / path).open("rb") as file:
            return file.read(LIMIT_BYTES + 1)

    def list(self, folder: str) -> list[str]:
        """Return the YAML files right in a folder."""
        place = self.root / folder
        try:
            names = sorted(entry.name for entry in place.iterdir() if entry.is_file())
        except OSError:
            return []
        return [str(PurePosixPath(folder, name)) for name in names if is_yaml(name)]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A run's frozen copy."""

    files: Mapping[str, bytes]

    def read(self, path: str) -> bytes:
        """Return the content of a file as it was frozen."""
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def list(self, folder: str) -> list[str]:
        """Return the frozen YAML files right in a folder."""
        return sorted(path for path in self.files if is_yaml(path) and str(PurePosixPath(path).parent) == folder)


@dataclass(slots=True)
class Recording:
    """A source that remembers what was read of it."""

    source: Source
    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        """Return the content; a file is read once, so what was checked is what is frozen."""
        if path not in self.files:
            self.files[path] = self.source.read(path)
        return self.files[path]

    def list(self, folder: str) -> list[str]:
        """Return the YAML files right in a folder."""
        return self.source.list(folder)


def digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256, in hex, over paths, sizes and contents."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path}\0{len(files[path])}\0".encode())
        total.update(files[path])
    return total.hexdigest()
