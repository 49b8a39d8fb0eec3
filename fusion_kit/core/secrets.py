"""Secret values: every form in which one may be printed, what masks them, and which of them a file gives away."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote, quote_plus

SHORTEST = 8
MASK = "***"


def forms(value: str) -> set[str]:
    """Return a secret as programs print it: as it is, line by line, in Base64, percent-encoded, in JSON.

    A line of fewer than 8 characters is no form: masking it would mask half of what is printed.
    """
    return {form for part in _parts(value) for form in _encoded(part) if len(form) >= SHORTEST}


class Mask:
    """Replaces every form of every secret by `***`, the longest first."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Know these secrets."""
        found = {form for value in values for form in forms(value)}
        self._forms = sorted(found, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if found else None

    def __call__(self, text: str) -> str:
        """Return `text` masked; it must hold whole lines, because a form that is cut in two is not known again."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def value(self, value: object) -> object:
        """Return a JSON value with every text in it masked, names included."""
        if self._pattern is None:
            return value
        match value:
            case str():
                return self(value)
            case Mapping():
                return {self(str(name)): self.value(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self.value(inner) for inner in value]
        return value

    def stream(self) -> MaskedStream:
        """Return what masks bytes that come in pieces."""
        return MaskedStream([form.encode("utf-8", "surrogateescape") for form in self._forms])


class MaskedStream:
    """Bytes in, masked bytes out; what may be the beginning of a secret is held back until it is known."""

    def __init__(self, forms: Sequence[bytes]) -> None:
        """Mask these, which stand in the order of preference."""
        self._forms = forms
        self._pattern = re.compile(b"|".join(map(re.escape, forms))) if forms else None
        self._held = b""

    def feed(self, piece: bytes, *, final: bool = False) -> bytes:
        """Return what is sure by now; with `final` all that is left."""
        if self._pattern is None:
            return piece
        self._held += piece
        end = len(self._held) if final else self._sure()
        sure, self._held = self._held[:end], self._held[end:]
        return self._pattern.sub(MASK.encode(), sure)

    def _sure(self) -> int:
        """Where the first secret begins that may be unfinished; no whole one is cut there."""
        assert self._pattern
        begun = self._begun()
        for found in self._pattern.finditer(self._held):
            if found.start() < begun < found.end():
                return found.start()
        return begun

    def _begun(self) -> int:
        size = len(self._held)
        for start in range(max(size - len(self._forms[0]) + 1, 0), size):
            tail = self._held[start:]
            if any(len(form) > len(tail) and form.startswith(tail) for form in self._forms):
                return start
        return size


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
