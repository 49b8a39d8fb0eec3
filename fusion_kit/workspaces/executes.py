"""What in a shared Git directory runs programs: hooks, and every configuration key not known to be harmless."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed

_HARMLESS = (
    "core.repositoryformatversion", "core.filemode", "core.bare", "core.logallrefupdates", "core.ignorecase",
    "core.precomposeunicode", "core.symlinks", "core.autocrlf", "core.eol", "core.safecrlf", "core.quotepath",
    "core.compression", "core.bigfilethreshold", "core.longpaths", "core.abbrev", "core.whitespace",
    "core.sparsecheckout", "core.sparsecheckoutcone", "core.untrackedcache", "core.splitindex", "core.preloadindex",
    "core.commitgraph", "core.multipackindex", "extensions.objectformat", "extensions.worktreeconfig",
    "extensions.refstorage", "extensions.partialclone", "extensions.noop", "index.*", "user.name", "user.email",
    "author.*", "committer.*", "branch.*", "advice.*", "color.*", "column.*", "fetch.*", "pull.*", "push.*",
    "init.defaultbranch", "gc.*", "maintenance.*", "pack.*", "feature.*", "rerere.*", "rebase.auto*", "status.*",
    "commit.gpgsign", "commit.verbose", "tag.gpgsign", "tag.sort", "tag.forcesignannotated", "log.*", "blame.*",
    "diff.algorithm", "diff.renames", "diff.renamelimit", "diff.colormoved", "diff.mnemonicprefix", "diff.noprefix",
    "merge.conflictstyle", "merge.ff", "merge.renames", "merge.renamelimit", "merge.stat", "merge.log",
    "submodule.*.active", "submodule.active", "submodule.recurse", "lfs.repositoryformatversion", "lfs.*.access",
    "lfs.*.locksverify", "remote.*.fetch", "remote.*.prune", "remote.*.tagopt", "remote.*.mirror",
    "remote.*.promisor", "remote.*.partialclonefilter", "remote.*.gh-resolved", "remote.pushdefault",
)  # fmt: skip
_ADDRESSES = ("remote.*.url", "remote.*.pushurl", "submodule.*.url")  # `ext::command` is an address, too
_FILES = ("info/attributes", "info/grafts", "objects/info/alternates")
_BULK = frozenset({"objects", "refs", "logs", "lfs"})
_READ_BYTES = 1 << 20


def executing(git: Git, place: Place, common: Path, gitdir: Path, checkout: Path) -> dict[str, str]:
    """Return what runs programs in a repository (name -> hash), its submodules' Git directories included.

    `place` is a Git directory of our own: reading a configuration from within itself would follow what it includes.
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys((common, gitdir, *_submodules(common / "modules"))):
        name = "" if folder in (common, gitdir) else f"{folder.relative_to(common).as_posix()}/"
        found |= {f"{name}{key}": value for key, value in _of(git, place, folder, checkout).items()}
    return found


def _of(git: Git, place: Place, gitdir: Path, checkout: Path) -> dict[str, str]:
    found = _hooks(gitdir / "hooks", "hooks/")
    for file in ("config", "config.worktree"):
        keys, chosen = _keys(git, place, gitdir / file)
        found |= keys
        for hooks in chosen:
            found |= _hooks(checkout / Path(hooks).expanduser(), f"{hooks.rstrip('/')}/")
    for name in _FILES:
        if (gitdir / name).is_file():
            found[name] = digest(gitdir / name)
    return found


def _hooks(folder: Path, prefix: str) -> dict[str, str]:
    """Return the executable files of a folder of hooks; the samples are none."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.endswith(".sample"))
    except OSError:
        return {}
    return {f"{prefix}{name}": digest(folder / name) for name in names if _is_executable(folder / name)}


def _is_executable(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def _keys(git: Git, place: Place, file: Path) -> tuple[dict[str, str], list[str]]:
    """Return the keys of a configuration file that are not harmless, hashed, and its folders of hooks."""
    if not file.is_file():
        return {}, []
    try:
        listed = git.run(place, "config", "--no-includes", "--file", str(file), "--list", "-z").fields
    except GitFailed:
        return {file.name: digest(file)}, []
    values: dict[str, list[str]] = {}
    for key, _, value in (entry.partition("\n") for entry in listed):
        if not _is_harmless(key.lower(), value):
            values.setdefault(key, []).append(value)
    hashed = {f"{file.name}: {key}": _hash("\0".join(each)) for key, each in values.items()}
    return hashed, values.get("core.hookspath", [])


def _is_harmless(key: str, value: str) -> bool:
    if any(fnmatchcase(key, pattern) for pattern in _ADDRESSES):
        return "::" not in value and not value.startswith("-")
    return any(fnmatchcase(key, pattern) for pattern in _HARMLESS)


def _submodules(folder: Path) -> Iterator[Path]:
    """Yield the Git directories below `modules`; `git status` of the person reads their configuration."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _BULK)
        if "HEAD" in names:
            yield Path(parent)


def digest(path: Path) -> str:
    """Return a hash of a file's content; of a large one, of its size and times."""
    try:
        found = path.stat()
        if found.st_size > _READ_BYTES or not stat.S_ISREG(found.st_mode):
            return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        return f"unreadable: {error.errno}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
