"""Merging in memory: three dictionaries of files (path -> content) and one answer."""

from __future__ import annotations

from collections.abc import Mapping

Files = Mapping[str, str]


def merged(base: Files, left: Files, right: Files) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what both sides made of `base`, and the files they changed differently, in which both stand marked."""
    union: dict[str, str] = {}
    clashing = []
    for path in sorted({*left, *right}):
        ours, theirs, old = left.get(path), right.get(path), base.get(path)
        content = theirs if ours == old else ours
        if ours != theirs and old not in (ours, theirs):
            clashing.append(path)
            content = f"<<<<<<< left\n{ours or ''}\n=======\n{theirs or ''}\n>>>>>>> right\n"
        if content is not None:
            union[path] = content
    return union, tuple(clashing)


def is_marked(content: str) -> bool:
    """Return whether a conflict is left in a file."""
    return any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in content.splitlines())
