"""Fixtures of the first minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.first_minutes.newcomer import Newcomer, newcomer


@pytest.fixture
def ada(tmp_path: Path) -> Newcomer:
    """A newcomer in an empty folder that is no repository."""
    return newcomer(tmp_path)
