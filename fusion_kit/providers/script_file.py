"""Reading a scripted agent's YAML file, with the meaning that YAML 1.2 and so all our files have: `no` is a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

LIMIT_BYTES = 1 << 20
_MEANINGS = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
}


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases, which is all a script needs and nothing that can explode."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not for scripts", mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern in _MEANINGS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(rf"(?:{_pattern})\Z"), None)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(str(node.value)))


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
