"""The arguments that several commands take: a run, a workflow."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.completion import runs, workflows

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of a run, or its unambiguous beginning.", autocompletion=runs)
]
NewestRunArgument = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="Id of a run or its beginning; the newest by default.", autocompletion=runs),
]
WorkflowArgument = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="Name or path of a workflow.", autocompletion=workflows)
]
