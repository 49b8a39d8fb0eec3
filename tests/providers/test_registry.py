"""Who can do the work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fusion_kit.core.workflow import AgentSpec
from fusion_kit.providers import detect
from fusion_kit.providers.command import Command
from fusion_kit.providers.errors import ProviderBroken, UnknownProvider
from fusion_kit.providers.registry import BUILT_IN, Registry, known
from fusion_kit.providers.scripted import Scripted
from fusion_kit.providers.shell import Shell


def agent(provider: str) -> AgentSpec:
    return AgentSpec("robot", provider)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with an installed package that adds providers; returns the folder."""
    (tmp_path / "guest_agents.py").write_text(
        "from fusion_kit.providers.shell import Shell\n"
        "class Guest(Shell): pass\n"
        "class Fussy:\n"
        "    def __init__(self): raise KeyError('x')\n"
    )
    info = tmp_path / "guest_agents-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest-agents\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[fusion_kit.providers]\nguest = guest_agents:Guest\nfussy = guest_agents:Fussy\nlost = nowhere_agents:Lost\n"
        "shell = guest_agents:Guest\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("name", "kind"), [("shell", Shell), ("command", Command), ("scripted", Scripted)])
def test_the_built_in_ones_are_there(name: str, kind: type) -> None:
    assert type(Registry().provider(agent(name))) is kind


def test_an_unknown_one_is_refused_with_the_nearest_and_all(installed: Path) -> None:
    with pytest.raises(UnknownProvider) as caught:
        Registry().provider(agent("scriptd"))
    assert str(caught.value) == "There is no provider 'scriptd'."
    assert caught.value.way_out.startswith(
        "Did you mean 'scripted'? Known are command, fussy, guest, lost, scripted, shell."
    )


def test_an_installed_package_adds_one(installed: Path) -> None:
    assert type(Registry().provider(agent("guest"))).__name__ == "Guest"


def test_a_built_in_name_cannot_be_taken_over(installed: Path) -> None:
    assert type(Registry().provider(agent("shell"))) is Shell
    assert known()["shell"] == BUILT_IN["shell"]


@pytest.mark.parametrize(("name", "reason"), [("fussy", "'x'"), ("lost", "No module named 'nowhere_agents'")])
def test_one_that_cannot_be_loaded_is_named_with_its_reason(installed: Path, name: str, reason: str) -> None:
    with pytest.raises(ProviderBroken) as caught:
        Registry().provider(agent(name))
    assert caught.value.facts["reason"] == reason


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = "import sys, fusion_kit.providers.registry; print(sorted(m for m in sys.modules if 'fusion_kit.p' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = ["fusion_kit.providers", "fusion_kit.providers.errors", "fusion_kit.providers.registry"]
    assert done.stdout.strip() == str(expected)


def test_agent_programs_are_found_by_name() -> None:
    found = detect.installed(lambda program: f"/bin/{program}" if program in ("codex", "aider", "ls") else None)
    assert found == {"codex": "Codex CLI", "aider": "aider"}
