"""Which agent programs are installed here: names only, nothing is started."""

from __future__ import annotations

import shutil
from collections.abc import Callable

KNOWN = {
    "claude": "Claude Code",
    "codex": "Codex CLI",
    "gemini": "Gemini CLI",
    "qwen": "Qwen Code",
    "opencode": "OpenCode",
    "copilot": "GitHub Copilot CLI",
    "cline": "Cline",
    "pi": "pi",
    "cn": "Continue",
    "aider": "aider",
    "mini": "mini-swe-agent",
    "llm": "llm",
    "vibe": "Mistral Vibe",
    "gptme": "gptme",
    "droid": "Factory droid",
    "cursor-agent": "Cursor Agent",
    "amp": "Amp",
}


def installed(which: Callable[[str], str | None] = shutil.which) -> dict[str, str]:
    """Return program -> product for the agent programs that `which` finds."""
    return {program: product for program, product in KNOWN.items() if which(program)}
