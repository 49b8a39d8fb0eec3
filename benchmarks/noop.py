"""No-op tasks: what the runner itself costs, beside a bare loop, a durable loop, make, doit, Luigi and Snakemake."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.graphs import SHAPES, Graph, as_doit, as_fusion, as_json, as_make, as_snakemake
from benchmarks.measure import Program, environment, interleaved
from benchmarks.table import Table, program_rows

JOBS = 8
ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FLOOR = "asyncio"
DURABLE_FLOOR = "asyncio + SQLite + fsync"
SLOW = ("luigi", "snakemake")  # up to a minute a run: measured fewer times
COLUMNS = ("program", "to asyncio", "to the durable loop", "ms a task", "range", "CPU ms a task", "MB")


def _cleaned(folder: Path, *names: str) -> Callable[[], None]:
    """Put what a run left out of the way; deleting thousands of files would slow down whoever comes next."""
    rounds = itertools.count()

    def clean() -> None:
        aside = folder.parent / "aside" / f"{folder.name}-{next(rounds)}"
        for name in names:
            if (folder / name).exists():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).rename(aside / name)

    return clean


def _program(name: str, folder: Path, argv: tuple[str, ...], *leavings: str) -> Program:
    path = f"{BIN}:{os.environ['PATH']}"
    return Program(name, argv, folder, environment(PATH=path, PYTHONPATH=str(ROOT)), _cleaned(folder, *leavings))


def _folder(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    return folder


def _own_loops(graph: Graph, root: Path) -> list[Program]:
    loops = []
    for name, module in ((FLOOR, "raw_spawn"), (DURABLE_FLOOR, "raw_durable")):
        folder = _folder(root, module)
        as_json(graph, folder)
        argv = (sys.executable, "-m", f"benchmarks.peers.{module}", str(JOBS))
        loops.append(_program(name, folder, argv, "raw.db", "raw.db-wal", "raw.db-shm", "raw.jsonl"))
    return loops


def _fusion(graph: Graph, root: Path) -> Program:
    folder = _folder(root, "fusion")
    as_fusion(graph, folder, JOBS)
    argv = (str(BIN / "fusion-kit"), "run", "noop", "-o", "quiet")
    return _program("fusion-kit", folder, argv, ".fusion/state", "workspaces")


def _make(graph: Graph, root: Path) -> Program:
    folder = _folder(root, "make")
    as_make(graph, folder)
    return _program("make", folder, ("make", "-s", f"-j{JOBS}"))


def _doit(graph: Graph, root: Path) -> Program:
    folder = _folder(root, "doit")
    as_doit(graph, folder)
    argv = (sys.executable, "-m", "doit", "-n", str(JOBS), "-P", "thread")
    return _program("doit", folder, argv, ".doit.db", ".doit.db.db", ".doit.db.dat", ".doit.db.dir", ".doit.db.bak")


def _luigi(graph: Graph, root: Path) -> Program:
    folder = _folder(root, "luigi")
    as_json(graph, folder)
    return _program("luigi", folder, (sys.executable, "-m", "benchmarks.peers.luigi_graph", str(JOBS)), "out")


def _snakemake(graph: Graph, root: Path) -> Program:
    folder = _folder(root, "snakemake")
    as_snakemake(graph, folder)
    argv = (sys.executable, "-m", "snakemake", "--cores", str(JOBS), "--quiet", "all", "--nolock")
    return _program("snakemake", folder, argv, "out", ".snakemake")


def programs(graph: Graph, root: Path) -> list[Program]:
    """Return the graph written for every program, the floor first."""
    named = (_fusion, _make, _doit, _luigi, _snakemake)
    return [*_own_loops(graph, root), *(write(graph, root) for write in named)]


def measure(scratch: Path, *, quick: bool) -> list[Table]:
    """Measure every shape and size; quick means 200 tasks, one round, and no Luigi or Snakemake."""
    counts, rounds = ((200,), 1) if quick else ((200, 1000), 5)
    tables = []
    for count in counts:
        for shape in SHAPES:
            graph = shape(count)
            contenders = programs(graph, scratch / f"{graph.name}-{count}")
            tables.append(_measured(graph, contenders, rounds, slow_rounds=0 if quick else 2))
    return tables


def _measured(graph: Graph, contenders: list[Program], rounds: int, slow_rounds: int) -> Table:
    print(f"{len(graph)} {graph.name} no-op tasks", file=sys.stderr, flush=True)
    samples = interleaved([one for one in contenders if one.name not in SLOW], rounds)
    samples |= interleaved([one for one in contenders if one.name in SLOW], slow_rounds) if slow_rounds else {}
    return Table(
        title=f"{len(graph):,} {graph.name} no-op tasks, {JOBS} at once",
        note=f"Whole processes, start-up included; {rounds} rounds ({slow_rounds} of {' and '.join(SLOW)}).",
        columns=COLUMNS,
        rows=program_rows(samples, (FLOOR, DURABLE_FLOOR), len(graph)),
    )
