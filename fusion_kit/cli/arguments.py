"""The arguments that several commands take: a run, a workflow, a task that asks, secrets given anew."""

from __future__ import annotations

from pathlib import Path
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
AskingTaskArgument = Annotated[
    str | None, typer.Argument(metavar="TASK", help="The task that asks; it may be left out if only one does.")
]
SecretFilesAnew = Annotated[
    list[Path] | None,
    typer.Option("--secret-file", metavar="FILE", help="The run's secrets anew: they are never recorded."),
]
