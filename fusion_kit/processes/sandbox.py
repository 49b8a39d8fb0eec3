"""The one place where a sandbox is put around a child."""

from __future__ import annotations

from collections.abc import Sequence

from fusion_kit.core.errors import UsageError


class SandboxUnavailable(UsageError):
    """The sandbox {sandbox!r} was asked for and is not available here."""

    hint = "Nothing was started. Set `sandbox: none` to run without one, knowing that agents may then do all you may."


def wrap(argv: Sequence[str], sandbox: str = "none") -> tuple[str, ...]:
    """Return the command line that runs `argv` inside `sandbox`; raises `SandboxUnavailable`, never runs without."""
    if sandbox != "none":
        raise SandboxUnavailable(sandbox=sandbox)
    return tuple(argv)
