"""What a person gives a run on the command line: inputs, environment, secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fusion_kit.core.errors import FusionError, UsageError
from fusion_kit.core.vocabulary import coerced

SHORTEST_SECRET = 8

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NotAnAssignment(UsageError):
    """{option} {text!r} gives nothing: it is not NAME=VALUE."""

    hint = "Write {option} NAME=VALUE."


class NotJson(UsageError):
    """The value of input {name!r} is not JSON: {complaint}."""

    hint = "Use `-i {name}=TEXT` for plain text."


class NotReadable(UsageError):
    """{path} cannot be read: {complaint}."""

    hint = "{advice}"


class NotAMapping(UsageError):
    """{path} does not hold a mapping of names to values."""

    hint = "Write one `name: value` a line (YAML), or a JSON object."


class BadInput(UsageError):
    """Input {name!r} is wrong: {complaint}."""

    hint = "{advice}"


class BadVariable(UsageError):
    """{name!r} cannot be the name of an environment variable."""

    hint = "Use letters, digits and '_', not beginning with a digit."


class ShortSecret(UsageError):
    """The secret {name} in {path} has fewer than 8 characters."""

    hint = "Masking it would mask everything that looks like it. Use a longer one, or -e if it is none."


def inputs_from(words: Sequence[str], file: Path | None, folder: Path) -> dict[str, object]:
    """Return the inputs given: a file's first, then `k=v` (text), `k=@file` (its text) and `k:=json`, the last wins."""
    given: dict[str, object] = dict(_mapping_in(folder / file)) if file else {}
    for word in words:
        name, value = _assigned(word, "-i")
        if name.endswith(":"):
            given[name[:-1]] = _json(name[:-1], value)
        else:
            given[name] = Typed(_text_of(folder / value[1:]) if value.startswith("@") else value)
    return given


class Typed(str):
    """Text typed by a person: it still has to become what the input's schema asks for."""

    __slots__ = ()


def settled(given: Mapping[str, object], schemas: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Return what was typed as the types the workflow declares; unknown names are left for the check to name."""
    return {name: _settled(name, value, schemas.get(name, {})) for name, value in given.items()}


def env_from(words: Sequence[str]) -> dict[str, str]:
    """Return the variables of `-e NAME=VALUE`; `-e NAME` passes on our own."""
    given: dict[str, str] = {}
    for word in words:
        name, value = _assigned(word, "-e") if "=" in word else (word, os.environ.get(word, ""))
        given[_variable(name)] = value
    return given


def secrets_from(files: Sequence[Path], folder: Path) -> dict[str, str]:
    """Return the secrets in dotenv files; raises `ShortSecret`."""
    found: dict[str, str] = {}
    for file in files:
        for name, value in _dotenv(_text_of(folder / file), file):
            if len(value) < SHORTEST_SECRET:
                raise ShortSecret(name=name, path=file)
            found[name] = value
    return found


def _assigned(word: str, option: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise NotAnAssignment(option=option, text=word)
    return name, value


def _variable(name: str) -> str:
    if not _ENV_NAME.fullmatch(name):
        raise BadVariable(name=name)
    return name


def _settled(name: str, value: object, schema: Mapping[str, object]) -> object:
    if not isinstance(value, Typed):
        return value
    try:
        return coerced(str(value), schema)
    except FusionError as error:
        raise BadInput(name=name, complaint=str(error).rstrip("."), advice=error.way_out) from None


def _json(name: str, text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise NotJson(name=name, complaint=error) from None
    return value


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise NotReadable(path=path, complaint="it is not UTF-8 text", advice="Save it as UTF-8.") from None
    except OSError as error:
        advice = "Check the name and its permissions."
        raise NotReadable(path=path, complaint=error.strerror, advice=advice) from None


def _mapping_in(path: Path) -> Mapping[str, object]:
    text = _text_of(path)
    try:
        found = json.loads(text) if path.suffix == ".json" else _yaml(text)
    except ValueError as error:
        advice = "Write one `name: value` a line (YAML), or a JSON object."
        raise NotReadable(path=path, complaint=" ".join(str(error).split()), advice=advice) from None
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise NotAMapping(path=path)
    return found


def _yaml(text: str) -> object:
    import yaml

    try:
        found: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(place + str(error.problem)) from None
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    return found


def _dotenv(text: str, path: Path) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for line in text.splitlines():
        bare = line.strip().removeprefix("export ").strip()
        if bare and not bare.startswith("#"):
            name, value = _assigned(bare, f"{path}:")
            pairs.append((_variable(name.strip()), _unquoted(value.strip())))
    return pairs


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()
