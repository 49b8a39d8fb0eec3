"""A command that is no task's: a task's own check, or the gate of a merge. It gets no secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.coordination.house import House
from fusion_kit.core.process import Exit, Job, Timeouts
from fusion_kit.core.work import Order
from fusion_kit.core.workflow import AgentSpec

_SHELL = AgentSpec(name="shell", provider="shell", options={"shell": None})


@dataclass(frozen=True, slots=True)
class ShellJob:
    """A command line for the shell in `cwd`; `attempt` is what it is known by, `folder` where its output lies."""

    attempt: str
    folder: Path
    command: str
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None

    @property
    def log(self) -> Path:
        """What it printed, on standard output and on standard error as far as the command does not join them."""
        return self.folder / "out.log"


async def begin(house: House, job: ShellJob) -> None:
    """Start it, unless it was ever started."""
    job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    order = Order(agent=_SHELL, prompt=job.command, workspace=job.cwd, folder=job.folder, env=job.env)
    invocation = house.providers.provider(_SHELL).invocation(order)
    for name, text in invocation.files.items():
        (job.folder / Path(name).name).write_text(text, encoding="utf-8")
    await house.executor.submit(
        Job(
            attempt=job.attempt,
            folder=job.folder,
            argv=invocation.argv,
            cwd=job.cwd,
            env={**job.env, **invocation.env, "FUSION_ATTEMPT_ID": job.attempt},
            shell=True,
            timeouts=dataclasses.replace(Timeouts(), total_s=job.timeout_s),
        )
    )


async def done(house: House, job: ShellJob) -> Exit:
    """Start it, or find what an earlier owner started, and return how it ended."""
    await house.executor.reattach({job.attempt: job.folder})
    await begin(house, job)
    return await house.executor.wait(job.attempt)
