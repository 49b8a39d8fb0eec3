"""What a person may choose about workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """The `workspace:` section of the configuration; paths are relative to the project and to each workspace.

    `copy` and `link` bring files along that Git does not hold, `cache` names what survives from one task to the next,
    `setup` and `teardown` are shell commands. Files over `file_limit_bytes`, and more than `files_limit` new files in
    one attempt, are refused, and so are changed files that hold the value of one of `secrets` (name -> value).
    """

    copy: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    cache: tuple[str, ...] = ()
    setup: str | None = None
    teardown: str | None = None
    setup_on_new_base: bool = False
    setup_timeout_s: float = 600.0
    git_timeout_s: float = 600.0
    file_limit_bytes: int = 100 * _MIB
    files_limit: int = 50_000
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
