"""Finds the processes of an attempt that no parent, group or session leads to, by the mark in their environment."""

from __future__ import annotations

from collections.abc import Iterable

from fusion_kit.processes.kernel import Process, descendants, everyone, pids, read_bytes
from fusion_kit.processes.launch import MARK

_ENVIRONMENT_BYTES = 1 << 20
_PREFIX = f"{MARK}=".encode()


def mark_of(pid: int) -> str:
    """Return the attempt a process belongs to; empty for none, or for one whose environment is not ours to read."""
    try:
        environment = read_bytes(f"/proc/{pid}/environ", _ENVIRONMENT_BYTES)
    except OSError:
        return ""
    start = environment.find(b"\0" + _PREFIX) + 1
    if start == 0 and not environment.startswith(_PREFIX):
        return ""
    return environment[start + len(_PREFIX) :].partition(b"\0")[0].decode("utf-8", "replace")


class Marks:
    """Remembers whose every process is, so that a look after each of a thousand tasks reads only the new ones."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._known: dict[int, str] = {}

    def has(self, attempt: str, *, beside: int) -> bool:
        """Whether a process other than `beside` bears the mark of the attempt."""
        now = pids()
        for gone in self._known.keys() - now:
            del self._known[gone]
        for pid in now - self._known.keys():
            self._known[pid] = mark_of(pid)
        return any(mark == attempt and pid != beside for pid, mark in self._known.items())

    def members(self, attempt: str, leader: int) -> list[Process]:
        """Return the living processes of the attempt without its `leader`: its session, its marked, their children."""
        people = everyone()
        ours = {pid for pid, process in people.items() if process.session == leader or process.group == leader}
        ours |= self._marked(attempt, people)
        ours |= {process.pid for process in descendants(ours, people)}
        return [people[pid] for pid in ours - {leader}]

    def _marked(self, attempt: str, candidates: Iterable[int]) -> set[int]:
        self._known = {pid: mark_of(pid) for pid in candidates}
        return {pid for pid, mark in self._known.items() if mark == attempt}
