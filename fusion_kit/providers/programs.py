"""Finding a program before anything is started."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from pathlib import Path

from fusion_kit.core.work import Order
from fusion_kit.providers.errors import ProviderUnavailable

ARGUMENT_LIMIT_BYTES = 131_071  # of one argument, on Linux


def require(order: Order, program: str) -> None:
    """Raise `ProviderUnavailable` unless `program` can be executed for `order`, on its PATH or by its path."""
    if not (which(order, program) if Path(program).name == program else _is_there(order.workspace, program)):
        raise ProviderUnavailable(program=program, agent=order.agent.name)


def which(order: Order, program: str) -> str | None:
    """Return where `program` lies on the PATH the task will have."""
    path = order.env.get("PATH")
    found = _search(program, path)
    # what was found is remembered, because walking a PATH costs more than starting a program; what was not, is not
    return found if found is not None and os.access(found, os.X_OK) else shutil.which(program, path=path)


@lru_cache(maxsize=256)
def _search(program: str, path: str | None) -> str | None:
    return shutil.which(program, path=path)


def _is_there(workspace: Path, program: str) -> bool:
    path = workspace / Path(program).expanduser()
    return path.is_file() and os.access(path, os.X_OK)


def unpassable(text: str) -> str | None:
    """Return why `text` cannot be one argument of a program; None if it can."""
    if "\0" in text:
        return "it holds a NUL character"
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > ARGUMENT_LIMIT_BYTES:
        return f"it is {size_bytes:,} bytes long and one argument holds at most {ARGUMENT_LIMIT_BYTES:,}"
    return None
