"""The one place that runs git, with an environment and a configuration nobody else has a say in."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.workspaces.errors import GitFailed, GitMissing, GitTimedOut, GitTooOld, SomebodyElses

MINIMUM = "2.38"  # merge-tree --write-tree

_KEPT = ("PATH", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")
_FIXED = {
    "LC_ALL": "C",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_OPTIONAL_LOCKS": "0",
}
_OVERRIDES = (
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "core.safecrlf=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.fsync=committed,reference",
    "core.fsyncMethod=batch",
    "core.filesRefLockTimeout=2000",
    "core.packedRefsTimeout=2000",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=none",
    "safe.bareRepository=explicit",
    "protocol.allow=never",
    "commit.gpgsign=false",
    "log.showSignature=false",
    "advice.addEmbeddedRepo=false",
)
_DUBIOUS = re.compile(r"dubious ownership in repository at '(.*)'")
_VERSION = re.compile(rb"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works: which Git directory, and which files, index, new objects and ignore patterns with it."""

    gitdir: Path
    work_tree: Path | None = None
    index: Path | None = None
    objects: Path | None = None  # where new objects go; it names its own alternates
    excludes: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said."""

    code: int
    out: bytes
    said: str

    @property
    def text(self) -> str:
        """The output as text, stripped."""
        return os.fsdecode(self.out).strip()

    @property
    def fields(self) -> list[str]:
        """The output's NUL-terminated fields; bytes that are not UTF-8 survive as surrogates."""
        return [os.fsdecode(part) for part in self.out.split(b"\0")[:-1]]


@dataclass(slots=True)
class Git:
    """The program; `timeout_s` bounds every single command."""

    timeout_s: float = 600.0
    _program: str | None = field(default=None, init=False)

    def run(
        self,
        place: Place,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (0,),
        holding: tuple[int, ...] = (),
    ) -> Answer:
        """Run one command; raises `GitFailed` for a code not `allowed`, `GitTimedOut`, `GitMissing`, `GitTooOld`.

        `holding` are descriptors of locks that it holds too, even if we are killed meanwhile.
        """
        argv = [self.program(), "--no-pager", f"--git-dir={place.gitdir}"]
        if place.work_tree is not None:
            argv.append(f"--work-tree={place.work_tree}")
        for override in (*_OVERRIDES, f"core.excludesFile={place.excludes or os.devnull}"):
            argv += ["-c", override]
        cwd = place.work_tree or place.gitdir
        answer = self._call([*argv, *args], cwd, _environment(place, env), stdin, holding)
        if answer.code not in allowed:
            raise GitFailed(command=" ".join(args[:3]), code=answer.code, said=answer.said[-2000:])
        return answer

    def as_person(self, checkout: Path, *args: str, allowed: tuple[int, ...] = (0,)) -> Answer:
        """Run a command that reads a checkout, with the person's own configuration; raises `SomebodyElses`."""
        answer = self._call([self.program(), "--no-pager", *args], checkout, _persons_environment(), b"")
        refused = _DUBIOUS.search(answer.said) if answer.code == 128 else None
        if refused:
            raise SomebodyElses(path=checkout, repository=shlex.quote(refused[1]))
        if answer.code not in allowed:
            raise GitFailed(command=" ".join(args[:3]), code=answer.code, said=answer.said[-2000:])
        return answer

    def program(self) -> str:
        """Return the path of a git that is new enough; it is asked for its version once."""
        if self._program is None:
            found = shutil.which("git")
            if found is None:
                raise GitMissing(minimum=MINIMUM)
            self._check_version(self._call([found, "version"], Path.cwd(), _environment(None, None), b"").out)
            self._program = found
        return self._program

    def _check_version(self, out: bytes) -> None:
        match = _VERSION.search(out)
        if match is None or [int(part) for part in match.groups()] < [int(part) for part in MINIMUM.split(".")]:
            raise GitTooOld(found=match.group().decode() if match else "of unknown version", minimum=MINIMUM)

    def _call(
        self, argv: list[str], cwd: Path, env: Mapping[str, str], stdin: bytes, holding: tuple[int, ...] = ()
    ) -> Answer:
        try:
            done = subprocess.run(
                argv,
                cwd=cwd,
                env=env,
                input=stdin,
                capture_output=True,
                timeout=self.timeout_s,
                check=False,
                pass_fds=holding,
                start_new_session=True,  # a person's Ctrl-C is for us, not for a half-done git
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            raise GitFailed(command=_command_of(argv), code=127, said=f"{error.filename} is not there") from error
        except subprocess.TimeoutExpired:
            raise GitTimedOut(command=_command_of(argv), timeout_s=self.timeout_s) from None
        return Answer(done.returncode, done.stdout, done.stderr.decode(errors="replace").strip())


def _command_of(argv: list[str]) -> str:
    skip = {index + 1 for index, word in enumerate(argv) if word == "-c"}
    words = [word for index, word in enumerate(argv[1:], 1) if index not in skip and not word.startswith("-")]
    return " ".join(words[:3])


def _environment(place: Place | None, extra: Mapping[str, str] | None) -> dict[str, str]:
    """An allow-list: nothing of our own environment reaches Git, or a filter it starts, by accident."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ} | _FIXED
    if place is not None and place.index is not None:
        env["GIT_INDEX_FILE"] = str(place.index)
    if place is not None and place.objects is not None:
        env["GIT_OBJECT_DIRECTORY"] = str(place.objects)
    return env | dict(extra or {})


def _persons_environment() -> dict[str, str]:
    """The person's own, without what a Git hook around us would have set (GIT_DIR and its kin)."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    chosen = {name: value for name, value in os.environ.items() if name.startswith(("GIT_CONFIG", "GIT_CEILING"))}
    return plain | chosen | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
