"""Real jobs in a temporary folder, and ways to wait for what they do."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fusion_kit.clock import SystemClock
from fusion_kit.core.process import Exit, Job, Timeouts
from fusion_kit.processes.executor import LocalExecutor
from fusion_kit.processes.kernel import everyone
from fusion_kit.processes.marks import mark_of

QUICK = Timeouts(grace_s=0.3)
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, a subreaper and pidfds: only Linux has them")


@dataclass
class House:
    """An executor and the jobs given to it."""

    root: Path
    executor: LocalExecutor = field(default_factory=lambda: LocalExecutor(SystemClock()))

    def job(self, *argv: str, **more: Any) -> Job:
        attempt = f"t{secrets.token_hex(8)}"
        more.setdefault("timeouts", QUICK)
        return Job(attempt, self.root / attempt, argv, self.root, more.pop("env", {"PATH": os.environ["PATH"]}), **more)

    def python(self, code: str, *args: str, **more: Any) -> Job:
        return self.job(sys.executable, "-I", "-S", "-c", code, *args, **more)

    def sh(self, text: str, **more: Any) -> Job:
        return self.job("sh", "-c", text, **more)

    async def run(self, job: Job) -> Exit:
        await self.executor.submit(job)
        return await asyncio.wait_for(self.executor.wait(job.attempt), 60)

    async def started(self, job: Job, word: str = "ready") -> None:
        """Start the job and wait until it said `word`."""
        await self.executor.submit(job)
        await until(lambda: word in out(job))


def out(job: Job) -> str:
    log = job.folder / "out.log"
    return log.read_text(errors="replace") if log.exists() else ""


def err(job: Job) -> str:
    return (job.folder / "err.log").read_text(errors="replace")


async def until(holds: Callable[[], bool], deadline_s: float = 20) -> None:
    """Wait for a condition, not for a time."""
    end = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


def alive(job: Job) -> list[int]:
    """Return the processes that bear the attempt's mark, its wrapper or shim among them."""
    return [pid for pid in everyone() if (mark_of(pid) or "").startswith(f"{job.attempt}:")]


def outcome(ended: Exit) -> Mapping[str, object]:
    """Return of an exit what does not change from one time to the next."""
    return {"reason": str(ended.reason), "code": ended.code, "leftovers": ended.leftovers}
