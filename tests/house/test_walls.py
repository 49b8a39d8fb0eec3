"""The walls stand, and each of them is seen to stop a sin."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

SINS = {
    "coordination imports a column": ("coordination/sin.py", "import fusion_kit.persistence"),
    "a column imports another column": ("workspaces/sin.py", "import fusion_kit.processes"),
    "core imports a floor above": ("core/sin.py", "import fusion_kit.coordination"),
    "core takes the time": ("core/sin.py", "import time"),
    "a command imports another command": ("cli/commands/ps.py", "import fusion_kit.cli.commands.status"),
    "a provider imports another provider": ("providers/shell.py", "import fusion_kit.providers.command"),
    "persistence starts a child": ("persistence/sin.py", "import subprocess"),
    "the engine writes the log itself": ("coordination/sin.py", "import fusion_kit.persistence.log"),
    "a new room has no place on the plan": ("sin/__init__.py", ""),
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package with its walls."""
    shutil.copytree(ROOT / "fusion_kit", tmp_path / "fusion_kit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _inspected(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINTER, "--no-cache"], cwd=house, capture_output=True, text=True, check=False)


def test_the_house_keeps_its_walls(house: Path) -> None:
    done = _inspected(house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("sin", SINS)
def test_a_planted_sin_is_found(house: Path, sin: str) -> None:
    place, line = SINS[sin]
    path = house / "fusion_kit" / place
    path.parent.mkdir(exist_ok=True)
    before = path.read_text() if path.exists() else '"""A sin."""\n'
    path.write_text(f"{before}\n{line}\n")
    done = _inspected(house)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout or "not listed" in done.stdout or "Missing" in done.stdout, done.stdout
