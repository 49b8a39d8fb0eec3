"""The program that owns an agent's process tree: `python -I -S shim.py FOLDER LOCKFD`, its spec on standard input."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Appended, so that no file of ours can shadow the standard library; imported, so that its bytecode is cached.
    sys.path.append(__file__.rsplit("/", 3)[0])
    from fusion_kit.processes.supervision import supervise

    supervise(sys.argv[1], int(sys.argv[2]))
    os._exit(0)  # everything is on disk; taking the interpreter apart would cost whoever waits some milliseconds
