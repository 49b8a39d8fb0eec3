"""What a merge is about to do, written down before it is done, so that whoever goes on after a crash knows."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

_NAME = "landing.json"


@dataclass(frozen=True, slots=True)
class MergeNote:
    """The latest intent: `commit`, which holds the work of `tasks`, goes to `branch`; `into` is where it was to go.

    Without a branch nothing could be merged.
    """

    turn: int = 1
    tips: Mapping[str, str] = field(default_factory=dict)  # task -> commit: all that was to be merged
    into: str = ""
    branch: str = ""
    commit: str = ""
    tasks: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)  # guilty task -> the gate's log
    dragged: Mapping[str, str] = field(default_factory=dict)  # what builds on a guilty task -> that task
    red_base: str = ""  # the log of a gate that fails without anybody's work
    waiting: str = ""  # why it is on `branch` and not in `into`
    ours: tuple[str, ...] = ()  # every commit that this run ever meant for its own branch
    told: bool = False  # the ledger knows


def read(folder: Path) -> MergeNote:
    """Return the note in a run's merge folder; an empty one where there is none."""
    try:
        facts = json.loads((folder / _NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return MergeNote()
    return MergeNote(**{**facts, "tasks": tuple(facts["tasks"]), "ours": tuple(facts["ours"])})


def write(folder: Path, note: MergeNote) -> None:
    """Write the note durably, whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f"{_NAME}.new"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(note), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _NAME)


def begin_anew(folder: Path) -> None:
    """Have the next merge try again what the gate refused; called as a person retries a run."""
    if not folder.exists():
        return
    note = read(folder)
    write(folder, MergeNote(turn=note.turn + 1, ours=note.ours))
