"""Keeps this process's memory, and the secrets in it, from children of the same user."""

from __future__ import annotations

import resource

from fusion_kit.processes.birth import prctl

_PR_SET_DUMPABLE = 4


def harden() -> bool:
    """Leave no core file and, on Linux, close /proc/<pid>/environ and mem to others; True if both were done.

    Popping a secret from `os.environ` is not enough: a child reads what the process was started with.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return prctl(_PR_SET_DUMPABLE, 0)
