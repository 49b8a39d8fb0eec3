"""The table of commands: name, one line, group. A command's module is imported when it is called, not before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DEFINE = "Definitions"
RUN = "Run and steer"
WATCH = "Watch and look back"
WORK = "The work"
HOUSE = "This installation"


@dataclass(frozen=True, slots=True)
class Entry:
    """One command; its function `command` lives in `fusion_kit.cli.commands.<name>`.

    An entry with children is a group of commands: that module has a function `<child>_command` for each.
    """

    name: str
    group: str
    help: str
    children: tuple[Entry, ...] = ()


SECRET = (
    Entry("set", "Commands", "Store a secret: asked for without echo, or read from stdin."),
    Entry("list", "Commands", "Name the stored secrets; their values are never shown."),
    Entry("remove", "Commands", "Forget a stored secret."),
)


COMMANDS: tuple[Entry, ...] = (
    Entry("init", DEFINE, "Write .fusion/ with agents and a workflow that runs without any key."),
    Entry("validate", DEFINE, "Check workflows, agents and the configuration; print every problem."),
    Entry("list", DEFINE, "List the workflows of this project."),
    Entry("show", DEFINE, "Show a workflow: its inputs, tasks and agents."),
    Entry("graph", DEFINE, "Print a workflow's graph as Mermaid, DOT, text or JSON."),
    Entry("schema", DEFINE, "Explain a key of the files in .fusion/."),
    Entry("run", RUN, "Run a workflow, by name or path."),
    Entry("resume", RUN, "Go on with a run that was interrupted or paused."),
    Entry("retry", RUN, "Do again what failed in an ended run, and what comes after it."),
    Entry("pause", RUN, "Let everything of a run stand still, from any terminal."),
    Entry("approve", RUN, "Say yes to a task that waits for an approval."),
    Entry("reject", RUN, "Say no to a task that waits for an approval."),
    Entry("cancel", RUN, "Stop a run for good, from any terminal."),
    Entry("secret", RUN, "Store what tasks may not see unless they name it: keys, tokens.", SECRET),
    Entry("ps", WATCH, "List the runs that have not ended."),
    Entry("status", WATCH, "Show a run and say why something waits."),
    Entry("history", WATCH, "List past runs, the newest first."),
    Entry("logs", WATCH, "Print what the tasks of a run printed."),
    Entry("events", WATCH, "Print the event log, filtered, followed or exported."),
    Entry("diff", WORK, "Print what a run or a task changed."),
    Entry("merge", WORK, "Bring the work of a run into a branch, through its gate."),
    Entry("rescue", WORK, "List kept work that no result holds, and get it back."),
    Entry("clean", WORK, "Remove what ended runs left behind; nothing is lost."),
    Entry("doctor", HOUSE, "Check Git, the project and its log; --repair mends what can be mended."),
    Entry("version", HOUSE, "Print the version."),
)


def words_of(entries: tuple[Entry, ...] = COMMANDS) -> Iterator[tuple[str, ...]]:
    """Yield the words of every page of help: of each command, each group, and each command in a group."""
    for entry in entries:
        yield (entry.name,)
        yield from ((entry.name, *words) for words in words_of(entry.children))
