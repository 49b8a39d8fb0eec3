"""Which changes of files are worth another run of a workflow: a person's, never those of a run itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fusion_kit.core.globs import matches
from fusion_kit.core.run import Run
from fusion_kit.core.workflow import WorkflowSpec, WorkspaceMode
from fusion_kit.workspaces.command import Git

if TYPE_CHECKING:
    from fusion_kit.bootstrap.premises import Premises

_AT_ONCE = 500  # paths for one Git, far below what a command line may hold


def patterns_of(workflow: WorkflowSpec) -> tuple[str, ...]:
    """Return the globs of `on.watch`; none means every file that Git tracks or would track."""
    found = workflow.on.get("watch", ())
    return tuple(found) if isinstance(found, list | tuple) else (str(found),)


def worth_a_run(
    premises: Premises, workflow: WorkflowSpec, paths: Sequence[Path], last: Run | None, ended_at: datetime
) -> list[str]:
    """Return those of the changed `paths` that ask for another run after the `last` one, as seen from the project.

    A file that Git ignores never does, nor does one that is now what the last run made of it. Where tasks work in the
    project's own folder nobody can tell their changes from a person's: there only what changed after `ended_at` counts.
    """
    patterns = patterns_of(workflow)
    names = sorted({path.relative_to(premises.root.resolve()).as_posix() for path in paths})
    if premises.is_in_git:
        names = _for_git(premises.root, names)
    if not premises.is_in_git or _works_here(workflow):
        names = [name for name in names if _changed_after(premises.root / name, ended_at)]
    if premises.is_in_git and last is not None and last.base and last.commit:
        landed = _landed(premises.root, last.base, last.commit)
        names = [name for name in names if name not in landed]
    return [name for name in names if not patterns or matches(name, patterns)]


def _for_git(root: Path, names: Sequence[str]) -> list[str]:
    """Those that Git tracks or would track; of a folder all files in it."""
    git = Git()
    parts = (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
    return sorted({found for part in parts for found in _listed(git, root, part)})


def _listed(git: Git, root: Path, names: Sequence[str]) -> list[str]:
    """What Git lists of some names; one that it refuses, behind a link for example, takes no other with it."""
    words = ("--literal-pathspecs", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
    answer = git.as_person(root, *words, *names, allowed=(0, 128))
    if answer.code == 0:
        return answer.fields
    half = len(names) // 2
    return [*_listed(git, root, names[:half]), *_listed(git, root, names[half:])] if half else []


def _landed(root: Path, base: str, commit: str) -> set[str]:
    """The files that a run changed and that lie in the checkout just as it left them: its result was merged."""
    git = Git()
    words = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--relative")
    made = git.as_person(root, *words, base, commit, allowed=(0, 128)).fields
    differs = git.as_person(root, *words, commit, allowed=(0, 128)).fields
    return {*made} - {*differs}


def _changed_after(path: Path, when: datetime) -> bool:
    try:
        return not path.is_dir() and path.lstat().st_ctime > when.timestamp()
    except OSError:
        return False


def _works_here(workflow: WorkflowSpec) -> bool:
    return any(mode is WorkspaceMode.NONE for mode in _modes(workflow))


def _modes(workflow: WorkflowSpec) -> Iterator[WorkspaceMode | None]:
    for spec in (*workflow.tasks, *workflow.finally_):
        yield spec.workspace
        if spec.uses is not None:
            yield from _modes(spec.uses)
