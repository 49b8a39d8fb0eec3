"""The functions of the language, each with how many arguments it takes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fusion_kit.core.errors import FusionError
from fusion_kit.core.scope import Scope
from fusion_kit.definitions.expressions.values import equal, text

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d+)\}|[{}]")
_MANY = 255


class ExpressionFailed(FusionError):
    """The expression cannot be evaluated: {complaint}."""

    hint = "It is checked before a run; what it was given at run time is not what it was written for."


@dataclass(frozen=True, slots=True)
class Function:
    """How many arguments it takes, and what it does; `status` functions belong into `if`."""

    fewest: int
    most: int
    call: Callable[[Scope, list[object]], object]
    status: bool = False


def _contains(_scope: Scope, given: list[object]) -> bool:
    where, what = given
    if isinstance(where, list | tuple):
        return any(equal(item, what) for item in where)
    return text(what).casefold() in text(where).casefold()


def _format(_scope: Scope, given: list[object]) -> str:
    words = [text(value) for value in given[1:]]

    def replaced(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if found[1] is None or int(found[1]) >= len(words):
            raise ExpressionFailed(complaint=f"format() has no value for {found[0]!r}")
        return words[int(found[1])]

    return _PLACEHOLDER.sub(replaced, text(given[0]))


def _join(_scope: Scope, given: list[object]) -> str:
    separator = text(given[1]) if len(given) > 1 else ","
    values = given[0] if isinstance(given[0], list | tuple) else [given[0]]
    return separator.join(text(value) for value in values)


def _from_json(_scope: Scope, given: list[object]) -> object:
    try:
        return json.loads(text(given[0]))
    except (ValueError, RecursionError) as error:
        raise ExpressionFailed(complaint=f"fromJSON() was not given JSON ({error})") from None


def _to_json(_scope: Scope, given: list[object]) -> str:
    value = dict(given[0]) if isinstance(given[0], Mapping) else given[0]
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _hash_files(scope: Scope, given: list[object]) -> str:
    if scope.root is None:
        raise ExpressionFailed(complaint="hashFiles() has no folder to look into here")
    found = sorted({path for glob in given for path in _files(scope.root, text(glob))})
    if not found:
        return ""
    total = hashlib.sha256()
    for path in found:
        total.update(hashlib.sha256((scope.root / path).read_bytes()).digest())
    return total.hexdigest()


def _files(root: Path, glob: str) -> Iterator[str]:
    """Yield the files below `root` that fit, by relative path; never one that a link leads out to."""
    pattern = PurePosixPath(glob)
    if pattern.is_absolute() or ".." in pattern.parts or not pattern.parts:
        raise ExpressionFailed(complaint=f"hashFiles() takes globs below the folder, not {glob!r}")
    home = root.resolve()
    for path in root.glob(str(pattern)):
        relative = path.relative_to(root)
        if ".git" not in relative.parts and path.is_file() and path.resolve().is_relative_to(home):
            yield relative.as_posix()


FUNCTIONS: dict[str, Function] = {
    "success": Function(0, 0, lambda scope, _: not scope.failed and not scope.cancelled, status=True),
    "failure": Function(0, 0, lambda scope, _: scope.failed, status=True),
    "cancelled": Function(0, 0, lambda scope, _: scope.cancelled, status=True),
    "always": Function(0, 0, lambda _scope, _: True, status=True),
    "contains": Function(2, 2, _contains),
    "startsWith": Function(2, 2, lambda _, given: text(given[0]).casefold().startswith(text(given[1]).casefold())),
    "endsWith": Function(2, 2, lambda _, given: text(given[0]).casefold().endswith(text(given[1]).casefold())),
    "format": Function(1, _MANY, _format),
    "join": Function(1, 2, _join),
    "toJSON": Function(1, 1, _to_json),
    "fromJSON": Function(1, 1, _from_json),
    "hashFiles": Function(1, _MANY, _hash_files),
}
