"""Where a part of a text stands in its file."""

from __future__ import annotations

from fusion_kit.definitions.shapes.report import Report
from fusion_kit.definitions.tree.node import Scalar


def complain(
    report: Report, node: Scalar, span: tuple[int, int], code: str, message: str, suggestion: str | None = None
) -> None:
    """Note a problem at a span of characters of a scalar's text."""
    start, end = span
    if start >= len(node.text):  # something is missing at the end
        start, end = len(node.text.rstrip()) - 1, len(node.text)
    snippet = node.text[start:end].split("\n", 1)[0]
    position = _find(report.text, node, snippet, start)
    if position < 0:
        report.add(node, code, message, suggestion)
        return
    column = position - (report.text.rfind("\n", 0, position) + 1)
    line = node.line + report.text.count("\n", node.index, position)
    report.add_at(line, column, code, message, suggestion, end=column + len(snippet))


def _find(text: str, node: Scalar, snippet: str, start: int) -> int:
    """Return where the snippet stands in the file: the same occurrence as in the scalar's text, or -1."""
    if not snippet:
        return -1
    position = node.index - 1
    for _ in range(node.text.count(snippet, 0, start + len(snippet) - 1) + 1):
        position = text.find(snippet, position + 1)
        if position < 0:
            return -1
    return position
