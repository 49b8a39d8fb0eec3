"""Fixtures of the command line's tests."""

from __future__ import annotations

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
