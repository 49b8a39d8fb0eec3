"""`provider: scripted`: a deterministic agent that does what a few steps say, for trying, demonstrating and testing.

    steps: [...]                        what it does; every step is explained in `steps.py`
    tasks: {"implement@add*": [...]}    instead of `steps` for tasks whose id fits; the first that fits counts
    script: planner.steps.yaml          a file with `steps` and `tasks`, by its path from the agent's file

It needs no key and no network, costs nothing, and is a program like any other agent's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from fusion_kit.core.work import Invocation, Order, Report, Transcript
from fusion_kit.providers import strict_json, verdict
from fusion_kit.providers.answers import answer
from fusion_kit.providers.errors import BadScript, bad_option
from fusion_kit.providers.recordings import object_lines
from fusion_kit.providers.steps import FORMS, Step, WrongStep, checked

PROGRAM = Path(__file__).with_name("scripted_program.py")
RESULT_MARKER = '"type":"result"'
_SCRIPT_FILE = "script.json"


class Scripted:
    """The provider `scripted`."""

    def invocation(self, order: Order) -> Invocation:
        """Return the program with its steps in a file; raises `BadScript`, `BadOption`."""
        script = json.dumps(_plan(order))
        return Invocation(
            argv=(sys.executable, "-I", "-S", str(PROGRAM), str(order.folder / _SCRIPT_FILE)),
            stdin=order.prompt,
            files={_SCRIPT_FILE: script},
            result_marker=RESULT_MARKER,
        )

    def report(self, order: Order, transcript: Transcript) -> Report:
        """Return what its result event says; without one there is no answer, whatever was said before."""
        objects = filter(None, map(strict_json.parsed_object, object_lines(transcript.out)))
        results = (found for found in objects if found.get("type") == "result")
        return verdict.report(order, transcript, answer(results))


def _plan(order: Order) -> dict[str, object]:
    told = order.agent.options
    if "script" in told:
        told = _read(order, str(told["script"]))
    if not told.keys() & {"steps", "tasks"}:
        raise bad_option(order.agent, "scripted", "it has neither `steps` nor `tasks` nor `script`")
    try:
        return {"steps": checked(told.get("steps", [])), "tasks": _tasks(told.get("tasks", {}))}
    except WrongStep as error:
        known = ", ".join(FORMS)
        raise BadScript(agent=order.agent.name, place=error.place, reason=error.reason, known=known) from None


def _tasks(told: object) -> dict[str, list[Step]]:
    if not isinstance(told, Mapping):
        raise WrongStep(place="tasks", reason="it must be a mapping of task ids to steps")
    return {str(pattern): checked(steps, f"tasks[{pattern}]") for pattern, steps in told.items()}


def _read(order: Order, name: str) -> Mapping[str, object]:
    """Read a script that lies beside the agent's own file: the person's, never one from a workspace."""
    from fusion_kit.providers.script_file import load

    root = Path(order.env.get("FUSION_PROJECT_ROOT") or order.workspace)
    try:
        return load(root / Path(order.agent.source).parent / name)
    except (OSError, ValueError) as error:
        raise bad_option(order.agent, "script", f"{name}: {error}") from None
