"""Alive, working or stuck: the one judgement of a running attempt, made from what was seen since the last look.

The shim makes it of agents and the executor of `run:` tasks; time passes only through `observe`, so a paused
attempt's clocks stand still by not calling it. Verdicts are the values of `core.process.Ended`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fusion_kit.processes.kernel import Process

BUSY_SHARE = 0.05  # of one core: less than this is an idle program's timers
_TICKS_PER_S = 100
_WINDOWS = 4  # how often the tree is looked at before silence is called a stall
_LATE_S = 1.0  # a look that comes later than that, and than a window, tells of a watcher that stood still


class Sample:
    """What a tree of processes had used at one moment."""

    __slots__ = ("cpu_ticks", "members")

    def __init__(self, processes: Iterable[Process]) -> None:
        """Add up `processes`."""
        known = list(processes)
        self.members = frozenset((process.pid, process.ticks) for process in known)
        self.cpu_ticks = sum(process.cpu_ticks for process in known)

    def is_busy_since(self, earlier: Sample, seconds: float) -> bool:
        """Whether the tree worked: it used CPU, or started and ended children."""
        if self.members != earlier.members:
            return True
        return self.cpu_ticks - earlier.cpu_ticks >= max(1.0, BUSY_SHARE * seconds * _TICKS_PER_S)


class Vigil:
    """Watches one attempt; every limit is in seconds and may be None."""

    def __init__(self, timeouts: Mapping[str, float | None], log_limit_bytes: int, elapsed_s: float = 0.0) -> None:
        """Take `timeouts` by the names of `core.process.Timeouts`; `elapsed_s` is what an earlier owner saw."""
        self._first_output_s = timeouts.get("first_output_s")
        self._idle_s = timeouts.get("idle_s")
        self._total_s = timeouts.get("total_s")
        self._grace_s = timeouts.get("grace_s") or 0.0
        self._log_limit_bytes = log_limit_bytes
        self._elapsed_s = elapsed_s
        self._quiet_s = 0.0
        self._lingering_s: float | None = None
        self._size_bytes = 0
        self._rate = 0.0  # bytes per second
        self._sample: Sample | None = None
        self._sampled_s = 0.0  # quiet seconds at the last sample

    def observe(self, seconds: float, size_bytes: int, sample: Callable[[], Sample]) -> str:
        """Let `seconds` pass; return why the attempt must end, or nothing. `sample` is called only when in doubt."""
        self._elapsed_s += seconds
        if self._lingering_s is not None:
            self._lingering_s += seconds
        self._rate = (size_bytes - self._size_bytes) / seconds if seconds > 0 else 0.0
        if size_bytes != self._size_bytes:
            self._size_bytes, self._quiet_s = size_bytes, 0.0
        else:
            self._quiet_s += self._witnessed_s(seconds)
        return self._hard_limit() or self._silence(sample)

    def result_seen(self) -> None:
        """The attempt gave its result: from now on it has its grace to leave."""
        if self._lingering_s is None:
            self._lingering_s = 0.0

    def patience_s(self) -> float:
        """Return how long nothing can be decided, if nothing happens."""
        waits = [60.0]
        if self._total_s is not None:
            waits.append(self._total_s - self._elapsed_s)
        if self._lingering_s is not None:
            waits.append(self._grace_s - self._lingering_s)
        if (limit_s := self._silence_limit_s()) is not None:
            waits.append(limit_s / _WINDOWS)
        if self._rate > 0:
            waits.append((self._log_limit_bytes - self._size_bytes) / self._rate / 2)
        return max(0.0, min(waits))

    def _hard_limit(self) -> str:
        if self._size_bytes > self._log_limit_bytes:
            return "log_limit"
        if self._total_s is not None and self._elapsed_s >= self._total_s:
            return "timeout"
        if self._lingering_s is not None and self._lingering_s >= self._grace_s:
            return "lingered"
        return ""

    def _witnessed_s(self, seconds: float) -> float:
        """Return how much of a silence counts: while the machine slept or the watcher stood still, nobody listened."""
        limit_s = self._silence_limit_s()
        return seconds if limit_s is None else min(seconds, max(_LATE_S, limit_s / _WINDOWS))

    def _silence_limit_s(self) -> float | None:
        if self._size_bytes or self._first_output_s is None:
            return self._idle_s
        return self._first_output_s

    def _silence(self, sample: Callable[[], Sample]) -> str:
        limit_s = self._silence_limit_s()
        if limit_s is None:
            return ""
        if self._quiet_s == 0.0:
            self._sample, self._sampled_s = None, 0.0
            return ""
        if self._quiet_s - self._sampled_s >= limit_s / _WINDOWS and self._was_busy(sample()):
            self._quiet_s = self._sampled_s = 0.0
        return "stalled" if self._quiet_s >= limit_s else ""

    def _was_busy(self, now: Sample) -> bool:
        earlier, seconds = self._sample, self._quiet_s - self._sampled_s
        self._sample, self._sampled_s = now, self._quiet_s
        return earlier is not None and now.is_busy_since(earlier, seconds)
