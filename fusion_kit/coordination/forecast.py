"""What a run would do, told without doing it."""

from __future__ import annotations

from fusion_kit.coordination.forecasting.foretold import Forecast
from fusion_kit.coordination.forecasting.place import Place
from fusion_kit.coordination.forecasting.playing import Play
from fusion_kit.coordination.forecasting.world import Missing, Remembered, World, nothing_remembered
from fusion_kit.coordination.ports import Expressions
from fusion_kit.coordination.requests import RunRequest
from fusion_kit.coordination.selection import selected

__all__ = ["Forecast", "Missing", "Remembered", "World", "forecast", "nothing_remembered", "play"]


def forecast(request: RunRequest, expressions: Expressions, missing: Missing) -> list[Forecast]:
    """Return what would become of every node, as far as it can be known now, in the order in which they would run."""
    return play(request, World(expressions, missing))


def play(request: RunRequest, world: World) -> list[Forecast]:
    """Return the same with what is known of the world: the cache, the commit it starts from, an earlier run.

    Raises `NoSuchTask`.
    """
    bundle = selected(request.bundle, request.until or request.only)
    workflow = bundle.workflow
    player = Play(request, bundle, world)
    main = Place(workflow, request.inputs, workflow.env)
    lines = player.play(main)
    if workflow.finally_:  # it builds upon the run's result
        lines += player.play(Place(workflow, request.inputs, workflow.env, main=main, code=None))
    return lines
