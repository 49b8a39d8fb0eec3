"""A project's first files: the shipped templates, agents for the programs found here, and what to know before a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.cli.package_data import shipped
from fusion_kit.cli.session import Session
from fusion_kit.cli.starter_agents import agent_file
from fusion_kit.cli.style import bold, dim, green, yellow
from fusion_kit.providers.detect import installed
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.cover import FILES, is_ours
from fusion_kit.workspaces.errors import NoCommits
from fusion_kit.workspaces.repository import find_repository

FOREIGN = ("project.json", "fusion.db")

_COPIED = ("*", "agents/*", "workflows/*")
_WITHOUT_SANDBOX = (
    "Without a sandbox an agent may do to this machine whatever you may do: a worktree is no wall.",
    "Run fusion-kit in a container or a virtual machine to change that; `fusion-kit schema agent.sandbox` says more.",
)
_FIRST_REPOSITORY = 'git init && git add -A && git commit -m "First commit"'

Which = Callable[[str], str | None]


@dataclass(slots=True)
class Beginning:
    """What was done: paths are relative to `root`; `advice` is a sentence and the command that follows from it."""

    root: Path
    created: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    programs: Mapping[str, str] = field(default_factory=dict)
    shares_workspaces: bool = False  # the project has a folder of that name
    advice: tuple[str, str] | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON tells it."""
        return {
            "root": str(self.root),
            "created": self.created,
            "kept": self.kept,
            "foreign": self.foreign,
            "programs": dict(self.programs),
            "next": self.advice[1] if self.advice else None,
        }


def start_project(folder: Path, which: Which = shutil.which) -> Beginning:
    """Write what is missing, at the top of the repository around `folder`; raises `GitTooOld` and `GitMissing`."""
    git = Git()
    git.program()
    found = find_repository(folder, git)
    start = Beginning(found.top if found else folder, programs=installed(which), advice=_advice(git, folder))
    for name, content in _files(start.programs):
        _write(start, Path(".fusion") / name, content)
    start.shares_workspaces = not is_ours(start.root / "workspaces")
    if not start.shares_workspaces:
        for file, text in FILES.items():
            _write(start, Path("workspaces") / file, text.encode())
    start.foreign = [f".fusion/{name}" for name in FOREIGN if (start.root / ".fusion" / name).exists()]
    return start


def begun_lines(start: Beginning, session: Session) -> Iterator[str]:
    """Yield what a person should know now: what was written, what was left alone, what agents may do, what is next."""
    yield from (f"{green('wrote')} {name}" for name in start.created)
    if start.kept:
        yield dim(f"kept {len(start.kept)} that were there already: {', '.join(start.kept)}")
    for name in start.foreign:
        yield f"{yellow('note:')} {name} belongs to another product; it is left alone, and fusion-kit never uses it."
    if start.shares_workspaces:
        yield f"{yellow('note:')} workspaces/ is yours already; agents get folders of their own in it, hidden from Git."
    found = ", ".join(start.programs.values())
    yield (
        f"agent programs found here: {found}"
        if found
        else "no agent program found here: the scripted agents run all the same"
    )
    yield ""
    yield from _WITHOUT_SANDBOX
    yield ""
    if start.advice:
        yield f"{start.advice[0]} {bold('Type next:')}"
        yield f"  {session.there(start.advice[1])}"
        yield "and then:"
    else:
        yield bold("Type next:")
    yield f"  {session.command('run', 'hello')}"


def _advice(git: Git, folder: Path) -> tuple[str, str] | None:
    found = find_repository(folder, git)
    if found is None:
        return "This is no Git repository, so every agent would work in the same folder.", _FIRST_REPOSITORY
    head = git.as_person(folder, "rev-parse", "--verify", "-q", "HEAD", allowed=(0, 1, 128))
    if head.code != 0:
        error = NoCommits()
        return str(error), error.way_out.partition(": ")[2]
    return None


def _files(programs: Mapping[str, str]) -> Iterator[tuple[Path, bytes]]:
    templates = shipped("templates")
    paths = sorted({path for pattern in _COPIED for path in templates.glob(pattern) if path.is_file()})
    for path in paths:
        yield path.relative_to(templates), path.read_bytes()
    for program, product in programs.items():
        text = agent_file(program, product)
        if text:
            yield Path("agents") / f"{program}.yaml", text.encode()


def _write(start: Beginning, name: Path, content: bytes) -> None:
    """Create the file, or leave alone what is there."""
    target = start.root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("xb") as file:
            file.write(content)
    except FileExistsError:
        start.kept.append(name.as_posix())
    else:
        start.created.append(name.as_posix())
