"""The files of the log: where one stands in them, and how whole batches are read from there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.lines import Line, link_of

SEGMENT_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_NAME = re.compile(r"(\d{12})\.jsonl")


class Position(NamedTuple):
    """A place between two batches: the segment, the byte in it, and the last event before it with its CRC."""

    first: int  # the seq of the segment's first event, which names it
    offset: int
    seq: int
    crc: int


START = Position(1, 0, 0, 0)


def segment_name(first: int) -> str:
    """Return the name of the segment that begins with event `first`."""
    return f"{first:012d}.jsonl"


def segments(disk: Disk, folder: Path) -> list[int]:
    """Return the first seq of every segment, in order."""
    found = (_NAME.fullmatch(name) for name in disk.names(folder))
    return [int(match[1]) for match in found if match]


def raw_lines(disk: Disk, fd: int, offset: int) -> Iterator[bytes]:
    """Yield newline-terminated lines from `offset` on; what follows the last newline is not yielded."""
    rest = b""
    end = disk.size(fd)
    while offset < end and (chunk := disk.read(fd, min(_CHUNK_BYTES, end - offset), offset)):
        offset += len(chunk)
        *whole, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
        for line in whole:
            yield line + b"\n"


def batches(disk: Disk, fd: int, position: Position) -> Iterator[tuple[list[Line], Position]]:
    """Yield each whole batch after `position` with the position behind it; end before the first that is not whole."""
    lines: list[Line] = []
    first, offset, seq, crc = position
    due = 0
    for raw in raw_lines(disk, fd, offset):
        link = link_of(raw, seq + 1, crc)
        if link is None or (lines and link.rest != due):
            return
        offset, seq, crc, due = offset + len(raw), seq + 1, link.crc, link.rest - 1
        lines.append(link.line)
        if link.rest == 0:
            yield lines, Position(first, offset, seq, crc)
            lines = []
