"""The files that GitHub names to a step: its outputs and its summary."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from fusion_kit.core.run import Run

SUMMARY_BYTES = 1 << 20  # GitHub refuses a longer summary of a step
OUTPUTS_BYTES = 1 << 20  # and longer outputs of a job


def outputs_of(run: Run) -> dict[str, str]:
    """Return a step's outputs: ours, and the workflow's by sanitized names; one that is taken gets `output_`."""
    found = {"run": run.id, "status": run.state.value, "branch": run.branch or "", "commit": run.commit or ""}
    for name, value in run.outputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        found.setdefault(_free(_name(name), found), text)
    return found


def output_text(outputs: Mapping[str, str], token: Callable[[], str] = lambda: secrets.token_hex(16)) -> str:
    """Return the text to be appended to `$GITHUB_OUTPUT`: no value can end itself or begin another."""
    return "".join(_assigned(name, value.replace("\0", ""), token) for name, value in outputs.items())


def fitting(outputs: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the outputs that a job has room for, the first ones first, and the names of the others."""
    kept: dict[str, str] = {}
    room = OUTPUTS_BYTES
    for name, value in outputs.items():
        size = 2 * len(value.encode("utf-8", "replace"))  # GitHub counts UTF-16
        if size <= room:
            kept[name] = value
            room -= size
    return kept, [name for name in outputs if name not in kept]


def append_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    """Append to `$GITHUB_OUTPUT`; raises OSError."""
    _append(path, output_text(outputs).encode("utf-8", "replace"))


def append_summary(path: Path, parts: Iterable[str]) -> None:
    """Append to `$GITHUB_STEP_SUMMARY` the parts there is room for; raises OSError."""
    room = SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0)
    _append(path, "".join(within(parts, room)).encode("utf-8", "replace"))


def within(parts: Iterable[str], room_bytes: int) -> Iterator[str]:
    """Yield parts until one does not fit, and then a word that more is left out if there is room for it."""
    more = "… the rest is left out: GitHub shows 1 MiB of a step's summary.\n\n"
    room = room_bytes - len(more.encode())
    for part in parts:
        size = len(part.encode("utf-8", "replace"))
        if size > room:
            if room >= 0:
                yield more
            return
        yield part
        room -= size


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def _assigned(name: str, value: str, token: Callable[[], str]) -> str:
    end = f"end-{token()}"
    while end in value:
        end = f"end-{token()}"
    return f"{name}<<{end}\n{value}\n{end}\n"


def _name(name: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return clean if re.match(r"[A-Za-z_]", clean) else f"_{clean}"


def _free(name: str, taken: Iterable[str]) -> str:
    """GitHub does not tell names apart by their case."""
    lower = {each.lower() for each in taken}
    while name.lower() in lower:
        name = f"output_{name}"
    return name
