"""Text in Markdown that stays text: nothing an agent wrote becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fusion_kit.cli.style import harmless

_MARKUP = re.compile(r"""[!"#$%&'*+;<=>?@\[\\\]^_`{|}~]|(?<=[wW]{3})\.|:(?! )""")


def plain(text: str) -> str:
    """Return `text` as one line in which every character stands for itself."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", " ".join(harmless(text).split()))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; its cells are Markdown already."""
    return [_row(titles), _row(["---"] * len(titles)), *map(_row, rows)]


def block(lines: Sequence[str], language: str = "") -> list[str]:
    """Return the lines as a fenced block which none of them can end."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *lines, fence]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
