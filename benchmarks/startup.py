"""Start-up: `--help` and `version` beside an empty Python and a bare Typer app of thirty commands."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Program, Sample, environment, interleaved, middle, spread
from benchmarks.table import Table

BIN = Path(sys.executable).parent
APP = str(Path(__file__).parent / "peers" / "typer_app.py")
PYTHON = "python -c pass"
TYPER_HELP = "bare Typer app of 30 --help"
COLUMNS = ("program", "CPU ms", "wall ms", "range", "to python", "to the Typer app", "MB")


def programs(scratch: Path) -> list[Program]:
    """Return what is started, the two floors first."""
    own = str(BIN / "fusion-kit")
    starts = {
        PYTHON: (sys.executable, "-c", "pass"),
        TYPER_HELP: (sys.executable, APP, "--help"),
        "bare Typer app of 30, one command": (sys.executable, APP, "c3"),
        "fusion-kit --help": (own, "--help"),
        "fusion-kit version": (own, "version"),
        "fusion-kit run --help": (own, "run", "--help"),
    }
    return [Program(name, argv, scratch, environment()) for name, argv in starts.items()]


def _row(name: str, runs: list[Sample], python: Sample, app: Sample) -> tuple[str, ...]:
    one = middle(runs)
    return (
        name,
        f"{one.cpu_s * 1e3:.0f}",
        f"{one.wall_s * 1e3:.0f}",
        spread([run.wall_s for run in runs]),
        f"{one.cpu_s / python.cpu_s:.2f}x",
        f"{one.cpu_s / app.cpu_s:.2f}x",
        f"{one.rss_bytes / 1e6:.0f}",
    )


def measure(scratch: Path, *, quick: bool) -> list[Table]:
    """Start every program in turns."""
    rounds = 3 if quick else 25
    interleaved(programs(scratch), 1)  # the first start compiles
    samples = interleaved(programs(scratch), rounds)
    python, app = middle(samples[PYTHON]), middle(samples[TYPER_HELP])
    return [
        Table(
            title="Start-up",
            note=f"{rounds} rounds; the ratios compare CPU time.",
            columns=COLUMNS,
            rows=tuple(_row(name, runs, python, app) for name, runs in samples.items()),
        )
    ]
