"""Print the sizes of functions and files, and fail where one is over the line.

A function's size is its lines from `def` to its end without its docstring; a function that is only a docstring or
`...` (a Protocol's method) is a signature and is not counted. A file's size is its lines.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "fusion_kit"
ROOMS = (PACKAGE, "tests", "tools", "benchmarks")

MAX_FUNCTION_LINES = 50
MAX_FILE_LINES = 300
MAX_MEDIAN_LINES = 8  # of the package's functions
MAX_P90_LINES = 25

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Size:
    """How many lines something has, and where it is."""

    lines: int
    place: str


@dataclass(frozen=True, slots=True)
class Room:
    """The sizes of one top-level folder."""

    name: str
    functions: tuple[Size, ...]
    files: tuple[Size, ...]


def measured(root: Path, name: str) -> Room:
    """Return the sizes of every Python file below `root/name`."""
    functions: list[Size] = []
    files: list[Size] = []
    for path in sorted((root / name).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(root).as_posix()
        files.append(Size(text.count("\n"), place))
        functions += [Size(function_lines(node), f"{place}:{node.lineno} {node.name}") for node in _functions(text)]
    return Room(name, tuple(functions), tuple(files))


def _functions(text: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function) and not _is_signature(node):
            yield node


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _is_signature(node: Function) -> bool:
    return all(_is_docstring(line) or _is_ellipsis(line) for line in node.body)


def function_lines(node: Function) -> int:
    """Return a function's lines from `def` to its end, its docstring not counted."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if _is_docstring(first):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def p90(sizes: list[int]) -> int:
    """Return the smallest size that nine tenths of `sizes` do not exceed."""
    return sorted(sizes)[-(-9 * len(sizes) // 10) - 1] if sizes else 0


def complaints(rooms: list[Room]) -> list[str]:
    """Return one sentence for each break of a limit; the median and the 90th percentile bind the package alone."""
    found = []
    for room in rooms:
        found += [
            f"{size.place}: {size.lines} lines, a function may have {MAX_FUNCTION_LINES}"
            for size in room.functions
            if size.lines > MAX_FUNCTION_LINES
        ]
        found += [
            f"{size.place}: {size.lines} lines, a file may have {MAX_FILE_LINES}"
            for size in room.files
            if size.lines > MAX_FILE_LINES
        ]
        if room.name == PACKAGE and room.functions:
            found += _shape(room)
    return found


def _shape(room: Room) -> list[str]:
    lines = [size.lines for size in room.functions]
    found = []
    if median(lines) > MAX_MEDIAN_LINES:
        found.append(f"{room.name}: the median function has {median(lines):g} lines, it may have {MAX_MEDIAN_LINES}")
    if p90(lines) > MAX_P90_LINES:
        found.append(f"{room.name}: the 90th percentile is {p90(lines)} lines, it may be {MAX_P90_LINES}")
    return found


def table(rooms: list[Room]) -> str:
    """Return the sizes as a table for people."""
    head = f"{'lines':<12}{'functions':>10}{'median':>8}{'p90':>6}{'max':>6}{'files':>8}{'median':>8}{'max':>6}"
    return "\n".join([head, *(_row(room) for room in rooms if room.files)])


def _row(room: Room) -> str:
    functions = [size.lines for size in room.functions] or [0]
    files = [size.lines for size in room.files]
    left = f"{room.name:<12}{len(room.functions):>10}{median(functions):>8g}{p90(functions):>6}{max(functions):>6}"
    return f"{left}{len(files):>8}{median(files):>8g}{max(files):>6}"


def main(root: Path = ROOT) -> int:
    """Print the table and the breaks; return 1 if there is a break."""
    rooms = [measured(root, name) for name in ROOMS]
    print(table(rooms))
    found = complaints(rooms)
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
