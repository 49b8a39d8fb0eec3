"""Opening a file: bytes to a tree and a report, whatever is wrong with them."""

from __future__ import annotations

from pathlib import PurePosixPath

from fusion_kit.core.ids import ID
from fusion_kit.definitions.shapes.report import Report
from fusion_kit.definitions.source import Source
from fusion_kit.definitions.tree.bounds import Unreadable
from fusion_kit.definitions.tree.node import Mapping, Node, described
from fusion_kit.definitions.tree.reading import decoded, read


def opened(source: Source, path: str, what: str) -> tuple[Mapping | None, Report]:
    """Return the mapping a file holds, or None, and a report with what is wrong so far."""
    root, report = any_document(source, path, what)
    if root is None or isinstance(root, Mapping):
        return root, report
    report.add(root, "type", f"{what} must be a mapping, not {described(root)}")
    return None, report


def any_document(source: Source, path: str, what: str) -> tuple[Node | None, Report]:
    """Return the tree of a file, or None, and a report with what is wrong so far."""
    report = Report(path)
    try:
        data = source.read(path)
    except OSError as error:
        reason = (error.strerror or "it is not there").lower()
        report.add_at(0, 0, "file", f"{what} cannot be read: {reason}")
        return None, report
    try:
        found = read(data)
    except Unreadable as stop:
        report.text = _text(data)
        report.add_at(stop.line, stop.column, stop.code, stop.message, end=stop.end)
        return None, report
    report.text = found.text
    for flaw in found.flaws:
        report.add_at(flaw.line, flaw.column, flaw.code, flaw.message, end=flaw.end)
    if found.root is None:
        report.add_at(0, 0, "empty", f"{what} is empty")
    return found.root, report


def _text(data: bytes) -> str:
    if b"\0" in data[:4]:
        return ""
    try:
        return decoded(data)
    except Unreadable:
        return data[: 1 << 20].decode("utf-8", "replace")


def own_name(path: str, values: dict[str, object], what: str, report: Report) -> str:
    """Return the name a file gives itself, or that of the file; complains if neither is an id."""
    given = values.get("name")
    if isinstance(given, str):
        return given
    stem = PurePosixPath(path).stem
    if not ID.fullmatch(stem) and not any(problem.code == "id" for problem in report.problems):
        report.add_at(0, 0, "id", f'{what} has no `name`, and that of its file, "{stem}", is no id')
    return stem
