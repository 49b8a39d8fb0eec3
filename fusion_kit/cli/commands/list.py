"""`fusion-kit list`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from fusion_kit.cli.session import session_of
from fusion_kit.cli.style import bold, clipped, columns, red


def command(ctx: typer.Context) -> None:
    """List the workflows in .fusion/workflows, with what they are for."""
    from fusion_kit.definitions import find_workflows

    session = session_of(ctx)
    root = session.root()
    items = [_item(path, root) for path in find_workflows(root)]
    session.show.listing(items, _lines(items))
    if not items:
        session.show.say("There is no workflow in .fusion/workflows yet; `fusion-kit init` writes one.")


def _item(path: Path, root: Path) -> dict[str, Any]:
    from fusion_kit.definitions import InvalidDefinitions, load_workflow

    place = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    item: dict[str, Any] = {"name": path.stem, "path": place, "description": "", "tasks": None, "state": "draft"}
    try:
        workflow = load_workflow(place, root).workflow
    except InvalidDefinitions:
        return item
    tasks = len(workflow.tasks) + len(workflow.finally_)
    return item | {"name": workflow.name, "description": workflow.description, "tasks": tasks, "state": "ready"}


def _lines(items: list[dict[str, Any]]) -> list[str]:
    rows = [[bold(item["name"]), item["path"], _about(item)] for item in items]
    return columns(rows)


def _about(item: dict[str, Any]) -> str:
    if item["state"] == "draft":
        return red("has problems: fusion-kit validate")
    return clipped(" ".join(item["description"].split()), 60)
