"""Where the folders shipped with fusion-kit lie: inside the package once installed, beside it in a source tree."""

from __future__ import annotations

from pathlib import Path

from fusion_kit.core.errors import FusionError

_PACKAGE = Path(__file__).resolve().parents[1]


class IncompleteInstallation(FusionError):
    """The installation of fusion-kit lacks its folder {name!r}."""

    hint = "Install it again."


def shipped(name: str) -> Path:
    """Return the folder `name` (`schemas`, `templates`); raises `IncompleteInstallation`."""
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise IncompleteInstallation(name=name)
