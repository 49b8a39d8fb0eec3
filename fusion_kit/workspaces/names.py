"""The one place where names are checked before Git sees them."""

from __future__ import annotations

import re

from fusion_kit.workspaces.errors import BadName

OWN = "refs/fusion-kit"  # refs of ours that no branch listing shows

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PART = re.compile(r"(?![.-])[^\x00-\x20\x7f~^:?*\[\\]+(?<!\.)(?<!\.lock)")


def commit_name(name: str) -> str:
    """Return `name`, or raise `BadName` if it is not a full object id."""
    if not _COMMIT.fullmatch(name):
        raise BadName(kind="commit", name=name)
    return name


def ref_name(name: str) -> str:
    """Return the full name of a branch or ref, or raise `BadName`."""
    full = name if name.startswith("refs/") else f"refs/heads/{name}"
    sound = all(_PART.fullmatch(part) for part in full.split("/")) and ".." not in full and "@{" not in full
    if not sound or full.count("/") < 2 or full == "refs/heads/HEAD":
        raise BadName(kind="branch", name=name)
    return full


def salvage_prefix(run: str, node: str) -> str:
    """Return the folder of refs that hold what a node's attempts left."""
    return ref_name(f"{OWN}/salvage/{run}/{node}")


def pin_ref(agent: str) -> str:
    """Return the ref that keeps an agent's base from being collected."""
    return ref_name(f"{OWN}/pin/{agent}")
