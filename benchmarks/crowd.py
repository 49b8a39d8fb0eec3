"""A hundred agents alive at once that wait: what the runner itself needs meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.measure import environment
from benchmarks.table import Table

BIN = Path(sys.executable).parent
COLUMNS = (
    "agents",
    "runner CPU, % of a core",
    "runner MB",
    "one agent's shim and program, MB",
    "until all are alive, s",
)
START_LIMIT_S = 180.0
AGENT = """\
name: sleeper
provider: scripted
max_parallel: 200
isolation: none
steps: [{ wait: 100000 }]
"""


def _written(folder: Path, agents: int) -> None:
    (folder / ".fusion" / "agents").mkdir(parents=True)
    (folder / ".fusion" / "workflows").mkdir()
    (folder / ".fusion" / "agents" / "sleeper.yaml").write_text(AGENT)
    tasks = [f"  - {{ id: t{number}, agent: sleeper, prompt: wait, workspace: none }}" for number in range(agents)]
    lines = ["name: crowd", f"max_parallel: {agents}", "tasks:", *tasks, ""]
    (folder / ".fusion" / "workflows" / "crowd.yaml").write_text("\n".join(lines))


def _programs(state: Path) -> list[psutil.Process]:
    """The agents live outside the runner's tree on purpose, so they are found by where their attempts lie."""
    return [process for process in psutil.process_iter(["cmdline"]) if _mentions(process, str(state))]


def _mentions(process: psutil.Process, text: str) -> bool:
    return any(text in part for part in process.info["cmdline"] or ())


def _alive(folder: Path) -> int:
    return len(list((folder / ".fusion").rglob("started.json")))


def _until_alive(folder: Path, agents: int) -> float:
    begun = time.perf_counter()
    while _alive(folder) < agents:
        if time.perf_counter() - begun > START_LIMIT_S:
            raise TimeoutError
        time.sleep(0.1)
    return time.perf_counter() - begun


def _row(folder: Path, agents: int, watch_s: float) -> tuple[str, ...]:
    _written(folder, agents)
    argv = [str(BIN / "fusion-kit"), "run", "crowd", "-o", "quiet"]
    with subprocess.Popen(argv, cwd=folder, env=environment(), stderr=subprocess.DEVNULL) as runner:
        try:
            started_s = _until_alive(folder, agents)
            time.sleep(2.0)
            process = psutil.Process(runner.pid)
            before = process.cpu_times()
            time.sleep(watch_s)
            after = process.cpu_times()
            cpu_s = after.user + after.system - before.user - before.system
            memory = process.memory_info().rss
            theirs = sum(each.memory_info().rss for each in _programs(folder)) / agents
        finally:
            subprocess.run([str(BIN / "fusion-kit"), "cancel", "crowd"], cwd=folder, env=environment(), check=False)
            runner.wait(60)
    share = 100 * cpu_s / watch_s
    return (str(agents), f"{share:.1f}", f"{memory / 1e6:.0f}", f"{theirs / 1e6:.1f}", f"{started_s:.1f}")


def measure(scratch: Path, *, quick: bool) -> list[Table]:
    """Start a crowd, watch the runner, cancel the run."""
    sizes, watch_s = ((10,), 3.0) if quick else ((10, 100), 20.0)
    rows = []
    for agents in sizes:
        folder = scratch / f"crowd-{agents}"
        folder.mkdir()
        rows.append(_row(folder, agents, watch_s))
    return [
        Table(
            title="Agents alive at once",
            note=f"Scripted agents that wait; the runner was watched for {watch_s:g} s.",
            columns=COLUMNS,
            rows=tuple(rows),
        )
    ]
