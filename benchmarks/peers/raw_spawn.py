"""The floor: run a graph of `true` with asyncio and remember nothing.

Usage: python -m benchmarks.peers.raw_spawn JOBS (graph.json is here).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

Recorder = Callable[[str, int], Awaitable[None]]


async def forget(_what: str, _task: int) -> None:
    """Record nothing."""


async def run_graph(needs: list[list[int]], jobs: int, record: Recorder) -> None:
    """Run every task once its needs are done, at most `jobs` at a time."""
    room = asyncio.Semaphore(jobs)
    done = [asyncio.Event() for _ in needs]

    async def one(number: int) -> None:
        for need in needs[number]:
            await done[need].wait()
        async with room:
            await record("started", number)
            await spawn()
            await record("completed", number)
        done[number].set()

    async with asyncio.TaskGroup() as group:
        for number in range(len(needs)):
            group.create_task(one(number))


async def spawn() -> None:
    """Run `true` to its end."""
    process = await asyncio.create_subprocess_exec(
        "true", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    await process.wait()


def main() -> None:
    """Run the graph of this folder."""
    needs = json.loads(Path("graph.json").read_text())
    asyncio.run(run_graph(needs, int(sys.argv[1]), forget))


if __name__ == "__main__":
    main()
