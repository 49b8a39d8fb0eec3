"""A person's terminal: a home, a current folder, a PATH with `fusion-kit` on it; one command at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.house.documents import ROOT

LIMIT_S = 120
GIT_IDENTITY = "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"


@dataclass(slots=True)
class Terminal:
    """Where a person types; `folder` is the current one."""

    home: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def typed(self, line: str, code: int = 0) -> str:
        """Type a line and return everything it prints; the folder it ends in stays the current one."""
        script = f"{line}\n__code=$?\npwd > '{self.home}/.folder'\nexit $__code"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.env, timeout=LIMIT_S, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == code, f"$ {line}\n{done.stdout}"
        self.folder = Path((self.home / ".folder").read_text().strip())
        return done.stdout


def opened(home: Path) -> Terminal:
    """Return a terminal in a new home."""
    programs = home / "bin"
    programs.mkdir(parents=True)
    launcher = programs / "fusion-kit"
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m fusion_kit "$@"\n')
    launcher.chmod(0o755)
    (home / ".gitconfig").write_text(GIT_IDENTITY)
    env = {
        "HOME": str(home),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "CI": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    return Terminal(home, home, env)
