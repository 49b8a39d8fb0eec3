"""Agent files for the programs found on a machine, each a plain `provider: command`."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Call:
    """How a program is called without a person: it reads the prompt and may edit files."""

    command: tuple[str, ...]
    output: str
    prompt: str = "stdin"


_CALLS = {
    "claude": _Call(("claude", "-p", "--output-format", "json", "--permission-mode", "acceptEdits"), "json"),
    "codex": _Call(("codex", "exec", "--json", "--sandbox", "workspace-write", "--skip-git-repo-check", "-"), "jsonl"),
    "gemini": _Call(("gemini", "-o", "stream-json", "--approval-mode", "yolo"), "jsonl"),
    "qwen": _Call(("qwen", "-o", "stream-json", "--approval-mode", "yolo"), "jsonl"),
    "opencode": _Call(("opencode", "run", "--format", "json"), "jsonl"),
    "copilot": _Call(
        ("copilot", "--output-format", "json", "--allow-all-tools", "--no-ask-user", "--no-auto-update"), "jsonl"
    ),
    "aider": _Call(
        ("aider", "--yes-always", "--no-auto-commits", "--no-pretty", "--message-file", "{prompt_file}"), "text", "file"
    ),
}

_TEMPLATE = """\
# {product}, as `fusion-kit init` found it here. To let it do the work, name it in a workflow (`agent: {program}`), or
# copy its `provider`, `command`, `prompt` and `output` into planner.yaml, implementer.yaml and reviewer.yaml.
name: {program}
description: {product}.
provider: command
command: {command}
prompt: {prompt}
output: {output}
capabilities: [coding, planning, review]
max_parallel: 2
sandbox: none # it may do to this machine whatever you may do
timeouts: {{ first_output: 5m, idle: 10m, total: 1h }}
"""


def agent_file(program: str, product: str) -> str | None:
    """Return the YAML of an agent for `program`; None where we do not know how it is called without a person."""
    call = _CALLS.get(program)
    if call is None:
        return None
    command = json.dumps(call.command)
    return _TEMPLATE.format(program=program, product=product, command=command, prompt=call.prompt, output=call.output)
