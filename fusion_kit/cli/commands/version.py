"""`fusion-kit version`."""

from __future__ import annotations

import platform
import sys

import typer

from fusion_kit import __version__
from fusion_kit.cli.session import session_of


def command(ctx: typer.Context) -> None:
    """Print the version of fusion-kit, and the Python and system it runs on."""
    machine = {"version": __version__, "python": platform.python_version(), "system": sys.platform}
    session_of(ctx).show.document(machine, [f"fusion-kit {__version__}"])
