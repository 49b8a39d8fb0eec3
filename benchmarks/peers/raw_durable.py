"""The floor with durable state: as raw_spawn, with every move in SQLite and in a JSONL file that is fsynced each time.

Usage: python -m benchmarks.peers.raw_durable JOBS (graph.json is here).
No batching: this is what a careful first version costs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from pathlib import Path

from benchmarks.peers.raw_spawn import run_graph


class Journal:
    """A table of states and a log of moves, both written before a move counts."""

    def __init__(self, folder: Path) -> None:
        """Make both files in `folder`."""
        self._db = sqlite3.connect(folder / "raw.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS task (id INTEGER PRIMARY KEY, state TEXT)")
        self._log = os.open(folder / "raw.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def record(self, what: str, task: int) -> None:
        """Write one move; on return it survives a power cut."""
        os.write(self._log, json.dumps({"type": what, "task": task}).encode() + b"\n")
        await asyncio.to_thread(os.fsync, self._log)
        self._db.execute(
            "INSERT INTO task VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state", (task, what)
        )


def main() -> None:
    """Run the graph of this folder."""
    needs = json.loads(Path("graph.json").read_text())
    asyncio.run(run_graph(needs, int(sys.argv[1]), Journal(Path()).record))


if __name__ == "__main__":
    main()
