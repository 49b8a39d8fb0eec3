"""Conflicts as Git writes them into files, for somebody to settle, and whether they are settled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fusion_kit.core.code import Marked
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.merging import Merger
from fusion_kit.workspaces.names import commit_name
from fusion_kit.workspaces.trusted import Trusted

_MARKER = re.compile(rb"^(?:<{7}|>{7}) ", re.MULTILINE)
_TEXT_BYTES = 8000  # as far as Git looks for a NUL byte


@dataclass(frozen=True, slots=True)
class Marker:
    """Merges whatever comes, and looks for what was left between markers."""

    git: Git
    trusted: Trusted
    merger: Merger

    def mark(self, parents: Mapping[str, str]) -> Marked:
        """Return one commit with all parents' (task -> commit) work, and every file in which some of it collided."""
        parts = self.merger.parts(parents)
        if len(parts) == 1:
            return Marked(parts[0].commit)
        commit, files = self.merger.marked(parts)
        return Marked(commit, files)

    def unresolved(self, commit: str, files: Sequence[str]) -> tuple[str, ...]:
        """Return those of `files` that hold markers in `commit`; what is gone, or no text, holds none."""
        names = list(dict.fromkeys(files))
        contents = self._contents(commit_name(commit), names)
        return tuple(name for name, content in zip(names, contents, strict=True) if _is_marked(content))

    def _contents(self, commit: str, files: Sequence[str]) -> Iterator[bytes]:
        stdin = b"".join(f"{commit}:{name}\0".encode("utf-8", "surrogateescape") for name in files)
        out = self.git.run(self.trusted.place(), "cat-file", "--batch", "-z", stdin=stdin).out
        for name in files:
            asked = f"{commit}:{name} missing\n".encode("utf-8", "surrogateescape")
            if out.startswith(asked):
                out = out.removeprefix(asked)
                yield b""
            else:
                head, _, rest = out.partition(b"\n")
                _, kind, size = head.split(b" ")
                yield rest[: int(size)] if kind == b"blob" else b""
                out = rest[int(size) + 1 :]


def _is_marked(content: bytes) -> bool:
    return b"\0" not in content[:_TEXT_BYTES] and _MARKER.search(content) is not None
