"""A job outlives its runner, is found by the next one, and never runs twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from fusion_kit.clock import SystemClock
from fusion_kit.core.process import Ended, Job, Liveness, Timeouts
from fusion_kit.processes.executor import LocalExecutor
from fusion_kit.processes.folder import AttemptFolder, plain
from tests.processes.house import House, alive, linux, out, outcome, until

both = pytest.mark.parametrize("shell", [True, False], ids=["wrapper", "shim"])
ROOT = Path(__file__).parents[2]


async def runner(*jobs: Job) -> Process:
    """Start a process of its own that runs the jobs."""
    given = [
        {
            "attempt": job.attempt,
            "folder": str(job.folder),
            "argv": job.argv,
            "cwd": str(job.cwd),
            "env": dict(job.env),
            "shell": job.shell,
            "timeouts": plain(job.timeouts),
        }
        for job in jobs
    ]
    argv = (sys.executable, "-m", "tests.processes.runner", json.dumps(given))
    return await asyncio.create_subprocess_exec(*argv, cwd=ROOT, stdout=PIPE, start_new_session=True)


async def killed_after_submitting(*jobs: Job) -> None:
    """Let a runner start the jobs and kill all of its process group."""
    process = await runner(*jobs)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"submitted\n"
    for job in jobs:
        await until(lambda job=job: "ready" in out(job))  # type: ignore[misc]  # bound at once
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


@both
async def test_a_job_goes_on_when_its_runner_is_killed_and_the_next_gets_its_exit(house: House, shell: bool) -> None:
    job = house.sh("echo ready; while [ ! -e go ]; do sleep 0.05; done; echo done; exit 6", shell=shell)
    await killed_after_submitting(job)
    assert await house.executor.reattach({job.attempt: job.folder}) == {job.attempt: Liveness.RUNNING}
    (house.root / "go").touch()
    assert outcome(await house.executor.wait(job.attempt)) == {"reason": "exit", "code": 6, "leftovers": 0}
    assert out(job) == "ready\ndone\n"


@both
async def test_what_ended_while_nobody_looked_is_done(house: House, shell: bool) -> None:
    job = house.sh("echo ready; sleep 0.3; exit 6", shell=shell)
    await killed_after_submitting(job)
    await until(lambda: AttemptFolder(job.folder).liveness() is Liveness.DONE)
    assert await house.executor.reattach({job.attempt: job.folder}) == {job.attempt: Liveness.DONE}
    assert (await house.executor.wait(job.attempt)).code == 6


@both
async def test_an_adopted_job_can_be_stopped(house: House, shell: bool) -> None:
    job = house.sh("trap '' INT; echo ready; while :; do sleep 0.1; done", shell=shell)
    await killed_after_submitting(job)
    await house.executor.reattach({job.attempt: job.folder})
    await house.executor.cancel(job.attempt)
    assert (await house.executor.wait(job.attempt)).reason is Ended.STOPPED
    assert alive(job) == []


@both
async def test_an_adopted_job_keeps_its_time_out(house: House, shell: bool) -> None:
    job = house.sh("echo ready; sleep 600", shell=shell, timeouts=Timeouts(total_s=1, grace_s=0.2))
    await killed_after_submitting(job)
    await house.executor.reattach({job.attempt: job.folder})
    assert (await house.executor.wait(job.attempt)).reason is Ended.TIMEOUT


@both
async def test_without_pidfds_a_job_is_followed_by_its_folder(
    house: House, shell: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    own, adopted = house.sh("exit 3", shell=shell), house.sh("echo ready; sleep 0.3; exit 4", shell=shell)
    await killed_after_submitting(adopted)
    assert (await house.run(own)).code == 3
    assert await house.executor.reattach({adopted.attempt: adopted.folder}) == {adopted.attempt: Liveness.RUNNING}
    assert (await house.executor.wait(adopted.attempt)).code == 4


@linux
@both
async def test_if_everything_of_a_job_was_killed_it_is_lost(house: House, shell: bool) -> None:
    job = house.sh("echo ready; sleep 600", shell=shell)
    await killed_after_submitting(job)
    for pid in alive(job):
        os.kill(pid, signal.SIGKILL)
    await until(lambda: AttemptFolder(job.folder).liveness() is Liveness.LOST)
    assert await house.executor.reattach({job.attempt: job.folder}) == {job.attempt: Liveness.LOST}
    assert (await house.executor.wait(job.attempt)).reason is Ended.LOST


@linux
async def test_a_pid_that_was_given_to_somebody_else_is_never_signalled(house: House) -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    holder = await asyncio.create_subprocess_exec("flock", str(house.root / "lock"), "sleep", "1.5")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (house.root / "started.json").write_text(f'{{"pid":{stranger.pid},"ticks":0,"boot":"{boot}"}}\n')
    await until(lambda: AttemptFolder(house.root).liveness() is Liveness.RUNNING)
    await house.executor.reattach({"a": house.root})
    for name in ("interrupt", "kill"):
        await house.executor.signal("a", name)
    assert (await house.executor.wait("a")).reason is Ended.LOST
    assert stranger.returncode is None
    stranger.kill()
    await asyncio.gather(stranger.wait(), holder.wait())


@both
async def test_a_hundred_launches_of_one_attempt_run_it_once(house: House, shell: bool) -> None:
    job = house.sh("echo once; sleep 0.2; exit 9", shell=shell)
    executors = [LocalExecutor(SystemClock()) for _ in range(100)]
    await asyncio.gather(*(executor.submit(job) for executor in executors))
    ends = await asyncio.gather(*(executor.wait(job.attempt) for executor in executors))
    assert {(ended.reason, ended.code) for ended in ends} == {(Ended.EXIT, 9)}
    assert out(job) == "once\n"


@both
async def test_launches_from_many_processes_run_an_attempt_once(house: House, shell: bool) -> None:
    job = house.sh("echo once; sleep 0.2; exit 9", shell=shell)
    runners = [await runner(job) for _ in range(8)]
    answers = [(await process.communicate())[0] for process in runners]
    assert answers == [b"submitted\n9\n"] * 8
    assert out(job) == "once\n"


async def test_a_lock_that_is_only_looked_at_does_not_stop_a_launch(house: House) -> None:
    job = house.job("true", shell=True)
    folder = AttemptFolder(job.folder)
    folder.create()
    lock = folder.claim()
    assert lock is not None
    launch = asyncio.ensure_future(house.run(job))
    await asyncio.sleep(0.05)
    os.close(lock)
    assert (await launch).code == 0


async def test_what_was_never_started_is_not_adopted(house: House) -> None:
    assert await house.executor.reattach({"a": house.root / "nothing"}) == {"a": Liveness.NEVER}


@pytest.mark.torture
async def test_runners_killed_at_any_moment_lose_and_repeat_nothing(house: House) -> None:
    """Each job appends one line to its own file; after every kill the next runner submits all of them again."""
    chance = random.Random(7)
    jobs = [house.sh('echo ran >> "$0"; sleep 0.05'.replace("$0", f"{n}.ran"), shell=n % 2 == 0) for n in range(12)]
    for _ in range(int(os.environ.get("FUSION_TORTURE", "6"))):
        process = await runner(*jobs)
        await asyncio.sleep(0.15 + chance.random() * 0.4)
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
    ends = [await house.run(job) for job in jobs]
    assert [(ended.reason, ended.code) for ended in ends] == [(Ended.EXIT, 0)] * 12
    assert [(house.root / f"{n}.ran").read_text() for n in range(12)] == ["ran\n"] * 12
