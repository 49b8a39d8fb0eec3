"""The grammar of $FUSION_OUTPUT: `name=value` lines and heredocs as in $GITHUB_OUTPUT, or one JSON object.

    version=1.2.3
    notes<<END
    any lines
    END

The first of `=` and `<<` in a line decides; a later definition of a name wins; blank lines are nothing. A file whose
first character is `{` is one JSON object, whose values keep their types; otherwise every value is text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fusion_kit.providers import strict_json
from fusion_kit.providers.errors import BadOutputFile
from fusion_kit.providers.recordings import tail_bytes

LIMIT_BYTES = 16 << 20


def read(path: Path) -> dict[str, object] | None:
    """Return what the file says; None if nothing was written. Raises `BadOutputFile`."""
    if not os.path.lexists(path):
        return None
    if path.is_symlink() or not path.is_file():
        raise BadOutputFile(reason="it is no longer a regular file")
    content = tail_bytes(path, LIMIT_BYTES + 1)
    if len(content) > LIMIT_BYTES:
        raise BadOutputFile(reason="it is larger than 16 MiB")
    text = content.decode("utf-8-sig", "replace")
    return values(text) if text.strip() else None


def values(text: str) -> dict[str, object]:
    """Return what `text` says in either form; raises `BadOutputFile`."""
    if text.lstrip().startswith("{"):
        return _document(text)
    return dict(definitions(text))


def _document(text: str) -> dict[str, object]:
    try:
        value = strict_json.parsed(text)
    except ValueError as error:
        raise BadOutputFile(reason=f"it begins like JSON, but {error}") from None
    assert isinstance(value, dict)
    return value


def definitions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of lines and heredocs, in order; raises `BadOutputFile`."""
    lines = enumerate(text.split("\n"), start=1)
    for number, raw in lines:
        line = raw.removesuffix("\r")
        if not line.strip():
            continue
        name, sign, rest = _split(line)
        if not name or not sign or (sign == "<<" and not rest):
            raise BadOutputFile(reason=f"line {number} is neither `name=value` nor `name<<END`: {line[:80]!r}")
        yield name, rest if sign == "=" else _heredoc(lines, number, rest)


def _split(line: str) -> tuple[str, str, str]:
    """Part a line at the first of its signs."""
    equals, heredoc = line.find("="), line.find("<<")
    sign = "<<" if heredoc >= 0 and (equals < 0 or heredoc < equals) else "="
    name, found, rest = line.partition(sign)
    return name.strip(), found, rest


def _heredoc(lines: Iterator[tuple[int, str]], start: int, end: str) -> str:
    """Return the lines before the one that is `end`, as they are; where lines end in CRLF the last one is no CR."""
    body: list[str] = []
    for _, line in lines:
        if line == end:
            return "\n".join(body)
        if line == f"{end}\r":
            return "\n".join(body).removesuffix("\r")
        body.append(line)
    raise BadOutputFile(reason=f"the text that begins in line {start} never ends: there is no line {end[:80]!r}")
