"""Measure whole processes: wall time, CPU time of the whole tree, and the largest memory of any process in it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage tells bytes on macOS, KiB on Linux


class MeasuredFailure(Exception):
    """A measured program did not succeed, so its time means nothing."""

    def __init__(self, name: str, code: int, output: Path) -> None:
        """Say which program it was and what it printed last."""
        super().__init__(f"{name} ended with {code}: {output.read_text(errors='replace')[-2000:]}")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one program: seconds of wall and CPU time, peak resident bytes of its largest process."""

    wall_s: float
    cpu_s: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program to measure; `prepare` runs before each measurement and is not counted."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    prepare: Callable[[], None] = lambda: None


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what would disturb a measurement."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FUSION_", "MAKE"))}
    return kept | {"NO_COLOR": "1", "CI": "1"} | more


def run_once(program: Program) -> Sample:
    """Run the program to its end, its output into a file, and return what it took; raises `MeasuredFailure`."""
    program.prepare()
    output = program.cwd / f".output-{program.name.replace(' ', '-').replace('/', '-')}"
    started = time.perf_counter()
    pid = _spawned(program, output)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise MeasuredFailure(program.name, code, output)
    return Sample(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MAXRSS_UNIT)


def _spawned(program: Program, output: Path) -> int:
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), write, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    here = Path.cwd()
    os.chdir(program.cwd)
    try:
        return os.posix_spawnp(program.argv[0], list(program.argv), dict(program.env), file_actions=actions)
    finally:
        os.chdir(here)


def interleaved(programs: list[Program], rounds: int) -> dict[str, list[Sample]]:
    """Run each program once a round, so that other load on the machine falls on all of them alike."""
    samples: dict[str, list[Sample]] = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in programs:
            print(f"  {number + 1}/{rounds} {program.name}", file=sys.stderr, flush=True)
            samples[program.name].append(run_once(program))
    return samples


def middle(samples: list[Sample]) -> Sample:
    """Return the medians of wall and CPU time, and the largest peak of memory."""
    return Sample(
        wall_s=median(sample.wall_s for sample in samples),
        cpu_s=median(sample.cpu_s for sample in samples),
        rss_bytes=max(sample.rss_bytes for sample in samples),
    )


def spread(values: list[float]) -> str:
    """Return the smallest and the largest of `values` seconds, in milliseconds."""
    return f"{min(values) * 1e3:.1f}-{max(values) * 1e3:.1f}"


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def clocked(work: Callable[[], object]) -> float:
    """Return the seconds `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
