"""What is shipped: the wheel, the container, the CI of a clone."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.documents import ROOT

CACHES = {"__pycache__", ".ruff_cache", ".pytest_cache", ".mypy_cache"}


def _names(folder: str) -> set[str]:
    listed = [path for path in (ROOT / folder).rglob("*") if path.is_file() and not CACHES & set(path.parts)]
    return {f"fusion_kit/{path.relative_to(ROOT).as_posix()}" for path in listed}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_carries_schemas_templates_and_sql(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    wanted = _names("schemas") | _names("templates")
    wanted |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "fusion_kit").rglob("*.sql")}
    assert wanted - shipped == set()


def test_the_wheel_has_the_program_and_its_types(wheel: zipfile.ZipFile) -> None:
    entry_points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "fusion-kit = fusion_kit.cli.main:main" in wheel.read(entry_points).decode()
    assert "fusion_kit/py.typed" in wheel.namelist()


def test_the_wheel_has_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.startswith("fusion_kit")} == set()
    assert [name for name in wheel.namelist() if CACHES & set(name.split("/"))] == []


def _compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_the_compose_file_names_two_services_and_the_volume_they_use() -> None:
    compose = _compose()
    assert set(compose) == {"services", "volumes"}
    assert set(compose["services"]) == {"fusion-kit", "redis"}
    named = {volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert {name for name in named if not name.startswith("$")} == set(compose["volumes"])


def test_redis_starts_only_when_it_is_asked_for() -> None:
    services = _compose()["services"]
    assert services["redis"]["profiles"] == ["redis"]
    assert "profiles" not in services["fusion-kit"]
    assert services["fusion-kit"]["command"] == ["version"]


def test_docker_compose_accepts_the_file_where_there_is_one() -> None:
    """Where there is none the two tests above have checked its structure."""
    if subprocess.run(["sh", "-c", "docker compose version"], capture_output=True, check=False).returncode == 0:
        argv = ["docker", "compose", "config", "--quiet"]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_image_starts_the_program_as_somebody_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert 'ENTRYPOINT ["fusion-kit"]' in lines
    assert "USER fusion" in lines
    assert next(line for line in lines if line.startswith("FROM")) == "FROM python:3.12-slim"


def test_actions_are_pinned_to_a_major_version() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", name)] == []


def test_ci_of_a_clone_runs_two_systems_and_three_pythons() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert jobs["test"]["strategy"]["matrix"] == {
        "os": ["ubuntu-latest", "macos-latest"],
        "python": ["3.11", "3.12", "3.13"],
    }
    assert {"run": "make test"} in jobs["test"]["steps"]


def test_ci_turns_missing_tools_into_failures() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    text = script.read_text()
    assert "set -euo pipefail" in text
    assert 'export CI="${CI:-true}"' in text


def test_no_registry_is_named_anywhere() -> None:
    texts = [ROOT / "Makefile", ROOT / "tools" / "venv.sh", ROOT / "Dockerfile", ROOT / "pyproject.toml"]
    assert [
        path.name for path in texts if re.search(r"index-url|https?://(?!keepachangelog|semver)", path.read_text())
    ] == []


def test_a_machine_without_a_usable_python_is_told_so(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    script = ROOT / "tools" / "venv.sh"
    done = subprocess.run(
        ["/bin/sh", script, tmp_path / "venv", "dev"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "fusion-kit needs Python 3.11 or newer with venv; none was found. "
        "Name one: make setup PYTHON=/path/to/python3\n"
    )
