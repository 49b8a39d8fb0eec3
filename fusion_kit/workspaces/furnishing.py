"""What a workspace gets besides what Git holds: copied and linked files, and the set-up command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import is_there, write_whole
from fusion_kit.workspaces.errors import OutsideWorkspace, SetupFailed
from fusion_kit.workspaces.layout import Folders, Layout
from fusion_kit.workspaces.settings import WorkspaceSettings

_INCLUDE = ".worktreeinclude"
_TAIL_BYTES = 2000
_PASSED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TERM",
    "SHELL",
    "XDG_CACHE_HOME",
    "SYSTEMROOT",
)


@dataclass(frozen=True, slots=True)
class Furnisher:
    """Brings files along and runs the person's own commands."""

    git: Git
    layout: Layout
    settings: WorkspaceSettings

    def patterns(self, folders: Folders) -> None:
        """Write down, for our own Git, that what we bring is not the agent's work."""
        brought = (*self.settings.copy, *self.settings.link, *self.settings.cache)
        text = "".join(f"/{PurePosixPath(path)}\n" for path in brought)
        if not folders.excludes.is_file() or folders.excludes.read_text(encoding="utf-8") != text:
            write_whole(folders.excludes, text)

    def bring(self, folders: Folders, place: Place) -> None:
        """Copy and link what the settings and `.worktreeinclude` name and the workspace does not have."""
        for path in (*self.settings.copy, *self._included(folders, place)):
            self._bring(folders.checkout, path, linked=False)
        for path in self.settings.link:
            self._bring(folders.checkout, path, linked=True)

    def _included(self, folders: Folders, place: Place) -> list[str]:
        """Return the files of the person's checkout that Git ignores and `.worktreeinclude` asks for."""
        include = self.layout.top / _INCLUDE
        if include.is_symlink() or not include.is_file():
            return []
        here = Place(place.gitdir, work_tree=self.layout.top, index=folders.index)
        wanted = self.git.run(here, "ls-files", "-z", "-o", "-i", f"--exclude-from={include}").fields
        stdin = b"".join(os.fsencode(path) + b"\0" for path in wanted)
        ignored = (
            self.git.run(here, "check-ignore", "-z", "--stdin", stdin=stdin, allowed=(0, 1)).fields if wanted else []
        )
        return [path for path in ignored if not path.startswith(("workspaces/", ".fusion/"))]

    def _bring(self, checkout: Path, path: str, *, linked: bool) -> None:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise OutsideWorkspace(path=path, reason="it must be a path below the project")
        source, target = self.layout.top / path, checkout / path
        if not source.exists() or is_there(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(checkout.resolve()):
            raise OutsideWorkspace(path=path, reason="a symlink in the repository leads out")
        if linked:
            target.symlink_to(source)
        elif source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)

    def set_up(self, folders: Folders, place: Place) -> tuple[str, ...]:
        """Run the set-up command; return the ignored paths that are there afterwards. Raises `SetupFailed`."""
        if self.settings.setup is None:
            return ()
        self._command(folders, "setup", self.settings.setup)
        here = Place(place.gitdir, work_tree=folders.checkout, index=folders.index)
        return tuple(self.git.run(here, "ls-files", "-z", "-o", "-i", "--exclude-standard", "--directory").fields)

    def tear_down(self, folders: Folders) -> None:
        """Run the tear-down command where there is one; raises `SetupFailed`."""
        if self.settings.teardown is not None and folders.checkout.is_dir():
            self._command(folders, "teardown", self.settings.teardown)

    def _command(self, folders: Folders, step: str, command: str) -> None:
        with tempfile.TemporaryFile() as output:
            code = _run(command, folders.checkout, self._environment(), output.fileno(), self.settings.setup_timeout_s)
            size = output.seek(0, os.SEEK_END)
            output.seek(max(0, size - _TAIL_BYTES))
            tail = output.read().decode(errors="replace").strip()
        if code != 0:
            raise SetupFailed(step=step, code=code, command=command, tail=tail, workspace=folders.checkout)

    def _environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return kept | {"FUSION_PROJECT_ROOT": str(self.layout.top)}


def _run(command: str, cwd: Path, env: Mapping[str, str], output: int, timeout_s: float) -> int | str:
    """Run a shell command in a session of its own, so that all it started can be stopped with it."""
    child = subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        start_new_session=True,
    )  # fmt: skip
    try:
        return child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return f"none: it was stopped after {timeout_s} s"
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
