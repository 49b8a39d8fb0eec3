"""What YAML's own parser complains of, in words that say what to do."""

from __future__ import annotations

import yaml

from fusion_kit.definitions.tree.bounds import Unreadable

_INDENTATION = "this line does not fit the indentation of the lines above it"
_SAYINGS = (
    ("mapping values are not allowed", 'a ":" cannot stand here; mend the indentation, or quote text that holds ": "'),
    ("could not find expected ':'", 'this key has no ":" behind it, or a quote before it was never closed'),
    ("did not find expected key", _INDENTATION),
    ("did not find expected '-' indicator", _INDENTATION),
    ("expected <block end>", _INDENTATION),
    ("did not find expected ','", 'this "{" or "[" is not closed, or a value such as ${{ }} inside it needs quotes'),
    ("found unexpected end of stream", "a quote was opened and never closed"),
    ("found unexpected document indicator", "a quote was opened and never closed"),
    ("did not find expected <document start>", "the file goes on behind its last value"),
    ("did not find expected node content", "a value is missing here, or it begins with a character that needs quotes"),
    ("unknown escape character", 'a backslash in double quotes needs another one: write "\\\\", or use single quotes'),
    ("undefined tag handle", 'text that begins with "!" needs quotes'),
    ("while scanning a tag", 'text that begins with "!" needs quotes'),
    ("while parsing a tag", 'text that begins with "!" needs quotes'),
    ("block sequence entries are not allowed", 'a "-" cannot stand here; put the list on lines of its own'),
)


def translated(error: yaml.YAMLError, text: str) -> Unreadable:
    """Return what the parser says about `text` as one of our own complaints."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        if error.context_mark is not None and mark.index >= len(text.rstrip()):
            mark = error.context_mark  # where it was opened says more than where the file ends
        said = f"{error.context or ''} {error.problem or ''}"
        return Unreadable(mark.line, mark.column, "yaml-syntax", _saying(said, text[mark.index : mark.index + 1]))
    position = getattr(error, "position", 0)
    before = text[: position if isinstance(position, int) else 0]
    reason = f"a character that YAML does not allow: {getattr(error, 'reason', None) or 'it cannot be read'}"
    return Unreadable(before.count("\n"), len(before) - before.rfind("\n") - 1, "yaml-syntax", reason)


def _saying(said: str, character: str) -> str:
    if "cannot start any token" in said:
        if character == "\t":
            return "a tab cannot indent a line or begin a value; use spaces"
        return f'a value cannot begin with "{character}"; put it in quotes'
    known = next((ours for theirs, ours in _SAYINGS if theirs in said), None)
    return known or said.strip() or "this is not YAML"
