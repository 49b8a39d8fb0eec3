"""How attempts are signalled, stopped and concluded, with a shim and without one."""

from __future__ import annotations

import signal
from dataclasses import replace

from fusion_kit.core.errors import UsageError
from fusion_kit.core.process import Ended, Exit
from fusion_kit.processes.attempt import Attempt, Pace, within
from fusion_kit.processes.marks import Marks
from fusion_kit.processes.pack import Pack

_SLACK_S = 5.0  # on top of its graces, before a shim counts as stuck
_WRAPPER_S = 2.0  # for a wrapper to write down the exit of a child that is gone
_TO_SHIM = {
    "pause": signal.SIGUSR1,
    "resume": signal.SIGUSR2,
    "interrupt": signal.SIGINT,
    "kill": signal.SIGQUIT,
}


class UnknownSignal(UsageError):
    """A job cannot be sent {name!r}."""

    hint = "Use pause, resume, interrupt or kill."


def _signalled(code: int | None) -> int | None:
    """Translate what a shell says of a child that died of a signal, where we know that one was sent."""
    return 128 - code if code is not None and code > 128 else code


class Ending:
    """Acts on attempts of this executor."""

    def __init__(self, marks: Marks, pace: Pace) -> None:
        """Find processes by `marks`, wait by `pace`."""
        self._marks = marks
        self._pace = pace

    async def signal(self, attempt: Attempt, name: str) -> None:
        """Do one of the four; raises `UnknownSignal`."""
        if name not in _TO_SHIM:
            raise UnknownSignal(name=name)
        if attempt.over.is_set():
            return
        if not attempt.terms.light:
            attempt.tell(_TO_SHIM[name])
        elif name == "kill":
            attempt.folder.judge(Ended.STOPPED)
            await self._pack(attempt).kill()
        else:
            self._signal_light(attempt, name)

    async def cancel(self, attempt: Attempt) -> None:
        """Return when the leader is gone, at the latest because it was killed."""
        if attempt.terms.light:
            await self.end_light(attempt, Ended.STOPPED)
            return
        attempt.tell(signal.SIGTERM)
        attempt.tell(signal.SIGCONT)
        if not await within(attempt.over, 2 * attempt.terms.timeouts.grace_s + _SLACK_S, self._pace):
            attempt.folder.judge(Ended.STOPPED)
            attempt.tell(signal.SIGKILL)
            await attempt.over.wait()

    async def end_light(self, attempt: Attempt, reason: Ended) -> None:
        """Take down a `run:` task because of `reason`, and its wrapper if that cannot end by itself."""
        attempt.folder.judge(reason)
        pack = self._pack(attempt)
        if reason is Ended.LOG_LIMIT:
            await pack.kill()
        else:
            await pack.climb_down(attempt.terms.timeouts.grace_s)
        attempt.tell(signal.SIGCONT)
        if not await within(attempt.over, _WRAPPER_S, self._pace):
            attempt.tell(signal.SIGKILL)
            await attempt.over.wait()

    async def conclude(self, attempt: Attempt) -> Exit:
        """Return how an attempt whose leader is gone ended, with nothing of it left alive."""
        ended = attempt.folder.exit()
        verdict = attempt.folder.verdict()
        if ended is None:
            started = attempt.folder.started()
            ended = Exit(verdict or Ended.LOST, started_at=started.at if started else None)
        elif not attempt.terms.light or ended.reason is Ended.NOT_STARTED:
            return ended
        elif verdict is not None:
            ended = replace(ended, reason=verdict, code=_signalled(ended.code))
        leftovers = await self._pack(attempt).sweep()
        if ended.reason is Ended.LOG_LIMIT:
            attempt.folder.cut_logs(attempt.terms.log_limit_bytes)
        return replace(ended, leftovers=leftovers) if leftovers else ended

    def _signal_light(self, attempt: Attempt, name: str) -> None:
        pack = self._pack(attempt)
        if name == "pause":
            attempt.folder.freeze(frozen=True)
            pack.stop()
        elif name == "resume":
            pack.send(signal.SIGCONT)
            attempt.folder.freeze(frozen=False)
        else:
            pack.send(signal.SIGINT)

    def _pack(self, attempt: Attempt) -> Pack:
        return Pack(attempt, self._marks, self._pace)
