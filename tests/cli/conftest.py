"""Fixtures of the command line's tests."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.cli.fakes import FakeProject, FakeProjects


@pytest.fixture
def project(tmp_path: Path) -> FakeProject:
    """A project in which nothing has happened yet."""
    return FakeProject(tmp_path)


@pytest.fixture
def projects(project: FakeProject) -> FakeProjects:
    """The way into it."""
    return FakeProjects(project)


@pytest.fixture(autouse=True)
def _no_litter(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracebacks that are written for a person lie where pytest tidies up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.getbasetemp()))
