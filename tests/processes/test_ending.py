"""Whatever a job does to stay alive, it ends, and all of it."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from fusion_kit.core.process import Ended, Job, Timeouts
from fusion_kit.processes.ending import UnknownSignal
from fusion_kit.processes.folder import AttemptFolder
from fusion_kit.processes.kernel import look
from tests.processes.house import House, alive, linux, out, outcome, until

both = pytest.mark.parametrize("shell", [True, False], ids=["wrapper", "shim"])
IGNORES = "trap '' INT TERM HUP; echo ready; while :; do sleep 0.1; done"
STANDING = {"T", "D"}  # a shell that has just vforked waits in D for its stopped child
ESCAPES = """
import os, signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
print("ready", flush=True)
time.sleep(600)
"""
CHURNS = """
import os, sys
while True:
    if os.fork():
        os._exit(0)
    os.write(1, b".")
    if sys.argv[1] == "away":
        os.setsid()
"""


@both
async def test_a_polite_job_ends_by_the_first_interrupt(house: House, shell: bool) -> None:
    job = house.sh("trap 'echo bye; exit 5' INT; echo ready; while :; do sleep 0.1; done", shell=shell)
    await house.started(job)
    await house.executor.cancel(job.attempt)
    assert outcome(await house.executor.wait(job.attempt)) == {"reason": "stopped", "code": 5, "leftovers": 0}
    assert out(job) == "ready\nbye\n"


@both
async def test_a_job_that_ignores_every_request_is_killed(house: House, shell: bool) -> None:
    job = house.sh(IGNORES, shell=shell)
    await house.started(job)
    await house.executor.cancel(job.attempt)
    ended = await house.executor.wait(job.attempt)
    assert (ended.reason, ended.code) == (Ended.STOPPED, -9)
    assert alive(job) == []


@linux
@both
async def test_processes_that_forked_away_die_with_their_job(house: House, shell: bool) -> None:
    job = house.python(ESCAPES, shell=shell)
    await house.started(job)
    await until(lambda: len(alive(job)) >= 6)
    await house.executor.cancel(job.attempt)
    assert (await house.executor.wait(job.attempt)).reason is Ended.STOPPED
    assert alive(job) == []


@linux
@both
@pytest.mark.parametrize("where", ["here", "away"])
async def test_a_job_that_forks_all_the_time_cannot_outrun_its_end(house: House, shell: bool, where: str) -> None:
    job = house.python(CHURNS, where, shell=shell)
    await house.executor.submit(job)
    ended = await asyncio.wait_for(house.executor.wait(job.attempt), 40)
    assert (ended.reason, ended.code) == (Ended.EXIT, 0)
    generations = len(out(job))
    await asyncio.sleep(0.2)  # a look at the processes could miss one that is about to fork; its dots cannot be missed
    assert len(out(job)) == generations


@both
async def test_kill_asks_nobody(house: House, shell: bool) -> None:
    job = house.sh(IGNORES, shell=shell, timeouts=Timeouts(grace_s=60))
    await house.started(job)
    await house.executor.signal(job.attempt, "kill")
    assert (await asyncio.wait_for(house.executor.wait(job.attempt), 10)).reason is Ended.STOPPED


@both
async def test_an_interrupt_alone_stops_nothing_that_handles_it(house: House, shell: bool) -> None:
    job = house.sh("trap 'echo heard; exit 0' INT; echo ready; while :; do sleep 0.1; done", shell=shell)
    await house.started(job)
    await house.executor.signal(job.attempt, "interrupt")
    assert outcome(await house.executor.wait(job.attempt)) == {"reason": "exit", "code": 0, "leftovers": 0}
    assert out(job) == "ready\nheard\n"


@linux
@both
async def test_pause_stops_the_tree_and_its_clocks_and_resume_undoes_it(house: House, shell: bool) -> None:
    job = house.sh("echo ready; i=0; while [ $i -lt 8 ]; do sleep 0.1; i=$((i+1)); done; echo done", shell=shell)
    object.__setattr__(job, "timeouts", Timeouts(total_s=2, idle_s=1, grace_s=0.3))
    await house.started(job)
    await house.executor.signal(job.attempt, "pause")
    owner = {leader(job)}
    await until(lambda: "T" in states(set(alive(job)) - owner) <= STANDING)
    await asyncio.sleep(2.2)  # longer than both limits: the clocks must stand still
    assert "T" in states(set(alive(job)) - owner) <= STANDING
    await house.executor.signal(job.attempt, "resume")
    assert outcome(await house.executor.wait(job.attempt)) == {"reason": "exit", "code": 0, "leftovers": 0}
    assert out(job) == "ready\ndone\n"


@linux
@both
async def test_a_parent_that_waits_in_vfork_for_its_stopped_child_holds_nobody_up(house: House, shell: bool) -> None:
    code = "import os\nos.write(1, b'ready')\nwhile True: os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)"
    job = house.python(code, shell=shell)
    await house.started(job)
    for _ in range(20):
        await asyncio.wait_for(house.executor.signal(job.attempt, "pause"), 5)
        await house.executor.signal(job.attempt, "resume")
    await asyncio.wait_for(house.executor.cancel(job.attempt), 10)
    assert (await house.executor.wait(job.attempt)).reason is Ended.STOPPED


@linux
@both
async def test_a_paused_job_can_be_cancelled(house: House, shell: bool) -> None:
    job = house.sh("trap 'exit 4' INT; echo ready; while :; do sleep 0.1; done", shell=shell)
    await house.started(job)
    await house.executor.signal(job.attempt, "pause")
    await until(lambda: "T" in states(set(alive(job)) - {leader(job)}) <= STANDING)
    await house.executor.cancel(job.attempt)
    assert outcome(await house.executor.wait(job.attempt)) == {"reason": "stopped", "code": 4, "leftovers": 0}


@linux
async def test_a_stopped_shim_is_woken_to_do_its_work(house: House) -> None:
    job = house.sh("echo ready; exec sleep 600")
    await house.started(job)
    os.kill(leader(job), signal.SIGSTOP)
    await house.executor.cancel(job.attempt)
    assert (await house.executor.wait(job.attempt)).reason is Ended.STOPPED


@linux
@both
async def test_if_the_leader_is_killed_the_job_is_lost_and_nothing_of_it_survives(house: House, shell: bool) -> None:
    job = house.python(ESCAPES, shell=shell)
    await house.started(job)
    os.kill(leader(job), signal.SIGKILL)
    ended = await house.executor.wait(job.attempt)
    assert (ended.reason, ended.code) == (Ended.LOST, None)
    assert alive(job) == []


@linux
async def test_the_main_child_dies_with_its_shim_even_if_nobody_looks(house: House) -> None:
    job = house.sh("echo ready $$; exec sleep 600")
    await house.started(job)
    main = int(out(job).split()[1])
    os.kill(leader(job), signal.SIGKILL)
    await until(lambda: states({main}) <= {"Z", "X"})
    await house.executor.wait(job.attempt)


async def test_cancelling_what_is_over_changes_nothing(house: House) -> None:
    job = house.job("true")
    ended = await house.run(job)
    await house.executor.cancel(job.attempt)
    await house.executor.signal(job.attempt, "pause")
    assert await house.executor.wait(job.attempt) == ended


async def test_a_signal_of_another_name_is_refused(house: House) -> None:
    job = house.job("true")
    await house.run(job)
    with pytest.raises(UnknownSignal, match="A job cannot be sent 'explode'"):
        await house.executor.signal(job.attempt, "explode")


def leader(job: Job) -> int:
    started = AttemptFolder(job.folder).started()
    assert started is not None
    return started.pid


def states(pids: set[int]) -> set[str]:
    return {process.state for pid in pids if (process := look(pid)) is not None}
