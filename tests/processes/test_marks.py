"""A sweep finds what belongs to an attempt, and can never find anything else."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from fusion_kit.processes.kernel import everyone
from fusion_kit.processes.launch import MARK
from fusion_kit.processes.marks import Marks, lineage, mark_of
from tests.processes.house import House, linux, until

pytestmark = linux
ROOT = Path(__file__).parents[2]
LOOKS_FOR_ITSELF = f"""
import os, subprocess, sys
from fusion_kit.processes.marks import Marks, mark_of
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
assert mark_of(os.getpid()) == os.environ["{MARK}"]
while mark_of(child.pid) != os.environ["{MARK}"]:
    pass
found = [process.pid for process in Marks().members(os.environ["{MARK}"], 0)]
child.kill()
child.wait()
assert found == [child.pid], found
"""


@pytest.mark.parametrize("leader", [0, 1])
def test_an_unknown_leader_leads_nobody(leader: int) -> None:
    assert Marks().members("nobody:0-0", leader) == []


def test_a_pid_in_use_again_leads_nobody() -> None:
    session = os.getsid(0)
    assert Marks().members("nobody:0-0", session, is_gone=True) == [] or session not in everyone()


def test_a_runner_and_its_ancestors_are_never_found_even_by_their_own_session() -> None:
    ours = lineage(everyone())
    assert {1, os.getpid(), os.getppid()} <= ours
    assert not ours & {process.pid for process in Marks().members("nobody:0-0", os.getsid(0))}


async def test_a_marked_process_that_sweeps_its_own_mark_spares_itself() -> None:
    env = {**os.environ, MARK: f"own-{os.getpid()}:1-1"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LOOKS_FOR_ITSELF, cwd=ROOT, env=env)
    assert await process.wait() == 0


async def test_an_attempt_of_the_same_name_elsewhere_is_another_attempt(house: House, tmp_path: Path) -> None:
    one = house.sh("echo ready; exec sleep 600")
    two = house.sh("true", shell=True)
    object.__setattr__(two, "attempt", one.attempt)
    object.__setattr__(two, "folder", tmp_path / "elsewhere" / one.attempt)
    await house.started(one)
    assert (await House(tmp_path).run(two)).leftovers == 0
    assert await house.executor.reattach({one.attempt: one.folder}) == {one.attempt: "running"}
    await house.executor.cancel(one.attempt)


async def test_a_mark_is_found_wherever_it_stands_in_the_environment() -> None:
    for env in ({MARK: "first:1-1", "A": "1"}, {"A": "1", MARK: "last:1-1"}, {"A": "1"}):
        process = await asyncio.create_subprocess_exec("/bin/sleep", "600", env=env)
        await until(lambda pid=process.pid: b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes())  # type: ignore[misc]
        assert mark_of(process.pid) == env.get(MARK, "")
        process.kill()
        await process.wait()
