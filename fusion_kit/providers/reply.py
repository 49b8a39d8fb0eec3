"""A structured answer inside a reply in prose: the last fenced block that is a JSON object."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fusion_kit.providers import strict_json

_OPENING = re.compile(r"\s*(?P<mark>`{3,}|~{3,})\s*(?P<language>[^\s`]*)[^`]*")
_LAST_FENCES = 64  # how far back the search goes: enough for any reply, and bounded for a hostile one


def last_object(text: str) -> dict[str, object] | None:
    """Return the object of the last closed block that holds one, fenced as `json` or as nothing; None without one."""
    lines = text.splitlines()
    fences = [number for number, line in enumerate(lines) if line.lstrip().startswith(("```", "~~~"))]
    for start in reversed(fences[-_LAST_FENCES:]):
        body = _body(lines, start, fences)
        found = strict_json.parsed_object(body) if body else None
        if found is not None:
            return found
    return None


def _body(lines: Sequence[str], start: int, fences: Sequence[int]) -> str | None:
    """Return what stands between the fence in line `start` and the one that closes it."""
    opening = _OPENING.fullmatch(lines[start])
    if opening is None or opening["language"].lower() not in ("", "json", "jsonc", "json5"):
        return None
    mark = opening["mark"]
    end = next((number for number in fences if number > start and _closes(lines[number], mark)), None)
    return None if end is None else "\n".join(lines[start + 1 : end])


def _closes(line: str, mark: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(mark) and set(bare) == {mark[0]}
