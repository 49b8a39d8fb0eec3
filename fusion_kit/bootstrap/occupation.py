"""Who uses what just now: owners of runs, living attempts, processes that work in a folder, people on a branch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from fusion_kit.core.process import Liveness
from fusion_kit.persistence.owners import Ownership
from fusion_kit.processes.folder import AttemptFolder
from fusion_kit.workspaces.leftovers import Relic


class Occupation:
    """One look; what it found is true of that moment."""

    def __init__(self, state: Path, owners: Ownership, checked_out: Mapping[str, str]) -> None:
        """Look at nothing yet."""
        self._state = state
        self._owners = owners
        self._checked_out = checked_out
        self._runs: dict[str, str] = {}

    def of(self, relic: Relic) -> str:
        """Return who uses it; empty where nobody does."""
        if relic.ref in self._checked_out:
            return f"checked out in {self._checked_out[relic.ref]}"
        if relic.run is not None and (busy := self._of_run(relic.run)):
            return busy
        for path in relic.paths:
            for pid, folder in self._dwellers.items():
                if folder == str(path) or folder.startswith(f"{path}{os.sep}"):
                    return f"process {pid} works in it"
        return ""

    def _of_run(self, run: str) -> str:
        if run not in self._runs:
            self._runs[run] = self._look_at(run)
        return self._runs[run]

    def _look_at(self, run: str) -> str:
        if self._owners.is_owned(run):
            return f"run {run} has a living owner"
        alive = any(AttemptFolder(path).liveness() is Liveness.RUNNING for path in self._attempts(run))
        return f"an attempt of run {run} is alive" if alive else ""

    def _attempts(self, run: str) -> Iterator[Path]:
        """Every folder with a lock of its own is somebody's: an attempt's, a check's, a gate's."""
        for parent, _, names in os.walk(self._state / "runs" / run):
            if "lock" in names:
                yield Path(parent)

    @cached_property
    def _dwellers(self) -> dict[int, str]:
        """Where processes are at home, as far as this system tells; the locks of attempts tell it everywhere."""
        found = {}
        proc = Path("/proc")
        for name in os.listdir(proc) if proc.is_dir() else []:  # noqa: PTH208 - only the names
            if name.isdigit():
                try:
                    found[int(name)] = os.readlink(proc / name / "cwd")  # noqa: PTH115 - as text
                except OSError:
                    continue
        return found
