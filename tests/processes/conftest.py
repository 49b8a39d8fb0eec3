"""A house for each test; nothing of it may be alive afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fusion_kit.processes.kernel import everyone
from fusion_kit.processes.marks import mark_of
from tests.processes.house import House


@pytest.fixture
async def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(autouse=True)
async def nothing_is_left_alive(tmp_path: Path) -> AsyncIterator[None]:
    yield
    folders = {path.name for path in tmp_path.rglob("t*") if path.is_dir()}
    deadline = time.monotonic() + 2  # a shim whose exit is recorded may need a moment to leave
    while (left := bearers(folders)) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}


def bearers(attempts: set[str]) -> dict[int, str]:
    return {pid: mark for pid in everyone() if (mark := (mark_of(pid) or "").partition(":")[0]) in attempts}
