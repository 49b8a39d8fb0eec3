"""What the stories share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.stories.stage import Stage, opened

Opens = Callable[..., Stage]


@pytest.fixture
def open_stage(tmp_path: Path) -> Iterator[Opens]:
    """Opens stages; whatever of their runners is left at the end of a test is killed."""
    stages: list[Stage] = []

    def opens(files: Callable[[Path], Mapping[str, str]], name: str = "stage", *, commit: bool = True) -> Stage:
        folder = tmp_path / name
        stages.append(opened(folder, files(folder / "home" / "effects"), commit=commit))
        return stages[-1]

    yield opens
    for stage in stages:
        for runner in stage.runners:
            if not runner.is_over:
                runner.kill()


def torture(sample: int) -> int:
    """How long a long loop is: FUSION_TORTURE says so, otherwise a sample."""
    return int(os.environ.get("FUSION_TORTURE") or sample)
