"""`run --watch`: runs a workflow, and runs it again whenever a person has changed its files."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fusion_kit.cli.exit_codes import INTERRUPTED, TERMINATED
from fusion_kit.cli.failures import report
from fusion_kit.cli.project import Project
from fusion_kit.cli.running import Asked, request_from, run_here
from fusion_kit.cli.session import Session
from fusion_kit.cli.style import dim
from fusion_kit.clock import SystemClock
from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.errors import FusionError
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task

QUIET_MS = 200  # files are left alone for so long before they count as changed
_LONGEST_MS = 5000  # and are never waited for longer than this
_LITTER = re.compile(r"~$|\.sw[a-px]$|^\.#|^#.*#$|^4913$|^\.DS_Store$|___jb_")  # what editors leave for a moment
_OURS = (".fusion", "state")
_NAMED = 3  # of the patterns, before the others are only counted


def run_on_change(session: Session, asked: Asked, own: Sequence[Path | None]) -> int:
    """Run it now and after every change, until Ctrl-C; return the exit code of the last run.

    `own` are files that runs write for us. Raises `NoDocument`, and what the first run is refused with.
    """
    session.refuse_document()
    project = session.project()
    bundle = request_from(session, project, asked).bundle
    rounds = Rounds(session, project, asked)
    ours = {(session.folder / path).resolve() for path in own if path is not None}
    with _watched(project.root.resolve()) as news:
        session.show.say(dim(_begins(project, bundle)))
        code = rounds.first()
        while code not in (INTERRUPTED, TERMINATED) and not session.show.reader_gone:
            changed = rounds.worth_it(set(_next(news)) - ours)
            if changed:
                more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
                session.show.say(f"\n{dim('──')} {changed[0]}{more} changed {dim('─' * 40)}")
                code = rounds.again()
    return code


@dataclass(slots=True)
class Rounds:
    """One run after the other, and what is known of the last one."""

    session: Session
    project: Project
    asked: Asked
    last: Run | None = None
    ended_at: datetime | None = None

    def first(self) -> int:
        """Run it for the first time; whatever refuses it is raised."""
        self.session.on_end.append(self._note)
        code = run_here(self.session, self.asked)
        self.ended_at = SystemClock().now()
        return code

    def again(self) -> int:
        """Run it once more; a definition that is broken for now is told, and waited for."""
        try:
            return run_here(self.session, self.asked)
        except FusionError as error:
            return report(error, self.session.show)
        finally:
            self.ended_at = SystemClock().now()

    def worth_it(self, paths: set[Path]) -> list[str]:
        """Return what of the changed files asks for another run."""
        if not paths or self.ended_at is None:
            return []
        return self.project.worth_a_run(self._workflow(), sorted(paths), self.last, self.ended_at)

    def _workflow(self) -> str:
        return self.session.workflow(self.asked.workflow)

    def _note(self, _project: Project, run: Run, _tasks: Sequence[Task]) -> None:
        self.last = run


def _begins(project: Project, bundle: Bundle) -> str:
    patterns = project.watched(bundle)
    shown = ", ".join(patterns[:_NAMED]) + (f" and {len(patterns) - _NAMED} more" if len(patterns) > _NAMED else "")
    what = shown if patterns else "every file that Git does not ignore"
    return f"watching {what}… Ctrl-C ends it"


def _next(news: queue.SimpleQueue[set[Path]]) -> set[Path]:
    """Wait for changes and return all there are by then."""
    found: set[Path] = set()
    while not found:
        try:
            found |= news.get(timeout=1.0)  # not for ever: on Windows a wait without an end hears no Ctrl-C
        except queue.Empty:
            continue
    while not news.empty():
        found |= news.get()
    return found


@contextmanager
def _watched(root: Path) -> Iterator[queue.SimpleQueue[set[Path]]]:
    """Give what changes below `root` while inside, in sets that a moment without changes divides."""
    news: queue.SimpleQueue[set[Path]] = queue.SimpleQueue()
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(root, news, stop), daemon=True)
    thread.start()
    try:
        yield news
    finally:
        stop.set()
        thread.join()


def _watch(root: Path, news: queue.SimpleQueue[set[Path]], stop: threading.Event) -> None:
    """The system tells of changes; where it cannot watch so many files, they are looked at in turn."""
    import watchfiles

    def counts(change: watchfiles.Change, path: str) -> bool:
        return _counts(root, Path(path), is_new=change is watchfiles.Change.added)

    for is_polling in (None, True):
        try:
            for changes in watchfiles.watch(
                root,
                watch_filter=counts,
                debounce=_LONGEST_MS,
                step=QUIET_MS,
                stop_event=stop,
                raise_interrupt=False,
                force_polling=is_polling,
            ):
                news.put({Path(path) for _, path in changes})
        except OSError:
            if is_polling:
                raise
            continue
        return


def _counts(root: Path, path: Path, *, is_new: bool) -> bool:
    """Whether a path may be a person's file: nothing of Git's and ours, no litter, of folders only new ones."""
    parts = path.relative_to(root).parts
    if not parts or ".git" in parts or parts[:2] == _OURS or _LITTER.search(path.name):
        return False
    return is_new or not path.is_dir()
