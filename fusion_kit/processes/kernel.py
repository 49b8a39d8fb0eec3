"""What the kernel says of processes, and signals that cannot reach the wrong one.

The shim imports this at every start of an agent, so it imports next to nothing itself.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LINUX = sys.platform == "linux"
_PASSES = 20  # over a tree that is to be stopped; one that still forks then can only be killed


class Process:
    """One living or dead process: `ticks` (its start, since boot) tells it from a later one with its pid."""

    __slots__ = ("cpu_ticks", "group", "parent", "pid", "session", "state", "ticks")

    def __init__(self, pid: int, stat: str) -> None:
        """Read one line of /proc/<pid>/stat; the name in brackets may hold anything."""
        fields = stat[stat.rindex(")") + 2 :].split()
        self.pid = pid
        self.state = fields[0]
        self.parent, self.group, self.session = int(fields[1]), int(fields[2]), int(fields[3])
        self.cpu_ticks = sum(map(int, fields[11:15]))  # its own and that of its reaped children
        self.ticks = int(fields[19])

    @property
    def alive(self) -> bool:
        """Whether it can still do anything: a zombie cannot."""
        return self.state not in "ZX"


def read_bytes(path: str, limit_bytes: int = 1 << 20) -> bytes:
    """Return the beginning of a file; raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = [os.read(fd, limit_bytes)]
        while chunks[-1] and sum(map(len, chunks)) < limit_bytes:
            chunks.append(os.read(fd, limit_bytes))
        return b"".join(chunks)
    finally:
        os.close(fd)


def look(pid: int) -> Process | None:
    """Return what is known of a pid now; None where it does not exist or cannot be known."""
    try:
        return Process(pid, read_bytes(f"/proc/{pid}/stat", 4096).decode("utf-8", "replace"))
    except (OSError, ValueError, IndexError):
        return None


def pids() -> set[int]:
    """Return every pid; none where there is no /proc."""
    if not LINUX:
        return set()
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208 - twice as fast


def everyone() -> dict[int, Process]:
    """Return every living process by pid."""
    seen = (look(pid) for pid in pids())
    return {process.pid: process for process in seen if process is not None and process.alive}


def descendants(roots: Iterable[int], people: Mapping[int, Process]) -> list[Process]:
    """Return what descends from `roots`, without them."""
    children: dict[int, list[Process]] = {}
    for process in people.values():
        children.setdefault(process.parent, []).append(process)
    found: dict[int, Process] = {}
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.pid not in found:
                found[child.pid] = child
                waiting.append(child.pid)
    return list(found.values())


def boot_id() -> str:
    """Return what tells this boot of the machine from all others; empty where it is not known."""
    try:
        return read_bytes("/proc/sys/kernel/random/boot_id", 64).decode().strip()
    except OSError:
        return ""


def handle(pid: int, is_it: Callable[[], bool]) -> int | None:
    """Return a pidfd of the process, if `is_it` still holds once it is open; None too where there are no pidfds."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return None
    if is_it():
        return fd
    os.close(fd)
    return None


def began_at(pid: int, ticks: int) -> bool:
    """Whether the process with this pid is the one that began at `ticks`."""
    now = look(pid)
    return now is not None and now.ticks == ticks


def has_open(pid: int, fd: int, path: str) -> bool:
    """Whether the process has `path` open as its descriptor `fd`."""
    try:
        theirs, file = os.stat(f"/proc/{pid}/fd/{fd}"), os.stat(path)  # noqa: PTH116 - pathlib costs an agent 10 ms
    except OSError:
        return False
    return (theirs.st_dev, theirs.st_ino) == (file.st_dev, file.st_ino)


def send(pid: int, ticks: int, number: int) -> bool:
    """Send a signal to exactly the process that began at `ticks`; False if it is gone."""
    fd = handle(pid, lambda: began_at(pid, ticks))
    return fd is not None and send_through(fd, number)


def send_through(fd: int, number: int) -> bool:
    """Send a signal through a pidfd and close it; False if the process is gone."""
    try:
        signal.pidfd_send_signal(fd, number)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(fd)


def send_group(group: int, number: int) -> bool:
    """Send a signal to a process group at once, so that no fork slips through; False if it is empty."""
    try:
        os.killpg(group, number)
    except OSError:
        return False
    return True


def send_all(processes: Iterable[Process], number: int) -> int:
    """Send a signal to each; return how many it reached."""
    return sum(send(process.pid, process.ticks, number) for process in processes)


def stop_all(members: Callable[[], Iterable[Process]]) -> None:
    """Stop each of `members`, looking again until none is new: one may just have been forked.

    It does not wait for them to stand still. A parent between vfork and its stopped child's exec cannot, and who has
    been sent the signal forks no more.
    """
    told: set[tuple[int, int]] = set()
    for _ in range(_PASSES):
        new = [process for process in members() if (process.pid, process.ticks) not in told]
        if not new:
            return
        send_all(new, signal.SIGSTOP)
        told.update((process.pid, process.ticks) for process in new)
