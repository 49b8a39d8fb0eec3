"""The options for CI that `run`, `resume` and `retry` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write a JUnit XML report at the end.")]
SummaryFile = Annotated[
    Path | None, typer.Option("--summary", metavar="FILE", help="Write a summary in Markdown at the end.")
]
Nested = Annotated[bool, typer.Option("--nested", help="Do it even inside a task of another run.")]
