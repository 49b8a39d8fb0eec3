"""The tree as lines of text: pure, from a scene, a width, a height and the time of day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap

from fusion_kit.cli.cost import spending
from fusion_kit.cli.live.scene import Scene
from fusion_kit.cli.style import bold, clipped, cyan, dim, green, red, yellow
from fusion_kit.cli.words import duration_text
from fusion_kit.core.states import TaskState
from fusion_kit.core.task import Task

_GLYPHS = {
    TaskState.WAITING: ("·", ".", dim),
    TaskState.QUEUED: ("○", "o", dim),
    TaskState.ASSIGNED: ("◌", "o", cyan),
    TaskState.RUNNING: ("●", "*", cyan),
    TaskState.PAUSED: ("‖", "=", yellow),
    TaskState.COMPLETED: ("✓", "+", green),
    TaskState.FAILED: ("✗", "x", red),
    TaskState.CANCELLED: ("⊘", "/", yellow),
    TaskState.SKIPPED: ("╌", "-", dim),
}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_SPINNER = "|/-\\"
_IMPORTANCE = (TaskState.RUNNING, TaskState.FAILED, TaskState.PAUSED, TaskState.ASSIGNED, TaskState.QUEUED)

LastLine = Callable[[Task], str]


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where the tree is drawn: columns, lines, the time of day, and whether glyphs beyond ASCII can be shown."""

    width: int
    height: int
    now: datetime
    is_unicode: bool = True


def tree_lines(scene: Scene, canvas: Canvas, last_line: LastLine) -> list[str]:
    """Return the whole picture, not wider and not higher than the canvas."""
    body = _body(scene, canvas, last_line)
    return [_title(scene, canvas), *body, *_foot(scene, canvas)]


def _title(scene: Scene, canvas: Canvas) -> str:
    run = scene.run
    return bold(clipped(run.id if run else "starting", canvas.width))


def _foot(scene: Scene, canvas: Canvas) -> list[str]:
    counts = scene.counts()
    states = ", ".join(f"{counts[state]} {state.value}" for state in TaskState if counts[state])
    elapsed = duration_text(_seconds(scene.run.started_at, scene.run.finished_at, canvas.now) if scene.run else None)
    line = "  ".join(part for part in (elapsed, states, _usage(scene.tasks)) if part)
    note = [yellow(clipped(scene.note, canvas.width))] if scene.note else []
    return [*_asked(scene, canvas), dim(clipped(line, canvas.width)), *note]


def _asked(scene: Scene, canvas: Canvas) -> list[str]:
    """What to type in another terminal, each command whole, as far as a third of the height goes."""
    lines: list[str] = []
    for task in scene.asking():
        why = scene.why(task)
        typed = [f"  {part}" for part in wrap(why.command, canvas.width - 2, break_on_hyphens=False)] if why else []
        if 1 + len(lines) + len(typed) > canvas.height // 3:
            break
        lines += typed
    return [yellow(clipped("it waits for you; in another terminal:", canvas.width)), *lines] if lines else []


def _body(scene: Scene, canvas: Canvas, last_line: LastLine) -> list[str]:
    rows = list(scene.rows())
    room = max(canvas.height - 3 - bool(scene.note) - len(_asked(scene, canvas)), 1)
    shown = _chosen(rows, room)
    name_width = min(max((2 * depth + len(task.id) for depth, task in shown), default=0), canvas.width // 2)
    lines: list[str] = []
    spare = room - len(shown) - (len(shown) < len(rows))
    for depth, task in shown:
        lines.append(_row(scene, task, depth, canvas, name_width))
        text = last_line(task) if task.state is TaskState.RUNNING and spare > 0 else ""
        if text:
            spare -= 1
            lines.append(dim(" " * (2 * depth + 4) + clipped(text, canvas.width - 2 * depth - 4)))
    return [*lines, *_hidden(rows, shown, canvas)]


def _chosen(rows: Sequence[tuple[int, Task]], room: int) -> list[tuple[int, Task]]:
    """All rows where they fit, else the liveliest, in their usual order."""
    if len(rows) <= room:
        return list(rows)
    rank = {state: place for place, state in enumerate(_IMPORTANCE)}
    order = sorted(range(len(rows)), key=lambda place: rank.get(rows[place][1].state, len(rank)))
    return [rows[place] for place in sorted(order[: max(room - 1, 1)])]


def _hidden(rows: Sequence[tuple[int, Task]], shown: Sequence[tuple[int, Task]], canvas: Canvas) -> list[str]:
    missing = len(rows) - len(shown)
    return [dim(clipped(f"  … and {missing} more", canvas.width))] if missing else []


def _row(scene: Scene, task: Task, depth: int, canvas: Canvas, name_width: int) -> str:
    name = clipped("  " * depth + task.id, name_width)
    elapsed = duration_text(_seconds(task.started_at, task.finished_at, canvas.now))
    line = f"{name:<{name_width}}  {elapsed:>6}"
    for part in _details(scene, task):
        room = canvas.width - 2 - len(line) - 2
        shown = clipped(part, room)
        if shown == part or (room >= 8 and part != _usage([task])):  # half a number would be another number
            line += "  " + shown
    return f"{_glyph(task, canvas)} {line.rstrip()}"


def _details(scene: Scene, task: Task) -> list[str]:
    who = " ".join(part for part in (task.agent or "", scene.model_of(task)) if part)
    why = _held(scene, task) or task.reason or (_outcome(task) if not task.is_good else "")
    again = f"attempt {task.attempts}" if task.attempts > 1 else ""
    return [part for part in (why, who, _usage([task]), again) if part]


def _held(scene: Scene, task: Task) -> str:
    why = scene.why(task)
    return why.text if why else ""


def _outcome(task: Task) -> str:
    return task.outcome.value.replace("_", " ") if task.outcome else ""


def _usage(tasks: Sequence[Task]) -> str:
    return " ".join(spending(tasks).texts("tok"))


def _glyph(task: Task, canvas: Canvas) -> str:
    fancy, plain, colour = _GLYPHS[task.state]
    if task.state is TaskState.RUNNING:
        frames = _SPINNER if canvas.is_unicode else _PLAIN_SPINNER
        return colour(frames[int(canvas.now.timestamp() * 8) % len(frames)])
    return colour(fancy if canvas.is_unicode else plain)


def _seconds(start: str | None, end: str | None, now: datetime) -> float | None:
    if not start:
        return None
    return ((datetime.fromisoformat(end) if end else now) - datetime.fromisoformat(start)).total_seconds()
