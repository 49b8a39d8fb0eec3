"""Workflow commands as GitHub's runner reads them, and the fence behind which it reads none.

The runner takes a line for a command where it begins with `::`, blanks before that aside, or has `##[` anywhere. It
splits lines at carriage returns too, and compares a fence's token without regard to case.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence

from fusion_kit.cli.style import harmless

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def command(name: str, data: str = "", /, **properties: object) -> str:
    """Return a line that is the command `name`; properties that are None or empty are left out."""
    texts = {key: harmless(str(value)).strip() for key, value in properties.items() if value is not None}
    given = ",".join(f"{key}={text.translate(_PROPERTY)}" for key, text in texts.items() if text)
    return f"::{name}{' ' if given else ''}{given}::{harmless(data).translate(_DATA)}"


def mask(value: str) -> str:
    """Return the command that has the runner hide `value`, exactly as it is, in everything printed later."""
    return f"::add-mask::{value.translate(_DATA)}"


def title(text: str) -> str:
    """Return text as one line that a command may carry."""
    return " ".join(harmless(text).split())


def fenced(lines: Sequence[str], token: Callable[[], str] = lambda: secrets.token_hex(16)) -> Iterator[str]:
    """Yield harmless `lines` so that none of them is a command, whatever it says; the token is in none of them."""
    written = "\n".join(lines).lower()
    chosen = token()
    while chosen.lower() in written:
        chosen = token()
    yield f"::stop-commands::{chosen}"
    yield from lines
    yield f"::{chosen}::"
