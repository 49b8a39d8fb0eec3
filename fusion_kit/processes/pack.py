"""The processes of an attempt seen from outside: no subreaper gathers them, so session and mark tell who they are."""

from __future__ import annotations

import signal

from fusion_kit.processes.attempt import Attempt, Pace
from fusion_kit.processes.kernel import LINUX, Process, send_all, send_group, stop_all
from fusion_kit.processes.marks import Marks
from fusion_kit.processes.vigil import Sample

_LOOK_S = 0.05
_KILL_LOOK_S = 0.002
_CALM_LOOKS = 5  # one look can miss a process that is just being forked
_STRIKES = 5
_UNKILLABLE_S = 30.0
_FAREWELL_S = 0.3


class Pack:
    """All of an attempt but its leader: the wrapper must live to write down the exit."""

    def __init__(self, attempt: Attempt, marks: Marks, pace: Pace) -> None:
        """Look at one attempt."""
        self._attempt = attempt
        self._marks = marks
        self._pace = pace

    def members(self) -> list[Process]:
        """Return the living ones; none where there is no /proc."""
        return self._marks.members(self._attempt.mark, self._attempt.leader, is_gone=self._attempt.over.is_set())

    def sample(self) -> Sample:
        """Return what they used so far."""
        return Sample(self.members())

    def is_alive(self) -> bool:
        """Whether one of them, or elsewhere than on Linux their group, still lives."""
        return bool(self.members()) if LINUX else self._send_group(0)

    def may_be_alive(self) -> bool:
        """Whether it is worth to look closely; cheap, and never wrongly no."""
        return self._send_group(0) or self._marks.has(self._attempt.mark, beside=self._attempt.leader)

    def send(self, number: int) -> None:
        """Signal all of them."""
        if LINUX:
            send_all(self.members(), number)
        else:
            self._send_group(number)

    def stop(self) -> None:
        """Stop all of them."""
        if LINUX:
            stop_all(self.members)
        else:
            self._send_group(signal.SIGSTOP)

    async def climb_down(self, grace_s: float) -> None:
        """Interrupt, terminate, kill, each with its grace, until nothing is alive."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if await self._ask(number, grace_s):
                break
        await self.kill()

    async def kill(self) -> None:
        """Stop and kill until nothing is alive, however often it is looked for."""
        deadline_s = self._pace.monotonic() + _UNKILLABLE_S
        calm = 0
        while calm < _CALM_LOOKS and self._pace.monotonic() < deadline_s:
            struck = [self._marks.strike(self._attempt.mark, beside=self._attempt.leader) for _ in range(_STRIKES)]
            if any(struck) or self.is_alive():
                calm = 0
                self.stop()
                self.send(signal.SIGKILL)
            else:
                calm += 1
            await self._pace.sleep(_KILL_LOOK_S)

    async def sweep(self) -> int:
        """End what outlived the main process; return how many that were."""
        if not self.may_be_alive():
            return 0
        survivors = len(self.members())
        await self._ask(signal.SIGTERM, _FAREWELL_S)
        await self.kill()
        return survivors

    async def _ask(self, number: int, grace_s: float) -> bool:
        self.send(number)
        self.send(signal.SIGCONT)  # a stopped process hears nothing but KILL
        deadline_s = self._pace.monotonic() + grace_s
        while self.is_alive():
            if self._pace.monotonic() >= deadline_s:
                return False
            await self._pace.sleep(min(_LOOK_S, grace_s))
        return True

    def _send_group(self, number: int) -> bool:
        return self._attempt.leader > 1 and send_group(self._attempt.leader, number)
