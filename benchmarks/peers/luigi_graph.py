"""The same graph in Luigi with its local scheduler.

Usage: python -m benchmarks.peers.luigi_graph JOBS (graph.json is here).
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import luigi

NEEDS: list[list[int]] = json.loads(Path("graph.json").read_text())


class Noop(luigi.Task):  # type: ignore[misc]  # luigi carries no types here
    """One task: run `true`, leave a file."""

    number = luigi.IntParameter()

    def requires(self) -> list[Any]:
        return [Noop(number=need) for need in NEEDS[self.number]]

    def output(self) -> Any:
        return luigi.LocalTarget(f"out/t{self.number}")

    def run(self) -> None:
        subprocess.run(["true"], check=True)
        Path(f"out/t{self.number}").touch()


def main() -> None:
    """Run the graph of this folder."""
    Path("out").mkdir(exist_ok=True)
    logging.getLogger("luigi-interface").setLevel(logging.ERROR)
    sys.setrecursionlimit(10_000)
    tasks = [Noop(number=number) for number in range(len(NEEDS))]
    if not luigi.build(tasks, local_scheduler=True, workers=int(sys.argv[1]), no_lock=True, log_level="ERROR"):
        sys.exit(1)


if __name__ == "__main__":
    main()
