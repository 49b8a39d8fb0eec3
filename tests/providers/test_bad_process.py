"""The scripted agent as a process that behaves badly, for the rooms that must cope with one."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from fusion_kit.core.workflow import AgentSpec
from fusion_kit.providers.scripted import RESULT_MARKER, Scripted
from tests.providers.rig import Rig, scripted


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


class TestABadProcess:
    """What the process room is tried with; here only that each does what it says, each ended by the test itself."""

    def start(self, rig: Rig, agent: AgentSpec) -> subprocess.Popen[bytes]:
        order = rig.order(agent)
        invocation = Scripted().invocation(order)
        rig.write_files(invocation)
        return subprocess.Popen(
            invocation.argv, cwd=order.workspace, env=dict(order.env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )

    def until(self, process: subprocess.Popen[bytes], text: bytes) -> None:
        assert process.stdout is not None
        assert any(text in line for line in process.stdout)

    def test_ignores_the_signals_it_is_told_to(self, rig: Rig) -> None:
        with self.start(rig, scripted({"ignore": ["SIGTERM", "INT"]}, "deaf", {"wait": "1m"})) as process:
            self.until(process, b"deaf")
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.2)
            process.kill()
            assert process.wait(10) == -signal.SIGKILL

    def test_lingers_after_its_result(self, rig: Rig) -> None:
        with self.start(rig, scripted("all done", {"linger": "1m"})) as process:
            self.until(process, RESULT_MARKER.encode())
            assert process.poll() is None
            process.kill()

    def test_says_the_marker_of_its_result_only_there(self, rig: Rig) -> None:
        rig.run(scripted('{"type":"result"}', {"progress": '"type":"result"'}))
        assert [RESULT_MARKER in line for line in rig.out().splitlines()] == [False, False, False, True]

    @pytest.mark.parametrize("detached", [False, True])
    def test_leaves_children_behind(self, rig: Rig, detached: bool) -> None:
        agent = scripted({"spawn": {"seconds": 20, "count": 2, "detached": detached}}, "left", {"wait": "20s"})
        with self.start(rig, agent) as process:
            try:
                self.until(process, b"left")
                left = sleepers(rig)
                while len(left) < 2 and process.poll() is None:  # they may not have become `sleep` yet
                    left = sleepers(rig)
                assert [os.getsid(pid) == os.getsid(process.pid) for pid in left] == [not detached] * 2
            finally:
                process.kill()
                for pid in sleepers(rig):
                    os.kill(pid, signal.SIGKILL)


def sleepers(rig: Rig) -> list[int]:
    """Return the processes that sleep in the rig's workspace."""
    here = str(rig.workspace.resolve())
    found = psutil.process_iter(["name", "cwd"])
    return [process.pid for process in found if (process.info["name"], process.info["cwd"]) == ("sleep", here)]
