"""The control: a merger as one writes it in an evening. It merges in the checkout, asks the gate, and tidies up.

`python naive_merger.py CHECKOUT GATE` merges every branch `task-*` into the branch that is checked out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def _git(checkout: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=checkout, check=True, capture_output=True, text=True).stdout


def main(checkout: Path, gate: str) -> None:
    """Merge first and ask then; what breaks the gate is taken back, and everything else is deleted."""
    branches = _git(checkout, "for-each-ref", "--format=%(refname:short)", "refs/heads/task-*").split()
    for branch in branches:
        before = _git(checkout, "rev-parse", "HEAD").strip()
        _git(checkout, "merge", "-q", "--no-edit", branch)
        if subprocess.run(["sh", "-c", gate], cwd=checkout, check=False).returncode:
            _git(checkout, "reset", "-q", "--hard", before)
    for branch in branches:
        _git(checkout, "worktree", "remove", "--force", f"workspaces/{branch}")
        _git(checkout, "branch", "-q", "-D", branch)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
