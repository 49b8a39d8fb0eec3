"""Going on with a run that has a living owner: the owner is told, and goes on where it is."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.cli.project import Project
from fusion_kit.cli.session import Session
from fusion_kit.cli.steering import person, tell
from fusion_kit.core.states import FINAL_RUNS, RunState


def goes_on_elsewhere(session: Session, project: Project, run: str, settings: Mapping[str, object]) -> bool:
    """Tell the living owner of a run that stands still, or of new settings, and say so; False where there is none."""
    row = project.views.run(run)
    stands_still = row.pause_requested or row.state is RunState.PAUSED
    if row.state in FINAL_RUNS or not (stands_still or settings) or not project.is_owned(run):
        return False
    if not project.let_go_on(run, person(), settings):
        return False
    changed = ", ".join(f"{name} = {value}" for name, value in settings.items())
    parts = ["goes on"] * stands_still + [f"{changed} from now on"] * bool(changed)
    tell(session, project, run, f"{run} {', '.join(parts)}, in the process that has it")
    return True
