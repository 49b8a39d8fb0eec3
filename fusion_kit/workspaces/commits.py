"""Commits read and written as the bytes they are: nothing of the machine's clock or of anybody's identity gets in."""

from __future__ import annotations

from dataclasses import dataclass

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.frozen import IDENTITY

_US = f"{IDENTITY['user.name']} <{IDENTITY['user.email']}>".encode()


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; `author` is its whole line, with the date, and `encoding` that of the message where it says one."""

    name: str
    tree: str
    parents: tuple[str, ...]
    author: bytes
    committed_s: int  # since the epoch
    message: bytes
    encoding: bytes | None = None


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits of a place."""

    git: Git
    place: Place

    def read(self, name: str) -> Commit:
        """Return a commit; raises `GitFailed` where there is none."""
        head, _, message = self.git.run(self.place, "cat-file", "commit", name).out.partition(b"\n\n")
        fields: dict[bytes, list[bytes]] = {}
        for line in head.split(b"\n"):
            key, _, value = line.partition(b" ")
            fields.setdefault(key, []).append(value)
        parents = tuple(parent.decode() for parent in fields.get(b"parent", []))
        committed_s = int(fields[b"committer"][0].rsplit(b" ", 2)[1])
        encoding = fields.get(b"encoding", [None])[0]
        return Commit(name, fields[b"tree"][0].decode(), parents, fields[b"author"][0], committed_s, message, encoding)

    def write(
        self,
        tree: str,
        parent: Commit,
        dated_s: int,
        *,
        message: bytes,
        author: bytes | None = None,
        encoding: bytes | None = None,
    ) -> Commit:
        """Write a commit of ours on `parent`, never dated before it; the author is us unless it is another's work."""
        committed_s = max(dated_s, parent.committed_s)
        by_us = b"%s %d +0000" % (_US, committed_s)
        lines = [b"tree " + tree.encode(), b"parent " + parent.name.encode()]
        lines += [b"author " + (author or by_us), b"committer " + by_us]
        lines += [b"encoding " + encoding] if encoding else []
        raw = b"\n".join(lines) + b"\n\n" + message
        name = self.git.run(self.place, "hash-object", "-t", "commit", "-w", "--stdin", stdin=raw).text
        return Commit(name, tree, (parent.name,), author or by_us, committed_s, message, encoding)
