"""Whose a run is: a lock held for the owner's life, and a note for people about who that is."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fusion_kit.core.errors import GroupBusy
from fusion_kit.core.ids import checked, slug
from fusion_kit.core.moments import timestamp
from fusion_kit.persistence import lock
from fusion_kit.persistence.errors import RunOwned

_NOTE_BYTES = 4096


class Ownership:
    """The runs of one state folder; the lock ends with the process that holds it, however it dies."""

    def __init__(self, state_dir: Path, now: Callable[[], datetime]) -> None:
        """Own nothing yet."""
        self._runs = state_dir / "runs"
        self._groups = state_dir / "groups"
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

    @contextmanager
    def acquire_group(self, group: str, run: str) -> Iterator[None]:
        """Be the one run of a concurrency group for the block; raises `GroupBusy`, which names the run that is."""
        path = self._groups / f"{slug(group)}.lock"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = lock.opened(path)
        try:
            with lock.holding(self._groups / "LOCK"):  # whoever finds the lock taken finds the note written
                if not lock.take(fd, wait=False):
                    raise GroupBusy(group=group, run=_note_in(path, ("run",))["run"])
                _write(fd, {"run": run, **_here(), "since": timestamp(self._now())})
            yield
        finally:
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
        _write(fd, {**_here(), "since": self._mine[fd], "beat": timestamp(self._now())})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else tries a lock meanwhile: asking whether a run is owned takes its lock for a moment."""
        with lock.holding(self._runs / "LOCK"):
            yield

    def _path(self, run: str) -> Path:
        return self._runs / checked("run", run) / "owner.lock"


def _here() -> dict[str, object]:
    return {"pid": os.getpid(), "host": socket.gethostname()}


def _write(fd: int, note: Mapping[str, object]) -> None:
    data = json.dumps(note).encode("ascii") + b"\n"
    os.lseek(fd, 0, os.SEEK_SET)
    os.ftruncate(fd, os.write(fd, data))


def _owner_in(path: Path) -> dict[str, str]:
    return _note_in(path, ("pid", "host", "since", "beat"))


def _note_in(path: Path, names: Sequence[str]) -> dict[str, str]:
    unknown = dict.fromkeys(names, "unknown")
    try:
        note = json.loads(path.read_bytes()[:_NOTE_BYTES])
    except (OSError, ValueError):
        return unknown
    return unknown | {name: str(note[name]) for name in unknown if name in note}
