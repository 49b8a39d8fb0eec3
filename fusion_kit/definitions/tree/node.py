"""The nodes of a YAML file; lines and columns count from 0, as the parser tells them."""

from __future__ import annotations

from dataclasses import dataclass, field

Plain = None | bool | int | float | str


@dataclass(slots=True, eq=False)
class Scalar:
    """A value without parts; `text` is as written (without quotes), `value` what YAML 1.2 means by it."""

    text: str
    value: Plain
    line: int
    column: int
    end_line: int
    end_column: int
    index: int = 0  # characters before it in the file


@dataclass(slots=True, eq=False)
class Sequence:
    """A list."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys and values in the order of the file; `keys` has the node of each key."""

    line: int
    column: int
    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> object:
    """Return the node as ordinary lists, dicts and scalars; aliases share what they name."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.values.items()}


def at(node: Node, *path: str | int) -> Node | None:
    """Return the node at a path of keys and indexes, or None where there is none."""
    here: Node | None = node
    for step in path:
        if isinstance(here, Mapping) and isinstance(step, str):
            here = here.values.get(step)
        elif isinstance(here, Sequence) and isinstance(step, int) and step < len(here.items):
            here = here.items[step]
        else:
            return None
    return here


def described(node: Node) -> str:
    """Return what a node is, for a sentence such as `must be text, not a list`."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    if node.value is None:
        return "nothing" if not node.text else "null"
    if isinstance(node.value, bool):
        return f"the boolean {node.text}"
    if isinstance(node.value, int | float):
        return f"the number {node.text[:40]}"
    first = node.text.split("\n", 1)[0]
    return f'"{first[:40]}"' if first == node.text and len(first) <= 40 else f'"{first[:37]}..."'
