"""A house for each test; nothing of it may be alive afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fusion_kit.processes.kernel import everyone
from fusion_kit.processes.marks import mark_of
from tests.processes.house import House, until


@pytest.fixture
async def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(autouse=True)
async def nothing_is_left_alive(tmp_path: Path) -> AsyncIterator[None]:
    yield
    folders = {path.name for path in tmp_path.rglob("t*") if path.is_dir()}
    with contextlib.suppress(AssertionError):
        await until(lambda: not bearers(folders), 2)  # a shim whose exit is recorded may need a moment to leave
    left = bearers(folders)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}


def bearers(attempts: set[str]) -> dict[int, str]:
    return {pid: mark for pid in everyone() if (mark := (mark_of(pid) or "").partition(":")[0]) in attempts}
