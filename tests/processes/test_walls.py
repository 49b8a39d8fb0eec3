"""The sandbox's one door, this process's own memory, and the shim's hand-written records."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.clock import SystemClock
from fusion_kit.core.process import Job
from fusion_kit.processes.executor import LocalExecutor
from fusion_kit.processes.record import quoted, record_exit
from fusion_kit.processes.sandbox import SandboxUnavailable, wrap
from tests.processes.house import House, linux, out

ROOT = Path(__file__).parents[2]
HARDENED = """
import os, resource, sys
from fusion_kit.processes.hardening import harden
assert harden() is (sys.platform == "linux")
print(os.getpid(), resource.getrlimit(resource.RLIMIT_CORE), flush=True)
sys.stdin.read()
"""


def test_no_sandbox_leaves_the_command_as_it_is() -> None:
    assert wrap(["a", "b"], "none") == ("a", "b")


def test_a_sandbox_that_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(SandboxUnavailable, match="'bubblewrap' was asked for and is not available") as caught:
        LocalExecutor(SystemClock(), sandbox="bubblewrap")
    assert caught.value.way_out.startswith("Nothing was started.")


@linux
@pytest.mark.skipif(sys.platform == "linux" and os.geteuid() == 0, reason="root may read everybody's memory")
def test_a_hardened_process_hides_its_environment() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HARDENED], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline().split()[0])
    with pytest.raises(PermissionError):
        Path(f"/proc/{pid}/environ").read_bytes()
    process.communicate()


def test_a_hardened_process_leaves_no_core_and_is_not_dumpable() -> None:
    code = HARDENED.replace("sys.stdin.read()", "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1)[1] == "(0, 0)\n0\n"


@linux
async def test_a_child_of_a_hardened_process_starts_all_the_same(house: House) -> None:
    code = (
        "import asyncio, os, sys\nfrom pathlib import Path\n"
        "from fusion_kit.processes.hardening import harden\nfrom tests.processes.house import House, out\nharden()\n"
        "async def main():\n"
        "    house = House(Path(sys.argv[1]))\n"
        "    for shell in (True, False):\n"
        "        job = house.sh('echo ok', shell=shell)\n"
        "        assert (await house.run(job)).code == 0 and out(job) == 'ok\\n'\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(house.root), cwd=ROOT)
    assert await process.wait() == 0


@given(st.text())
def test_text_written_by_hand_is_json(text: str) -> None:
    assert json.loads(quoted(text)) == text


def test_an_exit_written_by_hand_is_json_and_leaves_no_draft(tmp_path: Path) -> None:
    record_exit(str(tmp_path), reason="exit", code=None, started_at=1.5, leftovers=2, message='a "b"\n')
    record = json.loads((tmp_path / "exit.json").read_text())
    ended_at = record.pop("ended_at")
    assert record == {"reason": "exit", "code": None, "started_at": 1.5, "leftovers": 2, "message": 'a "b"\n'}
    assert ended_at > record["started_at"]
    assert [path.name for path in tmp_path.iterdir()] == ["exit.json"]


def test_the_shim_imports_next_to_nothing() -> None:
    code = f"import sys; sys.path.append({str(ROOT)!r}); import fusion_kit.processes.supervision; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    heavy = {"json", "re", "pathlib", "dataclasses", "typing", "subprocess", "asyncio", "logging"}
    assert heavy & set(done.stdout.split()) == set()


async def test_a_thousand_small_tasks_cost_little_more_than_their_processes(house: House) -> None:
    """Not a benchmark: it fails only when something is wrong by a factor."""
    count = 1000 if "FUSION_TORTURE" in os.environ else 100
    jobs = [house.job("true", shell=True) for _ in range(count)]
    loop, eight = asyncio.get_running_loop(), asyncio.Semaphore(8)

    async def raw() -> None:
        async with eight:
            process = await asyncio.create_subprocess_exec("/bin/sh", "-c", "/bin/true; true")
            assert await process.wait() == 0

    async def ours(job: Job) -> None:
        async with eight:
            assert (await house.run(job)).code == 0

    started = loop.time()
    await asyncio.gather(*(raw() for _ in range(count)))
    between = loop.time()
    await asyncio.gather(*(ours(job) for job in jobs))
    assert (loop.time() - between) < 10 * (between - started)
    assert out(jobs[0]) == ""
