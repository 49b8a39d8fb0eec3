"""The part of a person's Git configuration that our own Git directory takes over, read before any agent works."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from fusion_kit.workspaces.command import Git

IDENTITY = {"user.name": "fusion-kit", "user.email": "fusion-kit@localhost"}

_PLAIN = frozenset({
    "core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode", "core.autocrlf", "core.eol",
    "core.bigfilethreshold", "core.compression", "core.loosecompression", "core.longpaths",
    "user.name", "user.email", "lfs.url", "lfs.storage",
})  # fmt: skip
_FILTER_KEYS = ("clean", "smudge", "process", "required")


def configuration(git: Git, checkout: Path) -> dict[str, str]:
    """Return every key the person's Git sees in `checkout`; the last of several values wins."""
    listed = git.as_person(checkout, "config", "--includes", "--list", "-z")
    pairs = (entry.partition("\n") for entry in listed.fields)
    return {key: value if found else "true" for key, found, value in pairs}


def filters(config: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the configured filters: name -> {clean, smudge, process, required}."""
    found: dict[str, dict[str, str]] = {}
    for key, value in config.items():
        section, _, rest = key.partition(".")
        name, _, last = rest.rpartition(".")
        if section == "filter" and name and last in _FILTER_KEYS:
            found.setdefault(name, {})[last] = value
    return found


def runnable(commands: Mapping[str, str]) -> bool:
    """Return whether the programs of one filter are on this machine."""
    return all(_program_found(value) for key, value in commands.items() if key != "required")


def _program_found(command: str) -> bool:
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return bool(words) and shutil.which(words[0]) is not None


def taken_over(config: Mapping[str, str], common_dir: Path) -> dict[str, str]:
    """Return the keys our own Git directory gets: settings that change bytes, filters that can run, an identity."""
    kept = {key: value for key, value in config.items() if key in _PLAIN}
    for name, commands in filters(config).items():
        if runnable(commands):
            kept |= {f"filter.{name}.{key}": value for key, value in commands.items()}
    if any(key.startswith("filter.lfs.") for key in kept):
        kept.setdefault("lfs.storage", str(common_dir / "lfs"))
    named = "user.name" in kept and "user.email" in kept
    return kept if named else kept | IDENTITY


def ignore_patterns(config: Mapping[str, str], common_dir: Path) -> str:
    """Return the person's own ignore patterns: their global ones, then the repository's `info/exclude`."""
    default = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "git" / "ignore"
    chosen = Path(config["core.excludesfile"]).expanduser() if config.get("core.excludesfile") else default
    return "".join(_text(path) for path in (chosen, common_dir / "info" / "exclude"))


def _text(path: Path) -> str:
    """A pattern file may not exist; one that is not a plain file (a FIFO would hang us) is none."""
    if not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    return text if text.endswith("\n") or not text else f"{text}\n"


def as_text(config: Mapping[str, str]) -> str:
    """Return the keys as a Git configuration file."""
    return "".join(f"{_header(key)}\n\t{key.rpartition('.')[2]} = {_quoted(value)}\n" for key, value in config.items())


def _header(key: str) -> str:
    section, _, rest = key.partition(".")
    name, _, _ = rest.rpartition(".")
    return f"[{section} {_quoted(name)}]" if name else f"[{section}]"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
