"""What the command line asks of the store of secrets, in its own words."""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    """The secrets of one repository."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret durably; raises `UsageError` for what cannot be one."""
        ...

    def remove(self, name: str) -> None:
        """Forget a secret; raises `UsageError` where there is none."""
        ...

    def names(self) -> dict[str, str]:
        """Return when each secret was set, by name."""
        ...
