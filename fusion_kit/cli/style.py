"""Text for people: what agents wrote is made harmless, what we wrote may carry a colour.

A colour travels inside a text as a private-use character and becomes an escape sequence only when it is printed, after
everything else that could steer a terminal was taken out. The worst a hostile text can do is to be coloured.
"""

from __future__ import annotations

import re

_PLAIN = "\uf8d0"
_CODES = {_PLAIN: "0", "\uf8d1": "1", "\uf8d2": "2", "\uf8d3": "31", "\uf8d4": "32", "\uf8d5": "33", "\uf8d6": "36"}
_BOLD, _DIM, _RED, _GREEN, _YELLOW, _CYAN = list(_CODES)[1:]
_MARKS = re.compile(f"[{''.join(_CODES)}]")

_SEQUENCES = re.compile(
    r"(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\)?"  # OSC, DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI
    r"|\x1b[ -/]*[0-~]?"
)
_COMMANDS = re.compile(r"(?m)^[^\S\n]*::|##(?=\w*\[)")  # services take any white space for a blank
_BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_CONTROLS = dict.fromkeys([*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *_BIDI])


def bold(text: str) -> str:
    """Return `text` to be printed bold."""
    return _marked(_BOLD, text)


def dim(text: str) -> str:
    """Return `text` to be printed dim."""
    return _marked(_DIM, text)


def red(text: str) -> str:
    """Return `text` to be printed red."""
    return _marked(_RED, text)


def green(text: str) -> str:
    """Return `text` to be printed green."""
    return _marked(_GREEN, text)


def yellow(text: str) -> str:
    """Return `text` to be printed yellow."""
    return _marked(_YELLOW, text)


def cyan(text: str) -> str:
    """Return `text` to be printed cyan."""
    return _marked(_CYAN, text)


def _marked(mark: str, text: str) -> str:
    return f"{mark}{text}{_PLAIN}" if text else ""


def harmless(text: str) -> str:
    """Return `text` without anything that steers a terminal or reorders what is read; newlines and tabs stay."""
    return _SEQUENCES.sub("", text.replace("\r\n", "\n")).translate(_CONTROLS)


def last_overwrite(line: str) -> str:
    """Return what a terminal shows of one line of output: what follows its last carriage return, made harmless."""
    parts = [part for part in line.rstrip("\r\n").split("\r") if part.strip()]
    return harmless(_MARKS.sub("", parts[-1] if parts else ""))


def rendered(text: str, *, colour: bool) -> str:
    """Return `text` as it goes to a stream, with its colours or without."""
    return _MARKS.sub(lambda mark: f"\x1b[{_CODES[mark[0]]}m" if colour else "", harmless(text))


def no_command(text: str) -> str:
    """Return `text` so that no CI service takes a line of it for a command: `::error::`, `##[error]`, `##vso[...]`."""
    return _COMMANDS.sub(lambda found: f"{found[0][:-1]} {found[0][-1]}", text)


def width(text: str) -> int:
    """Return how many columns `text` takes up."""
    return len(_MARKS.sub("", text))


def clipped(text: str, columns: int) -> str:
    """Return an unstyled `text` cut to `columns`, with an ellipsis where something is missing."""
    return text if len(text) <= columns else text[: max(columns - 1, 0)] + "…"


def columns(rows: list[list[str]], gap: str = "  ") -> list[str]:
    """Return rows of cells as aligned lines without trailing blanks."""
    widths = [max((width(row[place]) for row in rows), default=0) for place in range(len(rows[0]) if rows else 0)]
    lines = (
        gap.join(cell + " " * (size - width(cell)) for cell, size in zip(row, widths, strict=True)) for row in rows
    )
    return [line.rstrip() for line in lines]
