"""The end of a log after a crash: told apart from damage, kept for people, and cut off."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fusion_kit.core.events import LogRepaired
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.lines import link_of
from fusion_kit.persistence.segments import Position, segment_name

_CHUNK_BYTES = 1024 * 1024
_TWO_LINES = re.compile(rb',"crc":"[0-9a-f]{8}"\}.\{"seq":', re.DOTALL)


def bytes_from(disk: Disk, fd: int, offset: int) -> bytes:
    """Return everything from `offset` on."""
    parts = []
    while chunk := disk.read(fd, _CHUNK_BYTES, offset):
        parts.append(chunk)
        offset += len(chunk)
    return b"".join(parts)


def is_torn(tail: bytes, position: Position) -> bool:
    """Whether one unfinished write explains what follows the last whole batch.

    It does if that is a batch without its end, then at most one broken line, then at most zeros. A complete line behind
    a broken one was acknowledged once, so it is damage.
    """
    _, _, seq, crc = position
    start = 0
    while (end := tail.find(b"\n", start)) >= 0:
        link = link_of(tail[start : end + 1], seq + 1, crc)
        if link is None:
            break
        if link.rest == 0:
            return False
        start, seq, crc = end + 1, seq + 1, link.crc
    broken, _, after = tail[start:].partition(b"\n")
    return not after.strip(b"\0") and not _TWO_LINES.search(broken)


def set_aside(disk: Disk, quarantine: Path, data: bytes, position: Position) -> str:
    """Copy bytes found at `position` into the quarantine, durably; return the name of the copy."""
    quarantine.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem, taken = f"{segment_name(position.first)[:-6]}-{position.offset}", set(disk.names(quarantine))
    name = next(name for number in range(len(taken) + 1) if (name := f"{stem}.{number}") not in taken)
    fd = disk.open(quarantine / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        while data:
            data = data[disk.write(fd, data) :]
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.sync_folder(quarantine)
    disk.sync_folder(quarantine.parent)
    return name


def cut(disk: Disk, quarantine: Path, fd: int, tail: bytes, position: Position) -> LogRepaired:
    """Keep a torn tail in the quarantine, cut it off, and return the fact that says so."""
    name = set_aside(disk, quarantine, tail, position)
    disk.truncate(fd, position.offset)
    disk.sync(fd)
    return LogRepaired(segment=segment_name(position.first), bytes=len(tail), quarantine=name)
