"""From bytes to nodes in one pass over the parser's events; every bound holds before anything is built on."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from fusion_kit.definitions.source import LIMIT_BYTES
from fusion_kit.definitions.tree.bounds import DEPTH, EVENTS, Footprint, Size, Unreadable
from fusion_kit.definitions.tree.complaints import translated
from fusion_kit.definitions.tree.node import Mapping, Node, Plain, Scalar, Sequence
from fusion_kit.definitions.tree.scalars import NotFinite, resolved

Event = Any  # the stubs say that a mark may be missing; those of a parser never are

_CORE = "tag:yaml.org,2002:"
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Read:
    """A file that was read: its text, its tree, and what is wrong with it without making it unreadable."""

    text: str
    root: Node | None
    flaws: list[Unreadable]


def read(data: bytes) -> Read:
    """Return the tree of a YAML file; raises `Unreadable`."""
    text = decoded(data)
    builder = _Builder()
    try:
        for number, event in enumerate(_events(text)):
            if number >= EVENTS:
                raise Unreadable(event.start_mark.line, event.start_mark.column, "yaml-bomb", _TOO_MANY)
            builder.take(event)
    except yaml.YAMLError as error:
        raise translated(error, text) from None
    return Read(text, builder.root, builder.flaws)


_TOO_MANY = f"the file has more than {EVENTS:,} parts"


def _events(text: str) -> Iterator[Event]:
    """As `yaml.parse`, with half the calls."""
    loader = _FAST(text)
    try:
        while (event := loader.get_event()) is not None:
            yield event
    finally:
        loader.dispose()


def decoded(data: bytes) -> str:
    """Return the text of a file, without a byte order mark; raises `Unreadable`."""
    if len(data) > LIMIT_BYTES:
        raise Unreadable(0, 0, "yaml-bomb", "the file is larger than 16 MiB")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(0, 0, "yaml-encoding", "the file is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        raise Unreadable(line, column, "yaml-encoding", "the file is not UTF-8 from here on") from None


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being read."""

    node: Sequence | Mapping
    anchor: str | None
    nodes_before: int
    characters_before: int
    deepest: int
    key: Scalar | None = None  # of the value that comes next
    skips: bool = False  # the value that comes next belongs to a refused key


@dataclass(slots=True)
class _Builder:
    root: Node | None = None
    flaws: list[Unreadable] = field(default_factory=list)
    size: Size = field(default_factory=Size)
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Node, Footprint | None]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take the next event of the parser."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._begin(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent and self.root is not None:
            raise _at(event, "yaml-documents", "a file holds one document; put this one into a file of its own")

    def _scalar(self, event: Event) -> None:
        start, end = event.start_mark, event.end_mark
        text: str = event.value
        self.size.nodes += 1
        self.size.characters += len(text)
        if event.tag and event.tag.startswith("!") and event.tag != "!":
            self._refuse_tag(event)
            text = f"{event.tag} {text}".strip()  # probably an expression that needs quotes
            value: Plain = text
        else:
            value = self._value(event, text)
        node = Scalar(text, value, start.line, start.column, end.line, end.column, start.index)
        if event.anchor:
            self.anchors[event.anchor] = (node, Footprint(1, len(text), 0))
        self._place(node)

    def _value(self, event: Event, text: str) -> Plain:
        if event.tag not in (None, "!", f"{_CORE}str"):
            self._refuse_tag(event)
            return text
        if not event.implicit[0]:  # quoted, or a block, or tagged as text
            return text
        try:
            return _meaning(text)
        except NotFinite:
            self.flaws.append(
                _at(event, "yaml-number", f"{text[:40]} is not a number JSON can hold; quote it if it is text")
            )
            return text

    def _refuse_tag(self, event: Event) -> None:
        tag = str(event.tag).replace(_CORE, "!!")
        way_out = (
            'text that begins with "!" needs quotes' if not tag.startswith("!!") else "YAML tags are not used here"
        )
        self.flaws.append(_at(event, "yaml-tag", f'"{tag[:40]}" is read as a YAML tag; {way_out}'))

    def _begin(self, event: Event) -> None:
        mark = event.start_mark
        if len(self.open) >= DEPTH:
            raise Unreadable(mark.line, mark.column, "yaml-bomb", f"the file is nested deeper than {DEPTH} levels")
        frame = _Open(
            Mapping(mark.line, mark.column)
            if type(event) is yaml.MappingStartEvent
            else Sequence(mark.line, mark.column),
            event.anchor,
            self.size.nodes,
            self.size.characters,
            len(self.open) + 1,
        )
        self.size.nodes += 1
        if event.tag not in (None, "!", f"{_CORE}map", f"{_CORE}seq"):
            self._refuse_tag(event)
        if event.anchor:
            self.anchors[event.anchor] = (frame.node, None)
        self._place(frame.node)
        self.open.append(frame)

    def _end(self) -> None:
        frame = self.open.pop()
        if frame.anchor:
            nodes, characters = self.size.nodes - frame.nodes_before, self.size.characters - frame.characters_before
            footprint = Footprint(nodes, characters, frame.deepest - len(self.open))
            self.anchors[frame.anchor] = (frame.node, footprint)
        if self.open:
            self.open[-1].deepest = max(self.open[-1].deepest, frame.deepest)

    def _alias(self, event: Event) -> None:
        name = event.anchor
        node, footprint = self.anchors.get(name, (None, None))
        if node is None:
            raise _at(event, "yaml-alias", f'there is no anchor "{name[:40]}" above this line')
        if footprint is None:
            raise _at(event, "yaml-alias", f'"*{name[:40]}" stands inside what it names')
        mark = event.start_mark
        self.size.grow(footprint.nodes, footprint.characters, mark.line, mark.column)
        deepest = len(self.open) + footprint.height
        if deepest > DEPTH:
            raise _at(
                event, "yaml-bomb", f"the file is nested deeper than {DEPTH} levels once its aliases are expanded"
            )
        if self.open:
            self.open[-1].deepest = max(self.open[-1].deepest, deepest)
        self._place(node)

    def _place(self, node: Node) -> None:
        """Put a node where it belongs: at the root, into the list, or as the key or value of the mapping."""
        if not self.open:
            self.root = node
            return
        frame = self.open[-1]
        parent, key = frame.node, frame.key
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif frame.skips:
            frame.skips = False
        elif key is None:
            self._key(frame, parent, node)
        else:
            parent.keys[key.text] = key
            parent.values[key.text] = node
            frame.key = None

    def _key(self, frame: _Open, parent: Mapping, node: Node) -> None:
        flaw = self._key_flaw(parent, node)
        if flaw:
            self.flaws.append(flaw)
            frame.skips = True
        elif isinstance(node, Scalar):
            frame.key = node

    def _key_flaw(self, parent: Mapping, node: Node) -> Unreadable | None:
        if not isinstance(node, Scalar) or not node.text:
            return _flaw(node, "yaml-key", 'a key must be text; quote a value that begins with "{" or "["')
        if node.text == "<<" and node.end_column - node.column == len("<<"):
            return _flaw(
                node, "merge-key", 'the merge key "<<" is not used here; write the keys out, or use `defaults`'
            )
        if node.text in parent.values:
            first = parent.keys[node.text].line + 1
            return _flaw(node, "duplicate-key", f'the key "{node.text[:40]}" is here twice; first in line {first}')
        return None


def _flaw(node: Node, code: str, message: str) -> Unreadable:
    end = node.end_column if isinstance(node, Scalar) and node.end_line == node.line else None
    return Unreadable(node.line, node.column, code, message, end)


@functools.lru_cache(maxsize=4096)
def _meaning(text: str) -> Plain:
    return resolved(text)


def _at(event: Event, code: str, message: str) -> Unreadable:
    start, end = event.start_mark, event.end_mark
    return Unreadable(start.line, start.column, code, message, end.column if end.line == start.line else None)
