"""The secrets of a repository, kept in one file that only its owner can read."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fusion_kit.core.errors import UsageError
from fusion_kit.core.moments import timestamp
from fusion_kit.core.secrets import SHORTEST
from fusion_kit.persistence import lock

LONGEST_BYTES = 1 << 16

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LINK = ("it is a link to another file", "Put the file itself in its place.")
_DAMAGED = ("it is not what was written", "Move {path} away and set the secrets anew.")


class BadSecretName(UsageError):
    """{name!r} cannot be the name of a secret."""

    hint = "Use letters, digits and '_', not beginning with a digit: DEPLOY_TOKEN."


class BadSecretValue(UsageError):
    """The value for the secret {name} cannot be kept: {why}."""

    hint = "{advice}"


class NoSuchSecret(UsageError):
    """There is no stored secret {name!r}."""

    hint = "`fusion-kit secret list` names them."


class SecretsExposed(UsageError):
    """The secrets in {path} cannot be trusted: {why}."""

    hint = "{advice}"


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str
    set_at: str


class SecretStore:
    """Names, values, and when each was set; every method raises `SecretsExposed` where others can read the file."""

    def __init__(self, state: Path, now: Callable[[], datetime]) -> None:
        """Keep them below `state`; nothing is opened yet."""
        self._path = state / "secrets"
        self._now = now

    def set(self, name: str, value: str) -> None:
        """Keep a secret durably, in place of one of that name; raises `BadSecretName` or `BadSecretValue`."""
        _check(name, value)
        with self._alone() as kept:
            self._write({**kept, name: _Kept(value, timestamp(self._now()))})

    def remove(self, name: str) -> None:
        """Forget a secret; raises `NoSuchSecret`."""
        with self._alone() as kept:
            if name not in kept:
                raise NoSuchSecret(name=name)
            self._write({other: kept[other] for other in kept if other != name})

    def names(self) -> dict[str, str]:
        """Return when each secret was set, by name."""
        return {name: kept.set_at for name, kept in sorted(self._read().items())}

    def values(self) -> dict[str, str]:
        """Return the secrets."""
        return {name: kept.value for name, kept in self._read().items()}

    @contextmanager
    def _alone(self) -> Iterator[dict[str, _Kept]]:
        """Give what is kept; nobody else writes meanwhile."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock.holding(self._path.with_name("secrets.lock")):
            yield self._read()

    def _read(self) -> dict[str, _Kept]:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            fd = os.open(self._path, flags)
        except FileNotFoundError:
            return {}
        except OSError:
            if self._path.is_symlink():
                raise self._refusal(_LINK) from None
            raise
        with os.fdopen(fd, "rb") as file:
            if complaint := _complaint(os.fstat(fd)):
                raise self._refusal(complaint)
            try:
                return {name: _Kept(**kept) for name, kept in json.loads(file.read()).items()}
            except (ValueError, TypeError, AttributeError):
                raise self._refusal(_DAMAGED) from None

    def _refusal(self, complaint: tuple[str, str]) -> SecretsExposed:
        why, advice = complaint
        return SecretsExposed(path=self._path, why=why, advice=advice.format(path=self._path))

    def _write(self, kept: Mapping[str, _Kept]) -> None:
        """Replace the file as a whole or not at all; `mkstemp` makes it readable by its owner alone."""
        content = json.dumps({name: asdict(kept[name]) for name in sorted(kept)}, indent=1).encode()
        fd, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".secrets-")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
        _sync_folder(self._path.parent)


def _complaint(found: os.stat_result) -> tuple[str, str] | None:
    """Why a file is nobody's own, and what to do; on Windows the folder's access list decides about that."""
    if os.name == "nt":
        return None
    if found.st_uid != os.geteuid():
        return f"they belong to user {found.st_uid}", "Move {path} away and set the secrets anew."
    if found.st_mode & _OTHERS:
        mode = f"others may use the file (its mode is {stat.S_IMODE(found.st_mode):o})"
        return mode, "`chmod 600 {path}`, and change the secrets if somebody may have read them."
    return None if stat.S_ISREG(found.st_mode) else _DAMAGED


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadSecretName(name=name)
    if len(value) < SHORTEST:
        why = f"it has fewer than {SHORTEST} characters"
        raise BadSecretValue(
            name=name, why=why, advice="Masking it would mask half of what is printed: use a longer one."
        )
    if "\0" in value:
        raise BadSecretValue(name=name, why="it holds a NUL", advice="Encode it, in Base64 for example.")
    if len(value.encode("utf-8", "surrogateescape")) > LONGEST_BYTES:
        why = f"it has more than {LONGEST_BYTES} bytes"
        raise BadSecretValue(name=name, why=why, advice="Store the key of an encrypted file instead.")


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows has no descriptor for a folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
