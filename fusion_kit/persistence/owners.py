"""Whose a run is: a lock held for the owner's life, and a note for people about who that is."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fusion_kit.core.ids import checked
from fusion_kit.persistence import lock
from fusion_kit.persistence.errors import RunOwned
from fusion_kit.persistence.ledger import timestamp

_NOTE_BYTES = 4096


class Ownership:
    """The runs of one state folder; the lock ends with the process that holds it, however it dies."""

    def __init__(self, state_dir: Path, now: Callable[[], datetime]) -> None:
        """Own nothing yet."""
        self._runs = state_dir / "runs"
        self._now = now
        self._mine: dict[int, str] = {}  # descriptor -> since when

    @contextmanager
    def acquire(self, run: str) -> Iterator[None]:
        """Own a run for the block; raises `RunOwned`, which names the process that does."""
        path = self._path(run)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = lock.opened(path)
        try:
            with self._alone():
                if not lock.take(fd, wait=False):
                    raise RunOwned(run=run, **_owner_in(path))
            self._mine[fd] = timestamp(self._now())
            self._note(fd)
            yield
        finally:
            self._mine.pop(fd, None)
            os.close(fd)

    def is_owned(self, run: str) -> bool:
        """Whether a living process, perhaps this one, owns the run."""
        path = self._path(run)
        if not path.exists():
            return False
        fd = lock.opened(path)
        try:
            with self._alone():
                return not lock.take(fd, wait=False)
        finally:
            os.close(fd)

    def owner(self, run: str) -> dict[str, str]:
        """Return the note of the run's last owner for people: `pid`, `host`, `since` and `beat`."""
        return _owner_in(self._path(run))

    def beat(self) -> None:
        """Note for people that this process still cares for its runs."""
        for fd in self._mine:
            self._note(fd)

    def _note(self, fd: int) -> None:
        note = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": self._mine[fd],
            "beat": timestamp(self._now()),
        }
        data = json.dumps(note).encode("ascii") + b"\n"
        os.lseek(fd, 0, os.SEEK_SET)
        os.ftruncate(fd, os.write(fd, data))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else tries a lock meanwhile: asking whether a run is owned takes its lock for a moment."""
        with lock.holding(self._runs / "LOCK"):
            yield

    def _path(self, run: str) -> Path:
        return self._runs / checked("run", run) / "owner.lock"


def _owner_in(path: Path) -> dict[str, str]:
    unknown = dict.fromkeys(("pid", "host", "since", "beat"), "unknown")
    try:
        note = json.loads(path.read_bytes()[:_NOTE_BYTES])
    except (OSError, ValueError):
        return unknown
    return unknown | {name: str(note[name]) for name in unknown if name in note}
