"""The program of `provider: scripted`: does what its steps say and tells it in JSON lines.

Run by path as `python -I -S scripted_program.py SCRIPT.json`, so it starts in milliseconds and needs only the standard
library. What the steps mean is said in `steps.py`, which has checked them.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

Step = dict[str, Any]

ALL = re.compile(r"\{(?:(task|key|agent|attempt|run|turn|prompt|answer)|(input|env):([A-Za-z0-9_.-]+))\}")
SAFE = re.compile(r"\{(task|key|agent|attempt|run|turn)\}")  # ids and numbers, which the engine has made
NAMED = {"task": "FUSION_TASK_ID", "agent": "FUSION_AGENT_ID", "run": "FUSION_RUN_ID"}
_CHUNK_BYTES = 1 << 20
_POLL_S = 0.02


class Agent:
    """What the agent remembers while it works."""

    def __init__(self) -> None:
        """Begin with nothing said, made or used."""
        self.reply = "Done."
        self.answer = ""
        self.turn = 0
        self.outputs: dict[str, Any] = {}
        self.usage: dict[str, float] = {}
        self.linger_s = 0.0


def main(script: Path) -> int:
    """Do the steps that `script` has for this task, then give the result; return the exit code."""
    agent = Agent()
    plan = json.loads(script.read_text("utf-8"))
    emit({"type": "start", "agent": env("FUSION_AGENT_ID"), "task": env("FUSION_TASK_ID"), "attempt": attempt()})
    perform(agent, chosen(plan, env("FUSION_TASK_ID")))
    give(agent)
    rest(agent.linger_s)
    return 0


def chosen(plan: Step, task: str) -> list[Step]:
    """Return the steps of the first pattern that fits the task's id, else those for every task."""
    fitting = (steps for pattern, steps in plan["tasks"].items() if fnmatchcase(task, pattern))
    steps: list[Step] = next(fitting, plan["steps"])
    return steps


def perform(agent: Agent, steps: list[Step]) -> None:
    """Do the steps in order."""
    for step in steps:
        DO[step["do"]](agent, step)


def give(agent: Agent, error: Step | None = None) -> None:
    """Print the result: the event after which nothing more is to be expected."""
    usage = {name: agent.usage[name] for name in agent.usage if name != "cost_usd"}
    result = {
        "type": "result",
        "result": agent.reply if error is None else error["message"],
        "is_error": error is not None,
        "error": error,
        "outputs": agent.outputs if agent.outputs and not env("FUSION_OUTPUT") else None,
        "usage": usage or None,
        "cost_usd": agent.usage.get("cost_usd"),
        "session_id": f"scripted-{env('FUSION_ATTEMPT_ID')}" if env("FUSION_ATTEMPT_ID") else None,
    }
    emit({name: value for name, value in result.items() if value is not None})


def emit(event: Step) -> None:
    """Print one event as one line."""
    sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def rest(seconds: float) -> None:
    """Wait, using nothing."""
    time.sleep(seconds)  # noqa: TID251 - a program of its own, with a clock of its own


def env(name: str) -> str:
    """Return a variable of the environment, or nothing."""
    return os.environ.get(name, "")


def attempt() -> int:
    """Return the number of this attempt, counted from 1: $FUSION_ATTEMPT, or the digits that end its id."""
    digits = re.search(r"\d+$", env("FUSION_ATTEMPT") or env("FUSION_ATTEMPT_ID"))
    return int(digits[0]) if digits else 1


@cache
def prompt() -> str:
    """Return all of standard input."""
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def filled(agent: Agent, text: str, names: re.Pattern[str] = ALL) -> str:
    """Return `text` with its placeholders replaced, once: what comes in is not looked at again."""
    return names.sub(lambda found: _value(agent, *found.groups()), text)


def _value(agent: Agent, plain: str | None, kind: str = "", name: str = "") -> str:
    if plain is None:
        return env(name) if kind == "env" else env("INPUT_" + re.sub(r"[^A-Z0-9]", "_", name.upper()))
    if plain in NAMED:
        return env(NAMED[plain])
    if plain == "key":
        return re.split(r"[.~]", env("FUSION_TASK_ID").partition("@")[2])[0]
    return prompt() if plain == "prompt" else str({"attempt": attempt(), "turn": agent.turn}.get(plain, agent.answer))


def filled_value(agent: Agent, value: Any) -> Any:
    """Return a JSON value with the placeholders in all its texts replaced."""
    if isinstance(value, str):
        return filled(agent, value)
    if isinstance(value, list):
        return [filled_value(agent, item) for item in value]
    if isinstance(value, dict):
        return {name: filled_value(agent, item) for name, item in value.items()}
    return value


def fail(agent: Agent, step: Step) -> NoReturn:
    """Give an error as the result and end."""
    error = {"message": filled(agent, step.get("error", "It was told to fail.")), "code": step.get("code", "scripted")}
    if "retry_after" in step:
        error["retry_after_s"] = step["retry_after"]
    give(agent, error)
    sys.stderr.write(error["message"] + "\n")
    sys.exit(step.get("exit_code", 1))


def _say(agent: Agent, step: Step) -> None:
    agent.reply = filled(agent, step["text"])
    emit({"type": "text", "text": agent.reply})


def _progress(agent: Agent, step: Step) -> None:
    emit({"type": "progress", "text": filled(agent, step["text"])})


def _print_raw(agent: Agent, step: Step) -> None:
    once = bytes.fromhex(step["hex"]) if "hex" in step else filled(agent, step.get("text", "")).encode()
    once += b"\n" if step.get("newline", True) else b""
    stream = getattr(sys, step.get("stream", "stdout")).buffer
    left, at_once = step.get("times", 1), max(1, _CHUNK_BYTES // max(1, len(once)))
    while left > 0:
        stream.write(once * min(left, at_once))
        left -= at_once
    stream.flush()


def _write(agent: Agent, step: Step) -> None:
    for name, text in step["files"].items():
        path = Path(filled(agent, name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if step["do"] == "append" else "w", encoding="utf-8", newline="") as file:
            file.write(filled(agent, text))
        emit({"type": "edit", "how": step["do"], "path": str(path)})


def _replace(agent: Agent, step: Step) -> None:
    path = Path(filled(agent, step["path"]))
    old, new = filled(agent, step["old"]), filled(agent, step["new"])
    text = path.read_text("utf-8") if path.is_file() else ""
    if old not in text:
        fail(agent, {"error": f"{path} does not hold {old!r}", "code": "edit"})
    path.write_text(text.replace(old, new), "utf-8", newline="")
    emit({"type": "edit", "how": "replace", "path": str(path)})


def _delete(agent: Agent, step: Step) -> None:
    for name in step["paths"]:
        path = Path(filled(agent, name))
        path.unlink(missing_ok=True)
        emit({"type": "edit", "how": "delete", "path": str(path)})


def _run(agent: Agent, step: Step) -> None:
    argv: list[str] = step["argv"]
    names = SAFE if argv[:2] == ["sh", "-c"] else ALL  # what a stranger wrote never becomes shell source
    argv = [filled(agent, word, names) for word in argv]
    sys.stdout.flush()
    _, status = os.waitpid(os.posix_spawnp(argv[0], argv, os.environ), 0)
    code = os.waitstatus_to_exitcode(status)
    emit({"type": "ran", "argv": argv, "exit_code": code})
    if code:
        fail(agent, {"error": f"{argv[-1]!r} ended with {code}", "code": "command"})


def _compute(_: Agent, step: Step) -> None:
    end = time.process_time() + step["seconds"]
    while time.process_time() < end:
        sum(range(1000))


def _use(agent: Agent, step: Step) -> None:
    for name in step.keys() - {"do"}:
        agent.usage[name] = agent.usage.get(name, 0) + step[name]


def _output(agent: Agent, step: Step) -> None:
    agent.outputs |= filled_value(agent, step["values"])
    if env("FUSION_OUTPUT"):
        Path(env("FUSION_OUTPUT")).write_text(json.dumps(agent.outputs), "utf-8")


def _ask(agent: Agent, step: Step) -> None:
    question = filled(agent, step["question"])
    path = Path(filled(agent, step.get("file", "answer.txt")))
    emit({"type": "question", "text": question, "file": str(path)})
    end = time.monotonic() + step.get("within", 0.0)
    while not path.is_file():
        if time.monotonic() >= end:
            fail(agent, {"error": f"Nobody answered: {question}", "code": "no-answer"})
        rest(_POLL_S)
    agent.answer = path.read_text("utf-8").strip()


def _flaky(agent: Agent, step: Step) -> None:
    if attempt() <= step.get("failures", 1):
        fail(agent, {"error": f"Attempt {attempt()} was told to fail.", "code": "flaky"} | step)


def _ignore(_: Agent, step: Step) -> None:
    for name in step["signals"]:
        signal.signal(signal.Signals[f"SIG{name}"], signal.SIG_IGN)


def _spawn(_: Agent, step: Step) -> None:
    argv = ["sleep", str(step.get("seconds", 60))]
    for _number in range(step.get("count", 1)):
        if step.get("detached"):
            _detached(argv)
        else:
            os.posix_spawnp(argv[0], argv, os.environ)


def _detached(argv: list[str]) -> None:
    """Start a program in a session of its own, by a parent that is gone at once."""
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    os.setsid()
    if os.fork() == 0:
        os.execvp(argv[0], argv)
    os._exit(0)


def _linger(agent: Agent, step: Step) -> None:
    agent.linger_s = step["seconds"]


def _repeat(agent: Agent, step: Step) -> None:
    for agent.turn in range(1, step.get("times", 1) + 1):
        perform(agent, step["steps"])


DO: dict[str, Callable[[Agent, Step], None]] = {
    "say": _say,
    "progress": _progress,
    "print": _print_raw,
    "write": _write,
    "append": _write,
    "replace": _replace,
    "delete": _delete,
    "run": _run,
    "wait": lambda _, step: rest(step["seconds"]),
    "compute": _compute,
    "use": _use,
    "output": _output,
    "ask": _ask,
    "fail": fail,
    "flaky": _flaky,
    "exit": lambda _, step: sys.exit(step["code"]),
    "kill": lambda _, step: os.kill(os.getpid(), signal.Signals[f"SIG{step['signal']}"]),
    "ignore": _ignore,
    "spawn": _spawn,
    "linger": _linger,
    "repeat": _repeat,
}

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
