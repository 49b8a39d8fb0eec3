"""Texts kept beside the tests; `FUSION_SNAPSHOTS=write pytest tests/cli` writes them anew, for a person to read."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def kept(name: str, text: str) -> str:
    """Return the text kept under `name`; writes `text` there first where that is asked for."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("FUSION_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8")
