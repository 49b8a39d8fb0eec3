"""The state of single files, told without running a filter: mode and hash as Git would name the plain bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

_READ_BYTES = 4 << 20
_Stat = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A path in an index; a `hidden` one is marked so that Git does not look at its file."""

    mode: str
    oid: str
    hidden: bool = False

    @property
    def fingerprint(self) -> str:
        """What a file that is just so looks like."""
        return f"{self.mode} {self.oid}"


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Hashes files, and remembers for as long as a process lives what did not change since."""

    known: dict[str, tuple[_Stat, str]] = field(default_factory=dict)

    def of(self, checkout: Path, path: str, entry: Entry | None) -> str | None:
        """Return the state of a file, empty where there is none; None where it is as its entry says."""
        try:
            found = os.lstat(checkout / path)
        except OSError:
            return ""
        facts = (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        if path in self.known and self.known[path][0] == facts:
            value = self.known[path][1]
        else:
            value = _value(checkout / path, found, 64 if entry and len(entry.oid) == 64 else 40)
            self.known[path] = facts, value
        return None if entry is not None and entry.fingerprint == value else value


def _value(path: Path, found: os.stat_result, length: int) -> str:
    try:
        if stat.S_ISLNK(found.st_mode):
            return f"120000 {_blob(os.fsencode(os.readlink(path)), length)}"  # noqa: PTH115 - bytes as they are
        if stat.S_ISREG(found.st_mode) and found.st_size <= _READ_BYTES:
            mode = "100755" if found.st_mode & 0o100 else "100644"
            return f"{mode} {_blob(path.read_bytes(), length)}"
    except OSError as error:
        return f"unreadable {error.errno}"
    return f"{found.st_mode:o} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _blob(content: bytes, length: int) -> str:
    """Return the name Git gives a blob, in a repository whose names have that length."""
    make = hashlib.sha256 if length == 64 else hashlib.sha1
    return make(b"blob %d\0" % len(content) + content).hexdigest()
