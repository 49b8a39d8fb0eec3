"""What `doctor` found, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fusion_kit.cli.answers import Finding
from fusion_kit.cli.style import bold, green, red, yellow

_COLOURS: dict[str, Callable[[str], str]] = {"ok": green, "warning": yellow, "error": red}


def finding_item(finding: Finding) -> dict[str, str]:
    """Return a finding as JSON tells it."""
    return {"level": finding.level, "subject": finding.subject, "text": finding.text, "hint": finding.hint}


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield one line for each finding, its way out below it."""
    for finding in findings:
        colour = _COLOURS.get(finding.level, str)
        yield f"{colour(finding.level)} {bold(finding.subject)}: {finding.text}"
        if finding.hint:
            yield f"  {finding.hint}"
