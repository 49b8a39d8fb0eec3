"""What the shim is told, by signals, in the order in which it was told."""

from __future__ import annotations

import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

ORDERS = {
    signal.SIGTERM: "stop",
    signal.SIGINT: "interrupt",
    signal.SIGQUIT: "kill",
    signal.SIGUSR1: "pause",
    signal.SIGUSR2: "resume",
}


class Mailbox:
    """Turns signals into orders, and sleeps until one or the end of a child comes."""

    def __init__(self) -> None:
        """Take over this process's signals."""
        self._orders: list[str] = []
        self._ear, mouth = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _pipe()
        self._poll = select.poll()
        self._poll.register(self._ear, select.POLLIN)
        signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (*ORDERS, signal.SIGCHLD):
            signal.signal(number, self._note)

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or earlier at any signal."""
        if self._poll.poll(seconds * 1000):
            try:
                os.read(self._ear, 4096)
            except BlockingIOError:
                return

    def drain(self) -> list[str]:
        """Return the orders since the last call."""
        orders, self._orders = self._orders, []
        return orders

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._orders.append(ORDERS[signal.Signals(number)])


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends
