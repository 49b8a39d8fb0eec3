"""One attempt as its owner holds it: who leads it, whether it is over, how long it has been watched."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import Protocol

from fusion_kit.core.process import Exit
from fusion_kit.processes.folder import AttemptFolder, Terms, plain
from fusion_kit.processes.kernel import send_group
from fusion_kit.processes.vigil import Vigil


class Pace(Protocol):
    """The part of the clock this room asks for."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


@dataclass(slots=True)
class Attempt:
    """A submitted or reattached attempt; `leader` is the pid of its wrapper or shim, 0 where it must not be trusted."""

    id: str
    folder: AttemptFolder
    terms: Terms
    leader: int = 0
    is_child: bool = False
    pidfd: int | None = None
    exit: Exit | None = None
    vigil: Vigil | None = None
    seen_s: float = 0.0
    mark: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, number: int) -> None:
        """Signal the leader alone, if that is certain to be the right process."""
        if self.over.is_set():
            return
        if self.pidfd is not None:
            signal.pidfd_send_signal(self.pidfd, number)
        elif self.is_child:
            os.kill(self.leader, number)
        elif self.leader and not hasattr(os, "pidfd_open"):
            send_group(self.leader, number)  # its lock is held, or it would be over

    def begin_vigil(self, now_s: float, elapsed_s: float) -> None:
        """Start to watch it."""
        self.vigil = Vigil(plain(self.terms.timeouts), self.terms.log_limit_bytes, elapsed_s)
        self.seen_s = now_s

    def bury(self) -> None:
        """Give back what the kernel keeps of an ended leader."""
        if self.is_child:
            try:
                os.waitpid(self.leader, 0)
            except ChildProcessError:
                self.is_child = False  # somebody else in this process waited for it
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        self.over.set()


async def within(event: asyncio.Event, seconds: float, pace: Pace) -> bool:
    """Return whether `event` came within `seconds`."""
    if event.is_set():
        return True
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(pace.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return event.is_set()
