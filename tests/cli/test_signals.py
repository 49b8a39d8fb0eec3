"""Ctrl-C once asks to stop, twice stops at once; both leave a run that `resume` continues."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects, Play
from tests.cli.runner import cli


async def _until_it_is_so(stop: StopSignal, what: str) -> None:
    changed = asyncio.Event()
    stop.when_asked(changed.set)
    async with asyncio.timeout(5):
        while not getattr(stop, what):
            await changed.wait()
            changed.clear()


def _signalled(which: signal.Signals, *, twice: bool = False) -> Play:
    async def play(project: FakeProject, stop: StopSignal) -> None:
        plays.begin(project)
        os.kill(os.getpid(), which)
        await _until_it_is_so(stop, "requested")
        if twice:
            os.kill(os.getpid(), which)
            await _until_it_is_so(stop, "killed")
        project.tell(plays.of_run(e.RunPaused(reason="interrupted")))
        await asyncio.sleep(0.2)  # the display looks at what was said every eighth of a second

    return play


@pytest.mark.parametrize(("which", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_asks_to_stop_and_the_code_tells_which(
    project: FakeProject, projects: FakeProjects, which: signal.Signals, code: int
) -> None:
    project.play = _signalled(which)
    seen = cli("run", "hello", projects=projects)
    assert (seen.code, seen.err.splitlines()[-2:]) == (
        code,
        ["stopping: agents are asked to stop; once more stops them at once", f"next: fusion-kit resume {RUN}"],
    )


def test_a_second_signal_stops_at_once(project: FakeProject, projects: FakeProjects) -> None:
    project.play = _signalled(signal.SIGINT, twice=True)
    seen = cli("run", "hello", projects=projects)
    assert (seen.code, "stopping at once\n" in seen.err) == (130, True)


def test_a_run_that_ends_by_itself_all_the_same_keeps_its_own_code(
    project: FakeProject, projects: FakeProjects
) -> None:
    async def play(project: FakeProject, stop: StopSignal) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await _until_it_is_so(stop, "requested")
        await plays.succeeds(project, stop)

    project.play = play
    assert cli("run", "hello", projects=projects).code == 0


def test_afterwards_signals_do_what_they_did_before(project: FakeProject, projects: FakeProjects) -> None:
    before = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    project.play = plays.succeeds
    cli("run", "hello", projects=projects)
    assert {which: signal.getsignal(which) for which in before} == before
