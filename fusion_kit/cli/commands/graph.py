"""`fusion-kit graph WORKFLOW`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fusion_kit.cli.arguments import WorkflowArgument
from fusion_kit.cli.session import session_of


class Format(StrEnum):
    """How a graph is written."""

    ASCII = "ascii"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


def command(
    ctx: typer.Context,
    workflow: WorkflowArgument,
    style: Annotated[Format, typer.Option("--format", help="How the graph is written.")] = Format.ASCII,
) -> None:
    """Print a workflow's graph: for people, for Mermaid or Graphviz, or as JSON."""
    from fusion_kit.cli.drawing import ascii_lines, dot_lines, edges_of, graph_document, mermaid_lines
    from fusion_kit.definitions import load_workflow

    session = session_of(ctx)
    spec = load_workflow(session.workflow(workflow), session.root()).workflow
    document = graph_document(spec)
    if style is Format.JSON:
        session.choose({"output": session.settings.output.or_json})
    writer = {Format.MERMAID: mermaid_lines, Format.DOT: dot_lines}.get(style, ascii_lines)
    session.show.document(document, writer(spec, edges_of(spec)))
