"""Measure what was chosen, print it as Markdown, and with `--write` put it into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from benchmarks.table import heading

SUBJECTS = {
    "noop": "what the runner costs, beside loops, make, doit, Luigi and Snakemake",
    "startup": "--help and version beside `python -c pass` and a bare Typer app",
    "worktrees": "the next task's workspace beside `git worktree add`",
    "ledger": "appends from four processes beside plain fsync",
    "queries": "questions to a log of 1,000,000 events",
    "crowd": "memory and CPU with 100 agents alive",
}
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def _arguments(argv: list[str]) -> argparse.Namespace:
    lines = "\n".join(f"  {name:<10} {about}" for name, about in SUBJECTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, epilog=f"subjects:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer: does it still work?")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} too (only when all are measured)")
    chosen = parser.parse_args(argv)
    unknown = [name for name in chosen.subjects if name not in SUBJECTS]
    if unknown:
        parser.error(f"there is no subject {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    if chosen.write and (chosen.quick or chosen.subjects):
        parser.error("--write needs a full measurement: name no subject and leave out --quick")
    return chosen


def _measured(name: str, scratch: Path, *, quick: bool) -> list[str]:
    scratch.mkdir()
    subject = importlib.import_module(f"benchmarks.{name}")
    return [table.markdown() for table in subject.measure(scratch, quick=quick)]


def main(argv: list[str]) -> int:
    """Measure the chosen subjects one after the other, each printed when it is done, in a folder that is removed."""
    chosen = _arguments(argv)
    parts = [heading("make bench WRITE=1" if chosen.write else "python -m benchmarks")]
    print(parts[0], flush=True)
    with tempfile.TemporaryDirectory(prefix="fusion-bench-") as folder:
        for name in chosen.subjects or SUBJECTS:
            tables = _measured(name, Path(folder) / name, quick=chosen.quick)
            print(*tables, sep="\n", flush=True)
            parts += tables
    if chosen.write:
        PAGE.write_text("\n".join(parts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
