"""Names of branches that a run could not have, told before anything of it begins; nothing is written to find out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fusion_kit.bootstrap.premises import Premises
    from fusion_kit.coordination.requests import Bundle, RunRequest


def refuse_names(premises: Premises, bundle: Bundle, request: RunRequest) -> None:
    """Raise `NameTaken` where a branch is in the way of ours, and `BadName` for a target that no branch can be."""
    if not premises.is_in_git:
        return
    from fusion_kit.coordination.acceptance import target_of
    from fusion_kit.definitions.expressions.evaluate import Expressions
    from fusion_kit.workspaces.command import Git, Place
    from fusion_kit.workspaces.repository import refuse_taken_name

    refuse_taken_name(Git(), Place(premises.state.parent))
    target = target_of(Expressions(), bundle, request.inputs, "a-run")
    if target is not None:
        asyncio.run(premises.workspaces().tip(target))  # a look that refuses what can be no name
