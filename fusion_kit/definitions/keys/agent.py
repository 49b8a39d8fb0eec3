"""The keys of an agent file; what only its provider understands is checked where we ship that provider."""

from __future__ import annotations

from fusion_kit.definitions.keys.common import LIMITS, environment
from fusion_kit.definitions.keys.contexts import AGENT_ENV
from fusion_kit.definitions.keys.workflow import Version
from fusion_kit.definitions.shapes.parts import Anything, Closed, FreeMapping, Key, ListOf
from fusion_kit.definitions.shapes.scalars import Choice, Duration, Integer, Name, Text

_ANY = Anything(refuses=False)

OPTIONS: dict[str, dict[str, Key]] = {
    "command": {
        "command": Key(ListOf(Text(filled=True), filled=True), "The program and its arguments.", required=True),
        "prompt": Key(Choice(("stdin", "arg", "file")), "How it is given the prompt."),
        "output": Key(Choice(("text", "json", "jsonl")), "What it prints."),
    },
    "scripted": {
        "script": Key(Text(filled=True), "A YAML file of steps, by its path from this one."),
        "steps": Key(ListOf(_ANY), "What it does, in order."),
        "tasks": Key(FreeMapping(_ANY), "Steps of their own for some tasks, by id or glob."),
    },
}

_KEYS: dict[str, Key] = {
    "version": Key(Version(), "The version of this format: 1."),
    "name": Key(Name(), "Its name; by default that of its file."),
    "description": Key(Text(), "What it is for."),
    "provider": Key(Name(), "Who does the work: a preset, an API, `command` or `scripted`.", required=True),
    "model": Key(Text(filled=True), "The model, as the provider names it."),
    "capabilities": Key(ListOf(Name(), one=True, unique=True), "What a task may ask for."),
    "instructions": Key(Text(), "What it is told before every prompt."),
    "max_parallel": Key(Integer(1), "How many of it may live at once, each in a workspace of its own."),
    "permissions": Key(Choice(("read-only", "workspace-write", "full")), "What its program is allowed."),
    "sandbox": Key(
        Choice(("none", "bubblewrap", "landlock")),
        "What is put around its program. With none, the default, it may do to this machine whatever you may do. "
        "This release has no sandbox yet and refuses a run that asks for one. Sandboxed implies `isolation: clone`.",
    ),
    "isolation": Key(Choice(("worktree", "clone", "none")), "What its workspace shares with the repository."),
    "env": Key(environment(AGENT_ENV), "Environment variables of its program."),
    "limits": Key(LIMITS, "Hard ceilings of one task."),
    "timeouts": Key(
        Closed(
            '"timeouts"',
            {
                "first_output": Key(Duration(), "The most time until it says anything."),
                "idle": Key(Duration(), "The most silence while nothing of it is busy."),
                "total": Key(Duration(), "The most time one attempt may take."),
                "grace": Key(Duration(zero=True), "The wait between interrupt, terminate and kill."),
            },
        ),
        "When it counts as stuck.",
    ),
    "fallback": Key(ListOf(Name(), one=True, unique=True), "The next agents to try when its provider cannot start."),
    "options": Key(FreeMapping(_ANY), "What only its provider understands."),
}
_SYNONYMS = {
    "runner": "provider",
    "timeout": "timeouts",
    "tools": "options",
    "skills": "capabilities",
    "cmd": "command",
}


def agent_keys(provider: str) -> Closed:
    """Return the keys of an agent of a provider."""
    return Closed("the agent", {**_KEYS, **OPTIONS.get(provider, {})}, synonyms=_SYNONYMS, open_ended=True)


OWN_KEYS = frozenset(_KEYS)
