"""Secret values: every form in which one may be printed, what masks them, and which of them a file gives away."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

SHORTEST = 8
MASK = "***"


def forms(value: str) -> set[str]:
    """Return a secret as programs print it: as it is, line by line, in Base64, percent-encoded, in JSON.

    A line of fewer than 8 characters is no form: masking it would mask half of what is printed.
    """
    return {form for part in _parts(value) for form in _encoded(part) if len(form) >= SHORTEST}


def masker(values: Iterable[str]) -> Callable[[str], str]:
    """Return what replaces every form of every secret in a text by `***`, the longest first.

    The text must hold whole lines: a form that is cut in two is not known again.
    """
    found = sorted({form for value in values for form in forms(value)}, key=lambda form: (-len(form), form))
    if not found:
        return lambda text: text
    pattern = re.compile("|".join(re.escape(form) for form in found))
    return lambda text: pattern.sub(MASK, text)


def leaks(files: Mapping[str, bytes], secrets: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the files (path -> content) that hold secrets (name -> value) in any form, each with their names."""
    known = {name: [form.encode("utf-8", "surrogateescape") for form in forms(secrets[name])] for name in secrets}
    found = {
        path: tuple(name for name in sorted(known) if any(form in content for form in known[name]))
        for path, content in sorted(files.items())
    }
    return {path: names for path, names in found.items() if names}


def _parts(value: str) -> Iterator[str]:
    yield value
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        yield "\n".join(lines)
        yield "\r\n".join(lines)
        yield from (line for line in lines if len(line) >= SHORTEST)


def _encoded(part: str) -> Iterator[str]:
    yield part
    yield part.replace("'", "'\\''")  # a shell's `set -x`
    yield from _in_json(part)
    for encoded in (quote(part, safe="", errors="replace"), quote(part, errors="replace"), _plus(part)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
    for encoded in _in_base64(part.encode("utf-8", "surrogateescape")):
        yield encoded
        yield encoded.translate(str.maketrans("+/", "-_"))


def _plus(part: str) -> str:
    return quote_plus(part, errors="replace")


def _in_json(part: str) -> Iterator[str]:
    """In a string of JSON, and in a string of JSON inside of one, as agents print what their tools printed."""
    for is_ascii in (True, False):
        once = json.dumps(part, ensure_ascii=is_ascii)[1:-1]
        yield once
        yield once.replace("/", "\\/")
        yield json.dumps(once, ensure_ascii=is_ascii)[1:-1]


def _in_base64(data: bytes) -> Iterator[str]:
    """Alone, with its padding and without; and as the part of a longer text that no neighbour alters."""
    whole = base64.b64encode(data).decode("ascii")
    yield whole
    yield whole.rstrip("=")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode("ascii").rstrip("=")
        first = -(-before * 8 // 6)
        yield encoded[first : (before + len(data)) * 8 // 6]
