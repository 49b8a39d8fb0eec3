"""A runner to be killed: submits the jobs it is given as JSON lines and waits for them."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from fusion_kit.clock import SystemClock
from fusion_kit.core.process import Job, Timeouts
from fusion_kit.processes.executor import LocalExecutor


async def main() -> None:
    executor = LocalExecutor(SystemClock())
    jobs = [
        Job(
            attempt=given["attempt"],
            folder=Path(given["folder"]),
            argv=tuple(given["argv"]),
            cwd=Path(given["cwd"]),
            env=given["env"],
            shell=given["shell"],
            timeouts=Timeouts(**given["timeouts"]),
        )
        for given in json.loads(sys.argv[1])
    ]
    for job in jobs:
        await executor.submit(job)
    print("submitted", flush=True)
    for job in jobs:
        print((await executor.wait(job.attempt)).code, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
