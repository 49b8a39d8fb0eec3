"""Everything that descends from this process: signalled, measured and ended as one.

On Linux the shim is a subreaper, so whatever forks away twice or makes its own session is still below it, and
"no child left to wait for" means that nothing lives. Elsewhere only the main child's process group can be reached.
"""

from __future__ import annotations

import os
import signal

from fusion_kit.processes.kernel import (
    LINUX,
    Process,
    descendants,
    everyone,
    look,
    pids,
    send_all,
    send_group,
    stop_all,
)
from fusion_kit.processes.vigil import Sample

_STRIKES = 5
_NEWEST = 64


class Tree:
    """The descendants of the calling process, whose main child leads a session."""

    def __init__(self, main: int) -> None:
        """Take the pid of the main child."""
        self.main = main
        self.status: int | None = None  # of the main child, once it ended

    def reap(self) -> bool:
        """Bury the dead; return whether anything still lives."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not LINUX and send_group(self.main, 0)
            if pid == 0:
                return True
            if pid == self.main:
                self.status = status

    def members(self) -> list[Process]:
        """Return the living descendants; none where there is no /proc."""
        return descendants([os.getpid()], everyone())

    def sample(self) -> Sample:
        """Return what it used so far."""
        return Sample(self.members())

    def send(self, number: int) -> None:
        """Signal every member."""
        if LINUX:
            send_all(self.members(), number)
        else:
            send_group(self.main, number)

    def stop(self) -> None:
        """Stop every member."""
        if LINUX:
            stop_all(self.members)
        else:
            send_group(self.main, signal.SIGSTOP)

    def kill(self) -> None:
        """Stop, then kill, all there is now.

        Whole groups are signalled at once, which no fork escapes; who left its group is met one by one.
        """
        for _ in range(_STRIKES):
            self._strike()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            members = self.members()
            groups = {process.group for process in members} if LINUX else {self.main}
            for group in groups - {os.getpgrp(), 0, 1}:
                send_group(group, number)
            send_all(members, number)

    def _strike(self) -> None:
        """Kill our own newest children, each as soon as it is seen.

        Of a chain of processes that fork, leave and exit the living one was orphaned to us and is among the newest;
        it would be gone before a look at all processes has ended. Nobody but us reaps them: their pids cannot change.
        """
        me = os.getpid()
        for pid in sorted(pids(), reverse=True)[:_NEWEST]:
            process = look(pid)
            if process is not None and process.alive and process.parent == me:
                os.kill(pid, signal.SIGKILL)
