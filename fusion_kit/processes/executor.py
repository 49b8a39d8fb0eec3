"""Runs jobs as local processes that outlive their runner."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fusion_kit.core.errors import NotFound
from fusion_kit.core.process import Ended, Exit, Job, Liveness
from fusion_kit.processes import launch
from fusion_kit.processes.attempt import Attempt, Pace
from fusion_kit.processes.ending import Ending
from fusion_kit.processes.folder import AttemptFolder, Terms
from fusion_kit.processes.following import Following
from fusion_kit.processes.marks import Marks
from fusion_kit.processes.patrol import Patrol
from fusion_kit.processes.sandbox import wrap

_CLAIM_AGAIN_S = 0.01


class LocalExecutor:
    """Fits `ports.Executor`; belongs to one event loop."""

    def __init__(self, clock: Pace, *, sandbox: str = "none") -> None:
        """Run every job inside `sandbox`; raises `SandboxUnavailable`."""
        wrap((), sandbox)
        self._clock = clock
        self._sandbox = sandbox
        self._attempts: dict[str, Attempt] = {}
        marks = Marks()
        self._ending = Ending(marks, clock)
        self._patrol = Patrol(clock, marks, self._ending.end_light)
        self._following = Following(clock)
        launch.keep_descriptors()

    async def submit(self, job: Job) -> None:
        """Start the job, unless its attempt was ever started; whoever runs it then is waited for like one of ours.

        Raises OSError where the machine cannot (disk full, too many files); nothing was started then.
        """
        if job.attempt in self._attempts:
            return
        terms = Terms(launch.is_light(job), job.timeouts, job.log_limit_bytes)
        attempt = self._attempts[job.attempt] = Attempt(job.attempt, AttemptFolder(job.folder), terms)
        try:
            attempt.folder.create()
            attempt.mark = launch.mark(job.attempt, job.folder)
            lock = await self._claim(attempt.folder)
            if lock is None:
                self._adopt(attempt)
            else:
                await self._start(replace(job, argv=wrap(job.argv, self._sandbox)), attempt, lock)
        except BaseException:
            if not attempt.leader:
                del self._attempts[job.attempt]
            raise

    async def wait(self, attempt: str) -> Exit:
        """Return how a submitted or reattached job ended, once it has; raises `NotFound` for others."""
        known = self._known(attempt)
        if known.exit is None:
            await known.over.wait()
            self._patrol.forget(known)
            known.exit = await self._ending.conclude(known)
        return known.exit

    async def signal(self, attempt: str, name: str) -> None:
        """`pause`, `resume`, `interrupt` or `kill` the whole tree; one that is over is left in peace.

        Raises `UnknownSignal`, and `NotFound` for an attempt that was neither submitted nor reattached.
        """
        await self._ending.signal(self._known(attempt), name)

    async def cancel(self, attempt: str) -> None:
        """Interrupt, terminate, kill, each with the job's grace, until nothing of it is alive; raises `NotFound`."""
        known = self._known(attempt)
        if not known.over.is_set():
            await self._ending.cancel(known)
        await self.wait(attempt)

    async def reattach(self, folders: Mapping[str, Path]) -> dict[str, Liveness]:
        """Say what became of attempts (id -> folder) that an earlier owner began; living ones are adopted.

        Those that ended or were lost can be waited for, too.
        """
        return {attempt: self._reattach(attempt, folder) for attempt, folder in folders.items()}

    def _known(self, attempt: str) -> Attempt:
        if attempt not in self._attempts:
            raise NotFound(kind="attempt", name=attempt)
        return self._attempts[attempt]

    async def _claim(self, folder: AttemptFolder) -> int | None:
        """Return the lock of an attempt nobody began, or None; a probe or another launcher may hold it a moment."""
        while not folder.was_begun():
            lock = folder.claim()
            if lock is None:
                await self._clock.sleep(_CLAIM_AGAIN_S)
            elif folder.was_begun():
                os.close(lock)
            else:
                return lock
        return None

    async def _start(self, job: Job, attempt: Attempt, lock: int) -> None:
        try:
            attempt.folder.write_spec(job, launch.public_env(job), light=attempt.terms.light)
            if attempt.terms.light:
                self._start_light(job, attempt, lock)
            else:
                attempt.leader, hand_over = launch.launch_shim(job, job.folder, lock)
                self._following.child(attempt)
                await asyncio.to_thread(hand_over)
        finally:
            os.close(lock)

    def _start_light(self, job: Job, attempt: Attempt, lock: int) -> None:
        complaint = launch.complaint(job)
        if not complaint:
            try:
                attempt.leader = launch.launch_wrapper(job, job.folder, lock)
            except OSError as error:
                if error.errno != errno.E2BIG:
                    raise
                complaint = f"The program {job.argv[0]!r} could not be executed: {error.strerror}."
        if complaint:
            now = time.time()
            attempt.folder.record_exit(Exit(Ended.NOT_STARTED, 127, now, now, message=complaint))
            attempt.over.set()
            return
        self._following.child(attempt)
        self._patrol.watch(attempt)

    def _reattach(self, attempt: str, folder: Path) -> Liveness:
        if attempt in self._attempts:
            return self._attempts[attempt].folder.liveness()
        place = AttemptFolder(folder)
        liveness = place.liveness()
        if liveness is not Liveness.NEVER:
            self._attempts[attempt] = Attempt(attempt, place, place.terms(), mark=launch.mark(attempt, folder))
            self._adopt(self._attempts[attempt])
        return liveness

    def _adopt(self, attempt: Attempt) -> None:
        """Follow an attempt somebody else began; its clocks go on from when it was started."""
        attempt.terms = attempt.folder.terms()
        if attempt.folder.liveness() is not Liveness.RUNNING:
            attempt.over.set()
            return
        self._following.stranger(attempt)
        if attempt.terms.light:
            started = attempt.folder.started()
            self._patrol.watch(attempt, time.time() - started.at if started else 0.0)
