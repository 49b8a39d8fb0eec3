"""`fusion-kit secret set|list|remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.session import session_of

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, as `secrets.NAME` in a workflow.")]
Rest = Annotated[list[str] | None, typer.Argument(metavar="VALUE", hidden=True)]


def set_command(ctx: typer.Context, name: Name, value: Rest = None) -> None:
    """Store a secret for this repository: asked for without echo, or read from stdin.

    Only you can read the file it lies in. The environment and --secret-file win over it.
    """
    from fusion_kit.cli.secret_input import OnTheCommandLine, value_of

    session = session_of(ctx)
    if value:
        raise OnTheCommandLine(command=session.command("secret", "set", name))
    store = session.project().secret_store
    store.set(name, value_of(session, name))
    session.show.document({"name": name, "set_at": store.names()[name]}, [f"{name} is stored"])


def list_command(ctx: typer.Context) -> None:
    """Name the stored secrets and say when each was set; their values are never shown."""
    from fusion_kit.cli.style import bold, columns, dim

    session = session_of(ctx)
    names = session.project().secret_store.names()
    items = [{"name": name, "set_at": set_at} for name, set_at in names.items()]
    session.show.listing(items, columns([[bold(name), dim(f"set {set_at}")] for name, set_at in names.items()]))
    if not names:
        session.show.say("No secret is stored; `fusion-kit secret set NAME` stores one.")


def remove_command(ctx: typer.Context, name: Name) -> None:
    """Forget a stored secret."""
    session = session_of(ctx)
    session.project().secret_store.remove(name)
    session.show.document({"name": name, "removed": True}, [f"{name} is forgotten"])
