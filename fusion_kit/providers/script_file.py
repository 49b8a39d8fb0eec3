"""Reading a scripted agent's YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

LIMIT_BYTES = 1 << 20


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases, which is all a script needs and nothing that can explode."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not for scripts", mark)
        return super().compose_node(parent, index)


def load(path: Path) -> Mapping[str, object]:
    """Return `steps` and `tasks`; a bare list is `steps`. Raises `OSError`, `ValueError` with one line."""
    if path.stat().st_size > LIMIT_BYTES:
        message = "it is larger than 1 MiB"
        raise ValueError(message)
    try:
        told = yaml.load(path.read_text("utf-8"), Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from None
    if isinstance(told, list):
        return {"steps": told}
    if not isinstance(told, Mapping):
        message = "it must be a mapping with `steps` or `tasks`, or a list of steps"
        raise ValueError(message)  # noqa: TRY004 - the caller answers one kind of error
    return told
