"""Time-outs of real jobs: quiet is not stuck, and stuck is not for ever."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from fusion_kit.core.process import Ended, Timeouts
from tests.processes.house import House, alive, linux, out, until

both = pytest.mark.parametrize("shell", [True, False], ids=["wrapper", "shim"])
BUSY = "import time; end = time.monotonic() + 1.2\nwhile time.monotonic() < end: pass\nprint('done')"


@both
async def test_a_job_that_never_ends_meets_its_total(house: House, shell: bool) -> None:
    job = house.sh("while :; do echo .; sleep 0.05; done", shell=shell, timeouts=Timeouts(total_s=0.6, grace_s=0.2))
    assert (await house.run(job)).reason is Ended.TIMEOUT
    assert alive(job) == []


@linux
@both
async def test_a_silent_idle_job_is_stalled(house: House, shell: bool) -> None:
    job = house.sh("echo hello; sleep 600", shell=shell, timeouts=Timeouts(idle_s=1, grace_s=0.2))
    assert (await house.run(job)).reason is Ended.STALLED


@linux
@both
async def test_a_quiet_busy_job_is_left_alone(house: House, shell: bool) -> None:
    job = house.python(BUSY, shell=shell, timeouts=Timeouts(idle_s=0.6, first_output_s=0.6, grace_s=0.2))
    assert (await house.run(job)).reason is Ended.EXIT
    assert out(job) == "done\n"


@linux
@both
async def test_a_quiet_job_whose_child_is_busy_is_left_alone(house: House, shell: bool) -> None:
    job = house.job("sh", "-c", '"$0" -c "$1" & wait', sys.executable, BUSY, shell=shell)
    object.__setattr__(job, "timeouts", Timeouts(idle_s=0.6, grace_s=0.2))
    assert (await house.run(job)).reason is Ended.EXIT


@both
async def test_a_job_that_says_nothing_at_all_meets_its_first_output(house: House, shell: bool) -> None:
    job = house.sh("sleep 600", shell=shell, timeouts=Timeouts(first_output_s=0.8, idle_s=600, grace_s=0.2))
    assert (await house.run(job)).reason is Ended.STALLED


async def test_an_agent_that_gave_its_result_and_stays_is_ended(house: House) -> None:
    text = 'echo noise; printf "{\\"type\\": \\"res"; sleep 0.7; echo "ult\\"}"; sleep 600'
    job = house.sh(text, timeouts=Timeouts(grace_s=0.4), result_marker='"type": "result"')
    assert (await house.run(job)).reason is Ended.LINGERED
    assert out(job) == 'noise\n{"type": "result"}\n'


async def test_an_agent_that_leaves_after_its_result_just_exits(house: House) -> None:
    job = house.sh("echo RESULT; sleep 0.2", timeouts=Timeouts(grace_s=10), result_marker="RESULT")
    assert (await house.run(job)).reason is Ended.EXIT


@both
async def test_a_hundred_megabytes_of_errors_meet_the_log_limit(house: House, shell: bool) -> None:
    code = "import os\nfor _ in range(100): os.write(2, b'e' * 1_000_000)\nimport time; time.sleep(600)"
    job = house.python(code, shell=shell, log_limit_bytes=5_000_000)
    assert (await house.run(job)).reason is Ended.LOG_LIMIT
    assert (job.folder / "err.log").stat().st_size == 5_000_000


async def test_a_job_that_waits_on_its_input_gets_none_and_ends(house: House) -> None:
    job = house.python("import sys; print(repr(sys.stdin.readline()))")
    assert (await house.run(job)).code == 0
    assert out(job) == "''\n"


async def test_a_hundred_agents_at_once_cost_their_runner_nothing(house: House) -> None:
    jobs = [house.sh("echo ready; read -t 600 x < fifo", shell=False) for _ in range(100)]
    os.mkfifo(house.root / "fifo")
    for job in jobs:
        await house.executor.submit(job)
    await until(lambda: all("ready" in out(job) for job in jobs))
    before = sum(os.times()[:2])
    await asyncio.sleep(1)
    assert sum(os.times()[:2]) - before < 0.1
    await asyncio.gather(*(house.executor.cancel(job.attempt) for job in jobs))
