"""Finds the processes of an attempt that no parent, group or session leads to, by the mark in their environment."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping

from fusion_kit.processes.kernel import Process, descendants, everyone, handle, pids, read_bytes, send_through
from fusion_kit.processes.launch import MARK

_ENVIRONMENT_BYTES = 1 << 20
_PREFIX = f"{MARK}=".encode()
_LOOKS = 3


def mark_of(pid: int) -> str | None:
    """Return the mark of the attempt a process belongs to, empty for none; None if it died or hides its environment."""
    try:
        environment = read_bytes(f"/proc/{pid}/environ", _ENVIRONMENT_BYTES)
    except OSError:
        return None
    if not environment:
        return None
    start = environment.find(b"\0" + _PREFIX) + 1
    if start == 0 and not environment.startswith(_PREFIX):
        return ""
    return environment[start + len(_PREFIX) :].partition(b"\0")[0].decode("utf-8", "replace")


class Marks:
    """Remembers whose every process is, so that a look after each of a thousand tasks reads only the new ones."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._known: dict[int, str | None] = {}

    def has(self, mark: str, *, beside: int) -> bool:
        """Whether a process other than `beside` bears the mark.

        Looks again if a new process died while it was looked at: it may have had a child.
        """
        for _ in range(_LOOKS):
            vanished = self._learn()
            if any(known == mark and pid != beside for pid, known in self._known.items()):
                return True
            if not vanished:
                return False
        return False

    def members(self, mark: str, leader: int, *, is_gone: bool = False) -> list[Process]:
        """Return the living processes of an attempt without its `leader`: its session, its marked, their children.

        Session and group 0 belong to the kernel and to containers, so an unknown leader leads nobody; nor does one
        that `is_gone` and has its pid in use again. Never found are this process and those it descends from.
        """
        people = everyone()
        ours = self._marked(mark, people)
        if leader > 1 and not (is_gone and leader in people):
            ours |= {pid for pid, process in people.items() if leader in (process.session, process.group)}
        ours -= lineage(people)
        ours |= {process.pid for process in descendants(ours, people)}
        return [people[pid] for pid in ours - {leader}]

    def strike(self, mark: str, *, beside: int) -> bool:
        """Kill the marked, the newest first, each as soon as it is seen; return whether there was one.

        A chain of processes that fork, leave and exit is over before a look at all processes has ended; the next of
        it is always among the newest.
        """
        found = False
        others = {pid for pid, known in self._known.items() if known != mark}
        for pid in sorted(pids() - others - {beside, os.getpid()}, reverse=True):
            self._known[pid] = mark_of(pid)
            if self._known[pid] == mark:
                found = True
                _kill(pid, mark)
        return found

    def _learn(self) -> bool:
        now = pids()
        for gone in self._known.keys() - now:
            del self._known[gone]
        new = {pid: mark_of(pid) for pid in now - self._known.keys()}
        self._known |= new
        return None in new.values()

    def _marked(self, mark: str, candidates: Iterable[int]) -> set[int]:
        self._known = {pid: mark_of(pid) for pid in candidates}
        return {pid for pid, known in self._known.items() if known == mark}


def lineage(people: Mapping[int, Process]) -> set[int]:
    """Return this process and those it descends from."""
    found = {1}
    pid = os.getpid()
    while pid in people and pid not in found:
        found.add(pid)
        pid = people[pid].parent
    return found


def _kill(pid: int, mark: str) -> None:
    pidfd = handle(pid, lambda: mark_of(pid) == mark)
    if pidfd is not None:
        send_through(pidfd, signal.SIGKILL)
