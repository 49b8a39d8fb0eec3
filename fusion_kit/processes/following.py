"""Notices that attempts are over: by a pidfd on the event loop, which costs nothing, or by looking at their folders."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from fusion_kit.core.process import Liveness
from fusion_kit.processes.attempt import Attempt, Pace
from fusion_kit.processes.folder import Started
from fusion_kit.processes.kernel import began_at, boot_id, handle, has_open
from fusion_kit.processes.launch import LOCK_FD

_POLL_S = 0.1
_FIRST_POLL_S = 0.005


class Following:
    """Sets an attempt's `over` when its leader ended."""

    def __init__(self, pace: Pace) -> None:
        """Follow nobody yet."""
        self._pace = pace
        self._polls: set[asyncio.Task[None]] = set()

    def child(self, attempt: Attempt) -> None:
        """Follow a leader this process has just started."""
        attempt.is_child = True
        if hasattr(os, "pidfd_open"):
            self._listen(attempt, os.pidfd_open(attempt.leader))
        else:
            self._poll_soon(attempt)

    def stranger(self, attempt: Attempt) -> None:
        """Follow a leader another process started."""
        if not self._recognise(attempt):
            self._poll_soon(attempt)

    def _recognise(self, attempt: Attempt) -> bool:
        """Listen to the leader its folder names, if start and boot prove that it is still the same process."""
        started = attempt.folder.started()
        if started is None:
            return False
        if not hasattr(os, "pidfd_open"):
            attempt.leader = started.pid  # good for its group only while the lock is held
            return False
        pidfd = handle(started.pid, lambda: _is_leader(started, attempt.folder.path))
        if pidfd is None:
            return False
        attempt.leader = started.pid
        self._listen(attempt, pidfd)
        return True

    def _listen(self, attempt: Attempt, pidfd: int) -> None:
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(pidfd)
            attempt.bury()

        attempt.pidfd = pidfd
        loop.add_reader(pidfd, ended)

    def _poll_soon(self, attempt: Attempt) -> None:
        poll = asyncio.ensure_future(self._poll(attempt))
        self._polls.add(poll)
        poll.add_done_callback(self._polls.discard)

    async def _poll(self, attempt: Attempt) -> None:
        pause_s = _FIRST_POLL_S
        while attempt.folder.liveness() is Liveness.RUNNING:
            await self._pace.sleep(pause_s)
            pause_s = min(_POLL_S, pause_s * 2)
            if not attempt.is_child and not attempt.leader and self._recognise(attempt):
                return
        attempt.bury()


def _is_leader(started: Started, folder: Path) -> bool:
    """Whether a pid still is the process that was started: boot, start ticks where known, and the lock it has open."""
    if started.boot != boot_id() or not has_open(started.pid, LOCK_FD, f"{folder}/lock"):
        return False
    return not started.ticks or began_at(started.pid, started.ticks)
