"""Ids and the names of a run's nodes: one choke point for everything that becomes a path or a ref."""

from __future__ import annotations

import hashlib
import re

from fusion_kit.core.errors import BadId

ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
NODE = re.compile(r"[a-z0-9][a-z0-9_.@~-]{0,199}")

_WORKFLOW_LENGTH = 48
_SLUG_LENGTH = 40
_NOT_SLUG = re.compile(r"[^a-z0-9_-]+")


def checked(kind: str, name: str) -> str:
    """Return `name`, or raise `BadId` if it is not an id."""
    if not ID.fullmatch(name):
        raise BadId(kind=kind, name=name)
    return name


def checked_node(name: str) -> str:
    """Return `name`, or raise `BadId` if it cannot be the name of a node: one path component."""
    if not NODE.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise BadId(kind="node", name=name)
    return name


def slug(text: str) -> str:
    """Return `text` as an id: case-folded, with a hash of the original behind it where anything was altered."""
    plain = _NOT_SLUG.sub("-", text.casefold()).strip("-_")[:_SLUG_LENGTH]
    if plain == text and plain:
        return plain
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{plain}-{digest}" if plain else digest


def run_id(workflow: str, day: str, chance: str) -> str:
    """Return the id of a run: `<workflow>-<yyyymmdd>-<6 base32>`."""
    return checked("run", f"{workflow[:_WORKFLOW_LENGTH]}-{day}-{chance}")


def inner(parent: str, task: str) -> str:
    """Return the node of a task inside a sub-workflow."""
    return checked_node(f"{parent}.{task}") if parent else checked_node(task)


def item(node: str, key: str) -> str:
    """Return the node of one matrix item, named by its key."""
    return checked_node(f"{node}@{slug(key)}")


def iteration(node: str, number: int) -> str:
    """Return the node of one turn of a `repeat`, counted from 1."""
    return checked_node(f"{node}~{number}")


def agent_instance(name: str, number: int) -> str:
    """Return the id of the `number`-th instance of the agent `name`, counted from 1."""
    return checked("agent", f"{name}-{number}")
