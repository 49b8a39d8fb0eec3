"""Start-up is cheap: what a command does not need is not imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fusion_kit.cli.table import COMMANDS

NEVER = (
    "fastapi", "uvicorn", "git", "httpx", "cryptography", "pydantic", "yaml", "sqlite3", "rich", "asyncio", "psutil",
)  # fmt: skip
ROOMS = (
    "coordination", "definitions", "persistence", "processes", "workspaces", "providers", "bootstrap", "testing",
)  # fmt: skip


def _imported(*words: str) -> set[str]:
    """The modules a real process has loaded when it leaves."""
    code = (
        "import sys; from fusion_kit.cli.main import call; from fusion_kit.cli.project import Bootstrap; "
        "code = call(sys.argv[1:], Bootstrap()); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def _tops(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules} | {
        ".".join(module.split(".")[:2]) for module in modules if module.startswith("fusion_kit.")
    }


@pytest.mark.parametrize(
    "words",
    [["--help"], ["version"], ["version", "-o", "json"], ["run", "--help"], ["events", "-h"], ["secret", "set", "-h"]],
    ids=" ".join,
)
def test_help_and_version_import_nothing_that_they_do_not_need(words: list[str]) -> None:
    tops = _tops(_imported(*words))
    assert tops & {*NEVER, *(f"fusion_kit.{room}" for room in ROOMS)} == set()


@pytest.mark.parametrize("words", [["--help"], ["secret", "--help"]], ids=" ".join)
def test_help_imports_no_command(words: list[str]) -> None:
    assert [module for module in _imported(*words) if module.startswith("fusion_kit.cli.commands")] == []


def test_a_command_imports_no_other_command() -> None:
    found = {module for module in _imported("version") if module.startswith("fusion_kit.cli.commands.")}
    assert found == {"fusion_kit.cli.commands.version"}


def test_every_command_of_the_table_can_be_loaded() -> None:
    code = (
        "import importlib, sys; "
        "found = [word.split(':') for word in sys.argv[1:]]; "
        "[getattr(importlib.import_module(name), function) for name, function in found]"
    )
    functions = [
        (entry.name, f"{child.name}_command" if child else "command")
        for entry in COMMANDS
        for child in entry.children or (None,)
    ]
    names = [f"fusion_kit.cli.commands.{name}:{function}" for name, function in functions]
    assert subprocess.run([sys.executable, "-c", code, *names], check=False, env=dict(os.environ)).returncode == 0
