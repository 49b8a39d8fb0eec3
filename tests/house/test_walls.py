"""The walls stand, and each of them is seen to stop a sin."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")

FLOORS = "floors: a room imports only from the floors below it; the columns never touch"
SINS = {
    "coordination imports a column": (FLOORS, "coordination/sin.py", "import fusion_kit.persistence"),
    "a column imports another column": (FLOORS, "workspaces/sin.py", "import fusion_kit.processes"),
    "core imports a floor above": (FLOORS, "core/sin.py", "import fusion_kit.coordination"),
    "a new room has no place on the plan": (FLOORS, "sin/__init__.py", ""),
    "core takes the time": ("core is pure", "core/sin.py", "import time"),
    "two files import each other": ("no circles anywhere", "core/errors.py", "import fusion_kit.core.ids"),
    "a command imports another command": (
        "commands do not know each other",
        "cli/commands/ps.py",
        "import fusion_kit.cli.commands.status",
    ),
    "a provider imports another provider": (
        "providers do not know each other",
        "providers/shell.py",
        "import fusion_kit.providers.command",
    ),
    "persistence starts a child": (
        "only processes and workspaces start a child",
        "persistence/sin.py",
        "import subprocess",
    ),
    "the engine writes the log itself": (
        "only the ledger writes",
        "coordination/sin.py",
        "import fusion_kit.persistence.log",
    ),
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
    contract, place, line = SINS[sin]
    path = house / "fusion_kit" / place
    path.parent.mkdir(exist_ok=True)
    before = path.read_text() if path.exists() else '"""A sin."""\n'
    path.write_text(f"{before}\n{line}\n")
    done = _inspected(house)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
