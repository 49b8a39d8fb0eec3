"""What the gate said of a task's earlier work, handed to the attempt that is to do better."""

from __future__ import annotations

import shutil
from pathlib import Path

from fusion_kit.coordination.attempt_folder import AttemptFolder
from fusion_kit.core.task import Task

LINES = 50  # of the gate's output that an agent is shown
LIMIT_BYTES = 8 << 10


def variables(row: Task, folder: AttemptFolder) -> dict[str, str]:
    """Return `FUSION_GATE_LOG`, where the gate refused the task's earlier work."""
    return {"FUSION_GATE_LOG": str(_copy(folder))} if row.refused is not None else {}


def offer(row: Task, folder: AttemptFolder) -> None:
    """Lay the gate's output where `$FUSION_GATE_LOG` says."""
    if row.refused is None:
        return
    copy = _copy(folder)
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        shutil.copyfile(str(row.refused["log"]), copy)
    except OSError:  # the run's folder was cleaned since
        copy.touch()


def told(row: Task) -> str:
    """Return what an agent is told at the end of its prompt; nothing where its work was not refused."""
    if row.refused is None:
        return ""
    return (
        "\n\nYour earlier work on this task was left out of the merge, because with it the gate "
        f"`{row.refused['gate']}` fails. Do the task so that it passes. The end of what it printed "
        f"(the whole is in the file that $FUSION_GATE_LOG names):\n\n{_tail(Path(str(row.refused['log'])))}\n"
    )


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LIMIT_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "(it is no longer there)"
    return "\n".join(text.splitlines()[-LINES:])


def _copy(folder: AttemptFolder) -> Path:
    return folder.inputs / "gate" / "output.log"
