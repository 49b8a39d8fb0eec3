"""Reading what an agent left in files: never blocking, never following a link, never more than asked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

TEXT_LIMIT_BYTES = 1 << 20
SCAN_LIMIT_BYTES = 64 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def tail_bytes(path: Path, limit_bytes: int) -> bytes:
    """Return the last bytes of a regular file; nothing where there is none (a link, a pipe, a folder, no file)."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return b""
        file.seek(max(0, status.st_size - limit_bytes))
        return file.read(limit_bytes)


def tail_text(path: Path, limit_bytes: int = TEXT_LIMIT_BYTES) -> str:
    """Return the end of a file as text, what is not UTF-8 replaced, without blank space around it."""
    return tail_bytes(path, limit_bytes).decode("utf-8", "replace").strip()


def last_line(path: Path) -> str:
    """Return the last line that says something, at most 2,000 characters of it."""
    lines = tail_text(path, 1 << 16).splitlines()
    return next((line.strip()[:2000] for line in reversed(lines) if line.strip()), "")


def object_lines(path: Path, limit_bytes: int = SCAN_LIMIT_BYTES) -> Iterator[str]:
    """Yield, last line first, the lines that could be JSON objects; everything else is noise."""
    for line in reversed(tail_bytes(path, limit_bytes).split(b"\n")):
        if line.lstrip().startswith(b"{"):
            yield line.decode("utf-8", "replace")
