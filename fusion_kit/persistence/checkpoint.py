"""A checkpoint: everything that lives on at the beginning of a segment, so that the log can be read from there.

Its file is two lines of ASCII JSON: the place in the chain with the rows, then the SHA-256 of that first line. The log
begins at the newest checkpoint, whatever older segments still lie beside it: a name that is there is what decides.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from fusion_kit.core.agent import Agent
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task
from fusion_kit.persistence.columns import Entity, Held, columns_of, held_in
from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.lines import json_text
from fusion_kit.persistence.segments import Position

_NAME = re.compile(r"(\d{12})\.checkpoint\.json")
_VERSION = 1
_KINDS: dict[str, type[Entity]] = {"runs": Run, "tasks": Task, "agents": Agent}
_CHUNK_BYTES = 1024 * 1024


class Checkpoint(NamedTuple):
    """Where the log begins, the time of the last event before, and the rows that live on."""

    position: Position
    ts: str
    held: tuple[Held, ...]


def checkpoint_name(first: int) -> str:
    """Return the name of the checkpoint with which the log begins at event `first`."""
    return f"{first:012d}.checkpoint.json"


def checkpoints(disk: Disk, folder: Path) -> list[int]:
    """Return the first seq behind every checkpoint, in order."""
    found = (_NAME.fullmatch(name) for name in disk.names(folder))
    return [int(match[1]) for match in found if match]


def newest(disk: Disk, folder: Path) -> int:
    """Return the first seq behind the newest checkpoint; 0 if there is none."""
    return max(checkpoints(disk, folder), default=0)


def encoded(checkpoint: Checkpoint) -> tuple[bytes, str]:
    """Return the bytes of the file and the SHA-256 in them."""
    first, _, seq, crc = checkpoint.position
    rows = {
        name: [columns_of(held) for held in checkpoint.held if type(held.entity) is kind]
        for name, kind in _KINDS.items()
    }
    place = {"v": _VERSION, "first": first, "seq": seq, "crc": f"{crc:08x}", "ts": checkpoint.ts}
    body = json_text({**place, **rows}).encode("ascii") + b"\n"
    digest = hashlib.sha256(body).hexdigest()
    return body + b'{"sha256":"%b"}\n' % digest.encode("ascii"), digest


def decoded(data: bytes) -> Checkpoint | None:
    """Return the checkpoint in a file; None if it is not exactly what was written."""
    body, newline, seal = data.partition(b"\n")
    digest = hashlib.sha256(body + newline).hexdigest()
    if seal != b'{"sha256":"%b"}\n' % digest.encode("ascii"):
        return None
    fields = json.loads(body)
    if fields["v"] != _VERSION:
        return None
    held = tuple(held_in(kind, row) for name, kind in _KINDS.items() for row in fields[name])
    return Checkpoint(Position(fields["first"], 0, fields["seq"], int(fields["crc"], 16)), fields["ts"], held)


def read(disk: Disk, folder: Path, first: int) -> Checkpoint | None:
    """Return the checkpoint before event `first`, None if it is not what was written; raises `FileNotFoundError`."""
    fd, parts, offset = disk.open(folder / checkpoint_name(first), os.O_RDONLY), [], 0
    try:
        while chunk := disk.read(fd, _CHUNK_BYTES, offset):
            parts.append(chunk)
            offset += len(chunk)
    finally:
        disk.close(fd)
    checkpoint = decoded(b"".join(parts))
    return checkpoint if checkpoint and checkpoint.position.first == first else None
