"""What the shim does from its first moment to its last: start, watch, end, and write down how it ended.

It imports next to nothing, because an agent waits for it: no json, no pathlib, no dataclasses.
"""

from __future__ import annotations

import marshal
import os
import signal
import time

from fusion_kit.processes.birth import NotStarted, become_subreaper, start
from fusion_kit.processes.kernel import boot_id, look
from fusion_kit.processes.mailbox import Mailbox
from fusion_kit.processes.record import record_exit, write_whole
from fusion_kit.processes.tree import Tree
from fusion_kit.processes.vigil import Vigil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TICK_S = 0.5
_SHORTEST_TICK_S = 0.02
_FAREWELL_S = 0.3  # for what the main process left behind
_UNKILLABLE_S = 30.0  # a process that waits for a dead disk cannot be killed; we do not wait for it for ever
_CHUNK_BYTES = 1 << 20


def supervise(folder: str, lock_fd: int) -> None:
    """Run the attempt whose spec comes on standard input; the inherited lock says that it lives."""
    os.set_inheritable(lock_fd, False)  # noqa: FBT003 - it takes no keywords
    spec = _spec()
    _lead_a_session()
    mailbox = Mailbox()
    become_subreaper()
    _record_start(folder)
    started_at = time.time()
    try:
        main = start(spec, folder)
    except NotStarted as error:
        record_exit(folder, reason="not_started", code=127, started_at=started_at, message=str(error))
        return
    supervision = Supervision(folder, spec, Tree(main), mailbox)
    reason = supervision.watch()
    leftovers = supervision.end(reason)
    record_exit(folder, reason=reason, code=supervision.code, started_at=started_at, leftovers=leftovers)


def _spec() -> dict[str, Any]:
    """Read the spec and close the pipe that carried the secrets; of a launcher that died half-way nothing starts."""
    with os.fdopen(os.dup(0), "rb") as pipe:
        spec: dict[str, Any] = marshal.load(pipe)
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return spec


def _lead_a_session() -> None:
    try:
        os.setsid()
    except PermissionError:
        return  # the launcher did it already


def _record_start(folder: str) -> None:
    me = look(os.getpid())
    ticks = me.ticks if me else 0
    write_whole(f"{folder}/started.json", f'{{"pid":{os.getpid()},"ticks":{ticks},"boot":"{boot_id()}"}}\n')


class Supervision:
    """One running attempt: watched until it ends or must end, then ended as a whole."""

    def __init__(self, folder: str, spec: dict[str, Any], tree: Tree, mailbox: Mailbox) -> None:
        """Take over a tree whose main process was just started."""
        self._tree = tree
        self._mailbox = mailbox
        self._vigil = Vigil(spec["timeouts"], spec["log_limit_bytes"])
        self._grace_s = float(spec["timeouts"].get("grace_s") or 0.0)
        self._log_limit_bytes = int(spec["log_limit_bytes"])
        self._out, self._err = (os.open(f"{folder}/{name}.log", os.O_RDWR | os.O_CLOEXEC) for name in ("out", "err"))
        self._marker = (spec["result_marker"] or "").encode()
        self._searched_bytes = 0
        self._is_paused = False
        self._must_end = self._at_once = False
        self._seen_s = time.monotonic()

    @property
    def code(self) -> int | None:
        """The main process's exit code, negative for a signal; None while it is not known."""
        return None if self._tree.status is None else os.waitstatus_to_exitcode(self._tree.status)

    def watch(self) -> str:
        """Return why the attempt ended or must end."""
        while True:
            self._nap(max(_SHORTEST_TICK_S, min(_TICK_S, self._vigil.patience_s())))
            if self._tree.status is not None:
                return "exit"
            if self._must_end:
                return "stopped"
            if reason := self._look():
                return reason

    def end(self, reason: str) -> int:
        """Leave nothing alive; return how many had to be ended after the main process."""
        if reason == "log_limit":
            self._at_once = True
        elif reason != "exit":
            self._climb_down()
        leftovers = sum(process.pid != self._tree.main for process in self._tree.members())
        if reason == "exit" and self._tree.reap():
            self._ask(signal.SIGTERM, _FAREWELL_S)
        deadline_s = time.monotonic() + _UNKILLABLE_S
        while self._tree.reap() and time.monotonic() < deadline_s:
            self._tree.kill()
            self._mailbox.sleep(0.002)
        if reason == "log_limit":
            self._cut_logs()
        return leftovers

    def _nap(self, seconds: float) -> None:
        self._mailbox.sleep(seconds)
        self._tree.reap()
        for order in self._mailbox.drain():
            self._obey(order)

    def _obey(self, order: str) -> None:
        if order == "interrupt":
            self._tree.send(signal.SIGINT)
        elif order == "pause":
            self._is_paused = True
            self._tree.stop()
        elif order == "resume":
            self._is_paused = False
            self._tree.send(signal.SIGCONT)
        else:
            self._must_end = True
            self._at_once = self._at_once or order == "kill"

    def _look(self) -> str:
        """Let the time since the last look pass, unless it stands still."""
        now_s = time.monotonic()
        passed_s, self._seen_s = now_s - self._seen_s, now_s
        if self._is_paused:
            return ""
        sizes = [os.fstat(log).st_size for log in (self._out, self._err)]
        if self._marker and self._found_marker(sizes[0]):
            self._vigil.result_seen()
            self._marker = b""
        return self._vigil.observe(passed_s, sum(sizes), self._tree.sample)

    def _found_marker(self, size_bytes: int) -> bool:
        while self._searched_bytes < size_bytes:
            overlap = min(self._searched_bytes, len(self._marker) - 1)
            chunk = os.pread(self._out, _CHUNK_BYTES + overlap, self._searched_bytes - overlap)
            self._searched_bytes += len(chunk) - overlap
            if self._marker in chunk:
                return True
            if len(chunk) <= overlap:
                break
        return False

    def _climb_down(self) -> None:
        """Ask ever less kindly; what still lives after that is killed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if self._at_once or not self._tree.reap():
                return
            self._ask(number, self._grace_s)

    def _ask(self, number: int, grace_s: float) -> None:
        self._tree.send(number)
        self._tree.send(signal.SIGCONT)  # a stopped process hears nothing but KILL
        deadline_s = time.monotonic() + grace_s
        while self._tree.reap() and not self._at_once and (left_s := deadline_s - time.monotonic()) > 0:
            self._nap(min(0.1, left_s))

    def _cut_logs(self) -> None:
        for log in (self._out, self._err):
            if os.fstat(log).st_size > self._log_limit_bytes:
                os.ftruncate(log, self._log_limit_bytes)
