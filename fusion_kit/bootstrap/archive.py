"""The frozen copies of what runs execute: the exact bytes, below each run's folder."""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.errors import FusionError
from fusion_kit.definitions import thaw

_MANIFEST = "manifest.json"


class FrozenDamaged(FusionError):
    """The frozen copy of run {run} is not what its digest says."""

    hint = "Its tasks' branches are untouched: begin a new run, and merge what you need of them."


class RunFolders:
    """Fits the port `Archive`."""

    def __init__(self, root: Path, state: Path) -> None:
        """Freeze below `state`; what has changed since is looked up below `root`."""
        self._root = root
        self._state = state

    def folder(self, run: str) -> Path:
        """Return the folder of a run; it need not exist yet."""
        return self._state / "runs" / run

    def freeze(self, run: str, bundle: Bundle) -> None:
        """Keep the exact bytes of everything the run executes, durably; the manifest comes last and commits it."""
        frozen = self.folder(run) / "frozen"
        frozen.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, (_path, content) in enumerate(sorted(bundle.files.items())):
            _write(frozen / f"{number:04}.yaml", content)
        manifest = {
            "entry": bundle.workflow.source,
            "digest": bundle.digest,
            "files": {path: f"{number:04}.yaml" for number, path in enumerate(sorted(bundle.files))},
        }
        _write(frozen / _MANIFEST, json.dumps(manifest, indent=1).encode())
        _sync_folder(frozen)

    def thaw(self, run: str) -> tuple[Bundle, tuple[str, ...]]:
        """Return the frozen bundle and the paths whose files have changed since; raises `FrozenDamaged`."""
        frozen = self.folder(run) / "frozen"
        manifest = json.loads((frozen / _MANIFEST).read_text(encoding="utf-8"))
        files = {path: (frozen / name).read_bytes() for path, name in manifest["files"].items()}
        loaded = thaw(files, manifest["entry"])
        if loaded.digest != manifest["digest"]:
            raise FrozenDamaged(run=run)
        bundle = Bundle(loaded.workflow, loaded.agents, loaded.files, loaded.digest)
        return bundle, tuple(path for path, content in sorted(files.items()) if self._differs(path, content))

    def _differs(self, path: str, content: bytes) -> bool:
        present = self._root / PurePosixPath(path)
        return not present.is_file() or present.read_bytes() != content


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
