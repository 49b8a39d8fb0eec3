"""What the shell completes beyond options: names of workflows and ids of runs; never an error, never slow."""

from __future__ import annotations

from pathlib import Path

from fusion_kit.core.errors import FusionError

_NEWEST = 50


def workflows(incomplete: str) -> list[str]:
    """Return the workflows whose name begins so."""
    from fusion_kit.bootstrap import find_project
    from fusion_kit.definitions import find_workflows

    try:
        return [path.stem for path in find_workflows(find_project(Path.cwd())) if path.stem.startswith(incomplete)]
    except (FusionError, OSError):
        return []


def runs(incomplete: str) -> list[str]:
    """Return the newest runs whose id begins so."""
    from fusion_kit.bootstrap import find_project, open_project

    try:
        found = open_project(find_project(Path.cwd())).views.runs(limit=_NEWEST)
    except (FusionError, OSError):
        return []
    return [run.id for run in found if run.id.startswith(incomplete)]
