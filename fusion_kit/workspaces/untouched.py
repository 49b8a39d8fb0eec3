"""A look at a person's checkout that touches nothing: a Git directory for the moment, and a copy of the index.

It has no filters, attributes, hooks or remotes, so no program that anybody configured can run.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import write_whole
from fusion_kit.workspaces.errors import GitFailed
from fusion_kit.workspaces.frozen import as_text
from fusion_kit.workspaces.trusted import Trusted

_PLAIN = "* -text -filter -ident !eol !working-tree-encoding\n"
_BYTES_AS_THEY_ARE = frozenset({"core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode"})


@contextmanager
def untouched(git: Git, trusted: Trusted, common: Path, checkout: Path, gitdir: Path) -> Iterator[Place]:
    """Give a place to look at `checkout` from; new objects go into a folder that is gone with the block."""
    frozen = trusted.place().gitdir
    with tempfile.TemporaryDirectory(prefix="fusion-kit-") as folder:
        home = Path(folder) / "git"
        (home / "refs").mkdir(parents=True)
        write_whole(home / "HEAD", "ref: refs/heads/none\n")
        write_whole(home / "config", _config(git, frozen))
        write_whole(home / "info" / "attributes", _PLAIN)
        shutil.copyfile(frozen / "info" / "exclude", home / "info" / "exclude")
        write_whole(home / "objects" / "info" / "alternates", f"{common / 'objects'}\n")
        place = Place(home, work_tree=checkout, index=home / "index", excludes=home / "info" / "exclude")
        _bring_index(git, place, gitdir)
        yield place


def _config(git: Git, frozen: Path) -> str:
    """Return what was frozen of how this file system holds files, and the format of object names."""
    listed = git.run(Place(frozen), "config", "--no-includes", "--file", str(frozen / "config"), "--list", "-z").fields
    pairs = {key.lower(): value for key, _, value in (entry.partition("\n") for entry in listed)}
    chosen = {key: value for key, value in pairs.items() if key in _BYTES_AS_THEY_ARE}
    form = pairs.get("extensions.objectformat")
    version = "1" if form else "0"
    named = {"extensions.objectformat": form} if form else {}
    return as_text({"core.repositoryformatversion": version, "core.bare": "true"} | named | chosen)


def _bring_index(git: Git, place: Place, gitdir: Path) -> None:
    """`copy2` keeps the time by which Git knows which entries to compare; one we cannot read is made from HEAD."""
    target = place.index
    if target is None or not (gitdir / "index").is_file():
        return
    shutil.copy2(gitdir / "index", target)
    try:
        git.run(place, "ls-files", "-z", "--", ".git")
    except GitFailed:
        target.unlink(missing_ok=True)
        if commit := head_commit(git, gitdir):
            git.run(place, "read-tree", "--end-of-options", commit)


def head_commit(git: Git, gitdir: Path) -> str | None:
    """Return the commit a checkout stands at; None before the first."""
    return git.run(Place(gitdir), "rev-parse", "--verify", "-q", "HEAD^{commit}", allowed=(0, 1)).text or None
