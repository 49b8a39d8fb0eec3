"""A result as a Markdown table, with what was measured and how many times."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.measure import Sample, middle, spread


@dataclass(frozen=True, slots=True)
class Table:
    """One benchmark's result; `note` says how to read it."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table with its heading."""
        lines = [f"## {self.title}", "", self.note, "", _line(self.columns), _line(tuple("---" for _ in self.columns))]
        return "\n".join([*lines, *(_line(row) for row in self.rows), ""])


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def program_rows(samples: dict[str, list[Sample]], floors: tuple[str, ...], tasks: int) -> tuple[tuple[str, ...], ...]:
    """Return a row for each program: its ratios of wall time to `floors`, a task's milliseconds, CPU, memory."""
    walls = [middle(samples[floor]).wall_s for floor in floors]
    rows = []
    for name, runs in samples.items():
        one = middle(runs)
        rows.append(
            (
                name,
                *(f"{one.wall_s / wall:.2f}x" for wall in walls),
                f"{one.wall_s / tasks * 1e3:.2f}",
                spread([run.wall_s / tasks for run in runs]),
                f"{one.cpu_s / tasks * 1e3:.2f}",
                f"{one.rss_bytes / 1e6:.0f}",
            )
        )
    return tuple(rows)


def heading(command: str) -> str:
    """Return the head of the page: the command, the day, the class of machine and the versions."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = f"{os.cpu_count()} shared cores, {platform.system()} {platform.machine()}"
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {_git_version()}"
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"Command: `{command}`  ",
            f"Day: {day}  ",
            f"Machine: {machine}; {versions}; load {_load()} before the start",
            "",
            "Every table compares programs measured in the same run, in turns; read the ratios. Times are medians,",
            "the range is smallest to largest. CPU time is of the whole tree of processes, memory of its",
            f"largest; below {_floor()} MB it cannot be told, for a child starts as a copy of the measuring process.",
            "",
        ]
    )


def _floor() -> int:
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _git_version() -> str:
    return subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"
