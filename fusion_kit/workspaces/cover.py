"""What hides workspaces from everything that walks through a person's checkout: from Git and from test runners."""

from __future__ import annotations

from pathlib import Path

from fusion_kit.workspaces.disk import write_whole

_IGNORE = ".gitignore"
FILES = {
    _IGNORE: "*\n",
    "conftest.py": '''\
"""The agents' copies of this project are not its tests, except for a pytest that is started inside one of them."""

from pathlib import Path

collect_ignore_glob = [] if Path(__file__).resolve().parent in Path.cwd().resolve().parents else ["*"]
''',
}
_HALF_WRITTEN = tuple(f".{name}." for name in FILES)  # as `write_whole` names its drafts


def is_ours(folder: Path) -> bool:
    """Return whether nothing in `folder` is the person's: it is no folder, or empty, or ignored as a whole.

    What a runner left that died while it wrote the cover is nothing of theirs either.
    """
    if folder.is_symlink() or not folder.is_dir():
        return True
    try:
        return (folder / _IGNORE).read_text(encoding="utf-8", errors="replace") == FILES[_IGNORE]
    except OSError:
        return all(one.name.startswith(_HALF_WRITTEN) for one in folder.iterdir())


def cover(folder: Path) -> None:
    """Write what hides `folder`; files that are there are left as they are."""
    for name, text in FILES.items():
        if not (folder / name).is_file():
            write_whole(folder / name, text, 0o644)
