"""A house for each test; nothing of it may be alive afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusion_kit.processes.kernel import everyone
from fusion_kit.processes.marks import mark_of
from tests.processes.house import House


@pytest.fixture
async def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(autouse=True)
def nothing_is_left_alive(tmp_path: Path) -> Iterator[None]:
    yield
    folders = {path.name for path in tmp_path.rglob("t*") if path.is_dir()}
    left = {pid: mark for pid in everyone() if (mark := mark_of(pid)) in folders}
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}
