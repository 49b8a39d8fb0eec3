"""Sizes on the disk, and deleting whole trees: whatever modes their files have."""

from __future__ import annotations

import os
import shutil
import stat
from collections import Counter
from contextlib import suppress
from pathlib import Path

_BLOCK_BYTES = 512


def disk_bytes(*paths: Path) -> int:
    """Return what deleting these trees would free; a file that has a name elsewhere as well frees nothing."""
    total, links = 0, Counter[tuple[int, int, int, int]]()
    for path in paths:
        waiting = [path]
        while waiting:
            here = waiting.pop()
            try:
                found = here.lstat()
                if stat.S_ISDIR(found.st_mode):
                    waiting += [here / name for name in os.listdir(here)]  # noqa: PTH208 - a path for each is slow
            except OSError:
                continue
            size_bytes = _allocated(found)
            if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                total += size_bytes
            else:
                links[found.st_dev, found.st_ino, found.st_nlink, size_bytes] += 1
    return total + sum(size for (_, _, wanted, size), seen in links.items() if seen == wanted)


def _allocated(found: os.stat_result) -> int:
    return int(getattr(found, "st_blocks", -(-found.st_size // _BLOCK_BYTES))) * _BLOCK_BYTES


def wipe(path: Path) -> None:
    """Delete a tree or a file, read-only folders in it included; raises `OSError` for what resists."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    open_up(path)
    for parent, folders, _ in os.walk(path):
        for name in folders:
            open_up(Path(parent) / name)
    shutil.rmtree(path)


def open_up(folder: Path) -> None:
    """Let its owner do everything with a folder."""
    with suppress(OSError):
        if not folder.is_symlink() and folder.is_dir():
            folder.chmod(0o700)


def changed_at(path: Path) -> float:
    """Return when a folder or file was changed last, in seconds; 0 where there is none."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
